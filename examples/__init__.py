"""Ways to bring a model, and three cases that show what tuning comes to."""
