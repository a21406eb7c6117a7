"""Searches that know the noise of folds, and searches that learn it from values."""
