"""Makes the trials that ship: data sets, their training, what is shipped of it."""
