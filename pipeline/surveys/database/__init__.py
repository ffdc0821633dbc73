"""The adapter of surveys whose rows stand in a database, beside FITS images."""
