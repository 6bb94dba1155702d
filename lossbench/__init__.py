"""lossbench shows how loss functions learn. Import its rooms by name; this file stays light, so that reports need no torch."""
