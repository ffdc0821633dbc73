"""The adapter of surveys with rows in a database and FITS images."""
