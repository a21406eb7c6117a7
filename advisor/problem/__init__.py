"""What a search optimises: a task with its space, and what evaluates a configuration of it."""

from advisor.problem.asked import problem_of
from advisor.problem.base import Problem
from advisor.problem.data import DataProblem, data_problem
from advisor.problem.function import FunctionProblem, function_problem
from advisor.problem.network import network_of

__all__ = [
    "DataProblem",
    "FunctionProblem",
    "Problem",
    "data_problem",
    "function_problem",
    "network_of",
    "problem_of",
]
