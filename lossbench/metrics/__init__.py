"""Metrics: what judges a model's outputs, on training data and on test data."""
