"""A report of a study: its page, captions, tables and caveats; never torch."""
