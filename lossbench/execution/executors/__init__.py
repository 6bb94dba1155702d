"""Executors: where jobs are done, one way a file."""
