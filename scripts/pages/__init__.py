"""Writes the pages that are made of the program and of what ships: `python -m scripts.pages`."""
