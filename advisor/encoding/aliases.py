"""Names that libraries give the same hyperparameter."""

import re
from collections.abc import Iterable
from functools import lru_cache

GROUPS = (
    ("learning_rate", "lr", "eta", "init_lr", "initial_lr", "base_lr", "learning_rate_init",
     "step_size"),
    ("batch_size", "bs", "batch", "minibatch_size", "train_batch_size"),
    ("weight_decay", "wd", "l2", "l2_penalty", "l2_regularization", "reg_lambda"),
    ("n_layers", "num_layers", "layers", "depth", "n_hidden_layers", "num_hidden_layers"),
    ("units", "n_units", "num_units", "hidden_units", "hidden_size", "hidden_dim", "width",
     "max_units", "layer_size"),
    ("dropout", "dropout_rate", "drop_rate", "p_dropout", "max_dropout", "dropout_p"),
    ("momentum", "sgd_momentum"),
    ("optimizer", "optimiser", "optim", "solver"),
    ("activation", "activation_fn", "activation_function", "nonlinearity"),
    ("initialisation", "initialization", "init", "weight_init", "initializer"),
    ("normalisation", "normalization", "norm"),
    ("gradient_clipping", "grad_clip", "clip_grad", "clipnorm", "max_grad_norm"),
    ("schedule", "scheduler", "lr_schedule", "lr_scheduler", "learning_rate_schedule"),
    ("epochs", "n_epochs", "num_epochs", "max_epochs", "max_iter"),
    ("n_estimators", "num_trees", "n_trees", "num_boost_round", "num_round", "iterations"),
    ("max_depth", "tree_depth"),
    ("subsample", "bagging_fraction", "sample_fraction"),
    ("colsample_bytree", "feature_fraction", "max_features"),
    ("C", "regularisation", "cost"),
)  # fmt: skip
"""Alpha, lambda and gamma are left out: they mean different things in different libraries."""


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_CANONICAL = {_plain(name): _plain(group[0]) for group in GROUPS for name in group}


@lru_cache(maxsize=4096)
def canonical_name(name: str) -> str:
    """Return the plain form of the first name of a name's group, or its own."""
    return _CANONICAL.get(_plain(name), _plain(name))


def match_names(wanted: Iterable[str], found: Iterable[str]) -> dict[str, str]:
    """Return, for each wanted name that is there, by which of the found names it goes.

    The name itself comes first, then its spelling, then an alias. A found name is used once,
    and an alias only if it is the only one.

    >>> match_names(["learning_rate", "units"], ["lr", "n_units_1", "n_units_2"])
    {'learning_rate': 'lr'}
    """
    wanted, left = list(wanted), list(found)
    matches: dict[str, str] = {}
    for same in (str, _plain, canonical_name):
        for name in wanted:
            candidates = [other for other in left if same(other) == same(name)]
            if name not in matches and len(candidates) == 1:
                matches[name] = candidates[0]
                left.remove(candidates[0])
    return {name: matches[name] for name in wanted if name in matches}
