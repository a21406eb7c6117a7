"""Several trials of a search at once, each in a process of its own."""

from advisor.tuning.workers.crew import Crew

__all__ = ["Crew"]
