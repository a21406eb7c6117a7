"""Searches: settings, study directories, the ask/tell tuner and what runs it."""

from advisor.tuning.comparison import Comparison, compare
from advisor.tuning.objective import FamilyObjective, FunctionObjective, Objective, Reporter
from advisor.tuning.runner import RunResult, run
from advisor.tuning.search import Search, resume, start, tune
from advisor.tuning.settings import TuneSettings
from advisor.tuning.tuner import StudyContext, Tuner
from advisor.tuning.warm_start import warm_start

__all__ = [
    "Comparison",
    "FamilyObjective",
    "FunctionObjective",
    "Objective",
    "Reporter",
    "RunResult",
    "Search",
    "StudyContext",
    "TuneSettings",
    "Tuner",
    "compare",
    "resume",
    "run",
    "start",
    "tune",
    "warm_start",
]
