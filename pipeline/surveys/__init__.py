"""Surveys: one adapter a file, and what is done with a night of any of them."""
