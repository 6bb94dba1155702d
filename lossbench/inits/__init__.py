"""Initialisations: how the parameters start."""
