"""Scores by a model package: ONNX Runtime alone, no framework."""
