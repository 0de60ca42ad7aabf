"""Quiz items whose keys are proven: made from the graph or the calculators, or checked against the evidence."""
