"""Comparisons of search strategies on equal budgets: plan, standings and plots."""

from advisor.comparison.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
