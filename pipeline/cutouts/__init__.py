"""Cutouts: cut from images, at edges, in layers, normalised, augmented, with what is missing."""
