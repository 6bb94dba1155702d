"""Readers of files that come from others, one a kind of file: bounded before anything is read, a sentence for every harm."""
