"""What is stored here, in the stores of other tools, so that their eyes see it."""
