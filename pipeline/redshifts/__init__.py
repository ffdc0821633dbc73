"""Photometric redshifts: distributions over redshift, and magnitudes perturbed by their errors."""
