"""What the shipped store is worth on the first day of somebody else's space."""
