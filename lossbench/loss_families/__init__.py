"""What families of losses have in common: the formulas that several of them share."""
