"""The name that `advisor.training.objective` had until 0.1, for code that was written then."""

from advisor.training.objective import FunctionObjective, Objective

__all__ = ["FunctionObjective", "Objective"]
