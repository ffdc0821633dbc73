"""Formats of results: cutout files, data sets, scores and tables, how they are committed, sealed and read again."""
