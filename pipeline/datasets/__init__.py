"""Data sets: which rows are chosen, how parts are divided, balanced and kept apart."""
