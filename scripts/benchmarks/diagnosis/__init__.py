"""Runs with planted pathologies, and healthy ones, on real data: what the diagnosis names."""
