"""Advisor: hyperparameters from experience. See README.md."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Advice": "advisor.meta.advice",
    "Advisor": "advisor.facade",
    "KnowledgeBase": "knowledge_base",
    "SpaceDefinition": "knowledge_base.space",
    "Tuner": "advisor.tuning.tuner",
    "tune": "advisor.tuning.search",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    # Lazy, so that `advisor --help` does not pay for pandas and torch.
    if name not in _PUBLIC:
        raise AttributeError(f"module 'advisor' has no attribute '{name}'")
    return getattr(import_module(_PUBLIC[name]), name)
