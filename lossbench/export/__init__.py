"""Stored studies for the tools that people have: tidy tables, and tracking tools' own formats. Never torch."""
