"""Writes the pages that are made from the program and from what ships: `python -m scripts.pages`."""
