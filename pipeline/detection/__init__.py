"""Candidates found on a difference image, and vetoed."""
