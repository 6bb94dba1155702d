"""Compiled loops over plain numbers, and how they are compiled and kept."""
