"""Regressors of a number from features, each giving distributions over the number; one a file."""
