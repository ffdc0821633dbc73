"""Databases: connections, queries, rows and their types."""
