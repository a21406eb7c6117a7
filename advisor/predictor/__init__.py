"""What a user takes away: trained networks, averaged, saved, and used on new rows."""

from advisor.predictor.kept import KeptNetworks
from advisor.predictor.selection import greedy_weights

__all__ = ["KeptNetworks", "greedy_weights"]
