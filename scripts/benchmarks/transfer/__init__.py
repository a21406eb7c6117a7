"""Transfer search against its peers, on tables of past trials, each task left out in turn."""
