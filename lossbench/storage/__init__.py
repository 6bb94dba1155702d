"""What was trained is kept: the store, the content of its files, and on what it was trained."""
