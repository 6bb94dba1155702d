"""Which loss for my problem, and how sure are we? What was given becomes a sweep; validation data choose, test data judge."""
