"""ONNX graphs: made of Keras and scikit-learn models, calibrated, and opened."""
