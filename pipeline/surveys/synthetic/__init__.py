"""The adapter of the synthetic sky."""
