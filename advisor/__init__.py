"""Advisor: hyperparameters from experience. See README.md.

`Advisor` recommends, tunes, compares, contributes and diagnoses. `Tuner` is for loops of one's
own: ask for a configuration, tell its `Outcome`. `AdvisorClassifier` and `AdvisorRegressor` are
estimators of scikit-learn. `KnowledgeBase` holds past trials. Bad input
raises a `UserError` with one line that says what was wrong, where, and what to do.
"""

from importlib import import_module

_PUBLIC = {
    "Advice": "advisor.meta.advice",
    "Advisor": "advisor.facade",
    "AdvisorClassifier": "advisor.estimators",
    "AdvisorRegressor": "advisor.estimators",
    "Comparison": "advisor.comparison",
    "KnowledgeBase": "knowledge_base",
    "Predictor": "advisor.predictor.predictor",
    "Outcome": "advisor.training.outcome",
    "Query": "advisor.meta.recommendation",
    "Recommendation": "advisor.meta.recommendation",
    "Search": "advisor.tuning",
    "Settings": "advisor.settings",
    "SpaceDefinition": "knowledge_base.space",
    "Tuner": "advisor.tuning",
    "UserError": "knowledge_base.errors",
    "load": "advisor.predictor.loading",
    "tune": "advisor.facade",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> object:
    # Lazy, so that the command's help does not pay for pandas and torch.
    if name == "__version__":
        from importlib.metadata import version

        return version("advisor-automl")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'advisor' has no attribute '{name}'")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*globals(), "__version__", *__all__]
