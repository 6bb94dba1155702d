"""How many examples the dense engine takes at once; it computes with these numbers, and the planner sizes cohorts by them."""

EVALUATED = 128  # in an evaluation; a run's mean is summed in this order whatever its cohort
AHEAD = 40  # in a first layer's product: wider ones gain little more, and what mini-batches have in common grows with the square
