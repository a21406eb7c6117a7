"""Searches: studies, the ask/tell tuner and what runs it."""

from advisor.tuning.runner import RunResult, run
from advisor.tuning.search import Search, begin, resume, start
from advisor.tuning.study import Study
from advisor.tuning.tuner import Tuner

__all__ = ["RunResult", "Search", "Study", "Tuner", "begin", "resume", "run", "start"]
