"""Classifiers: recipes, networks, training, model packages and scoring; frameworks load when first used."""
