"""Stacks: one package of several, combined by weights under one calibration."""
