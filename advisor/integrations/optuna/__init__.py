"""Optuna: a sampler and a pruner that know the past. Extra: `advisor-automl[optuna]`.

>>> study = optuna.create_study(sampler=AdvisorSampler(kb=KnowledgeBase(), family="mlp"))
>>> study.optimize(objective, n_trials=30, callbacks=[study.sampler.contribute])
"""

from knowledge_base.errors import UserError

try:
    import optuna as _optuna  # noqa: F401  The modules below need it.
except ImportError as error:
    raise UserError("Optuna is not installed: pip install 'advisor-automl[optuna]'.") from error

from advisor.integrations.optuna.pruner import AdvisorPruner
from advisor.integrations.optuna.sampler import AdvisorSampler

__all__ = ["AdvisorPruner", "AdvisorSampler"]
