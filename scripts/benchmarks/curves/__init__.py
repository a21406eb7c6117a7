"""Searches that spend epochs, by the epochs that they spent: see `__main__`."""
