"""Who teaches: the team, the front desk, model endpoints, and the verification of what they say."""
