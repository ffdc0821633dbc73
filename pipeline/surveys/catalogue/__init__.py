"""Surveys that are tables of sources, such as photometric catalogues: a row of features for each source."""
