"""What the shipped trials are worth on data that they lack; see scripts/evaluate_advice.py."""
