"""Probes: what is recorded of a step of training."""
