"""Expressions over the columns of a table, written in settings: features, cuts, rules of classes, vetoes."""
