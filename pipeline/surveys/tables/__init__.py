"""The adapter of surveys whose rows stand in table files, beside FITS images."""
