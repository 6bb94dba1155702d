"""Probes: what is recorded of a run."""
