"""Cutouts: how they are cut, filled at edges, layered, normalised and augmented, and what is missing in them."""
