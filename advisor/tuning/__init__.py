"""Searches: settings, study directories, the ask/tell tuner and what runs it."""

from advisor.training.objective import FamilyObjective, FunctionObjective, Objective, Reporter
from advisor.tuning.runner import RunResult, run
from advisor.tuning.search import Search, resume, start, tune
from advisor.tuning.settings import TuneSettings
from advisor.tuning.tuner import StudyContext, Tuner

__all__ = [
    "FamilyObjective",
    "FunctionObjective",
    "Objective",
    "Reporter",
    "RunResult",
    "Search",
    "StudyContext",
    "TuneSettings",
    "Tuner",
    "resume",
    "run",
    "start",
    "tune",
]
