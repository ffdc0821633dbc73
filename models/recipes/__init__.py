"""Recipes of classifiers and stacks, and what they choose by name: light to import, for planning needs no more."""
