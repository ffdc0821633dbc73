"""Asteroids and comets: where they are on a night, and how they move."""
