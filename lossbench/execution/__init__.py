"""Running a plan: cohorts side by side, what they leave stored, progress."""
