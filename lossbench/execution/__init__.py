"""Running a plan: cohorts side by side, what they leave stored, how far they are, told."""
