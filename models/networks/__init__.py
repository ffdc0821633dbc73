"""Keras networks, from raw pixels to logits."""
