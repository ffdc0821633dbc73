"""Fluxes, their signs, magnitudes and zeropoints."""
