"""The audit as a step of somebody's CI: faults, which of them are accepted, and reports that other programs read."""
