"""Claims: what somebody published, beside what our records say of it."""
