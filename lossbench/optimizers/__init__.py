"""Optimizers: rules that change parameters."""
