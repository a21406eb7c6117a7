"""Searches: studies, the ask/tell tuner and what runs it."""

from advisor.tuning.runner import RunResult, run
from advisor.tuning.search import Search, resume, start
from advisor.tuning.study import Study
from advisor.tuning.tuner import Tuner

__all__ = ["RunResult", "Search", "Study", "Tuner", "resume", "run", "start"]
