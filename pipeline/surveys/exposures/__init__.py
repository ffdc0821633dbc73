"""Exposures of any survey with images: paths, files, frames, targets, cutting."""
