"""Kinds of figures that an experiment may ask for, one a file."""
