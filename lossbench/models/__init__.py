"""Models: chains of dense layers."""
