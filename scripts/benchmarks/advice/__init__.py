"""What the shipped trials are worth on data sets that they lack, in real trainings."""
