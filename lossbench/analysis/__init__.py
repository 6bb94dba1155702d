"""From tables to claims, figures and pages; never torch."""
