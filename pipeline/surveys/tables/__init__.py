"""The adapter of surveys with rows in table files and FITS images."""
