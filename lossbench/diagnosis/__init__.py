"""Why a run does not learn: a measured inequality on its records, and a twin with one thing changed that does."""
