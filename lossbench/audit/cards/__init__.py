"""The loss card: what was measured, put together, kept, and held against claims."""
