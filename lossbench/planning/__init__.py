"""From composed configs to runs, and from runs to cohorts that train together."""
