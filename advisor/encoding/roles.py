"""What the hyperparameters of a space are to the training of a network, whatever they are called.

A learning rate is one in anyone's space. It is told by what the space file says (`role`), by its
name, by an alias, or by one of them with a number or a prefix (`units_2`, `optimizer.lr`); its
range and its scale must then be those of such a thing. Names that mean different things in
different libraries (`alpha`, `lambda`) are asked by their range, and `gamma` is never guessed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from advisor.encoding.aliases import canonical_name
from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.space.hyperparameter import ROLES

OTHER_LEARNERS = frozenset(
    re.sub("[^a-z0-9]", "", name)
    for name in (
        "max_depth", "n_estimators", "subsample", "colsample_bytree", "num_leaves", "max_leaves",
        "min_child_weight", "min_samples_leaf", "min_samples_split", "max_bins", "l2_leaf_reg",
        "min_data_in_leaf", "border_count", "bagging_temperature", "C", "kernel", "n_neighbors",
        "l1_ratio",
    )
)  # fmt: skip
"""Hyperparameters of trees, forests, boosting, kernels and linear models, by canonical name.

Beside one of them a learning rate is not an optimiser's."""

ALIASES = {
    "learning_rate": ("lrate", "learningrate", "lr0", "alpha_lr", "adam_lr", "sgd_lr", "peak_lr",
                      "max_lr", "step_length"),
    "batch_size": ("per_device_train_batch_size", "mini_batch_size", "batchsize", "bsz"),
    "weight_decay": ("weight_decay_rate", "l2_reg", "l2_weight", "lambda_l2", "l2_lambda"),
    "n_layers": ("n_layer", "num_hidden", "n_hidden", "hidden_layers", "layer_count", "n_blocks",
                 "num_blocks"),
    "units": ("hidden", "neurons", "n_neurons", "num_neurons", "hidden_layer_size", "hidden_width",
              "layer_width", "d_hidden", "num_hidden_units", "n_hidden_units", "num_units_layer",
              "n_units_l", "dim", "fc_units", "dense_units"),
    "dropout": ("dropout_prob", "hidden_dropout_prob", "dropout_p", "drop", "dropout_ratio",
                "dropout_l", "hidden_dropout"),
    "momentum": ("momentum_factor",),
    "optimizer": ("opt", "optimizer_name", "optimizer_type", "optim_type"),
    "activation": ("act", "act_fn", "activation_fn", "activation_name", "non_linearity"),
    "initialisation": ("weight_initialization", "init_method", "kernel_initializer"),
    "normalisation": ("norm_type", "normalization_type", "norm_layer"),
    "gradient_clipping": ("gradient_clip_val", "grad_clip_norm", "clip_norm", "max_norm",
                          "gradient_clip", "clip"),
    "schedule": ("lr_scheduler_type", "scheduler_type", "lr_decay_type", "lr_policy"),
    "epochs": ("num_train_epochs", "epoch", "n_epoch", "training_epochs"),
    "patience": ("early_stopping_patience", "n_iter_no_change", "early_stopping_rounds"),
}  # fmt: skip
"""Further names of roles; `advisor.encoding.aliases` has those that also match families' own."""

ASKED = frozenset({"alpha", "lambda", "lambda_", "reg", "regularization", "regularisation"})
"""Names of a weight decay, and of much else: only a range within `DECAYS` makes them one."""

DECAYS = (1e-7, 0.3)
"""Range of a penalty that is applied as a weight decay is, on a logarithmic scale.

Penalties that libraries divide by rows or batches (scikit-learn's `alpha`) are searched up to 1
and beyond."""

CHOICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "optimizer": (("sgd", "sgd"), ("nesterov", "sgd"), ("momentum", "sgd"), ("adam", "adamw"),
                  ("rmsprop", "adamw"), ("lamb", "adamw"), ("adagrad", "adamw"),
                  ("adadelta", "adamw")),
    "activation": (("leaky", "leaky_relu"), ("prelu", "leaky_relu"), ("gelu", "gelu"),
                   ("silu", "gelu"), ("swish", "gelu"), ("selu", "gelu"), ("elu", "leaky_relu"),
                   ("relu", "relu"), ("tanh", "tanh")),
    "schedule": (("cos", "cosine"), ("const", "constant"), ("none", "constant"),
                 ("off", "constant"), ("fixed", "constant"), ("step", "step"), ("exp", "step")),
    "initialisation": (("xavier", "xavier"), ("glorot", "xavier"), ("he", "he"),
                       ("kaiming", "he"), ("orthogonal", "orthogonal")),
    "normalisation": (("batch", "batch"), ("layer", "layer"), ("none", "none"), ("off", "none")),
    "gradient_clipping": (("none", "off"), ("off", "off")),
}  # fmt: skip
"""By role, parts of a choice's name and the choice of the store that it is, the first that fits."""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_BY_NAME = {_plain(role): role for role in ROLES}
_BY_NAME |= {_plain(name): role for role, names in ALIASES.items() for name in names}


@dataclass(frozen=True)
class Roles:
    """The roles in a space.

    Attributes:
        of: role by name, only of hyperparameters that have one; several may share a role, such
            as the units of several layers.
        optimizer: "sgd" or "adamw" where the space tells which one it is without searching it,
            None where it does not.
    """

    of: Mapping[str, str]
    optimizer: str | None = None

    def names(self, role: str) -> list[str]:
        """Return who has a role, in the order of the space."""
        return [name for name, own in self.of.items() if own == role]


def roles_of(space: SpaceDefinition) -> Roles:
    """Return the roles of a space's hyperparameters; none in a space of another kind of learner.

    What `role` says in the space file holds in any case.
    """
    varying = [h for h in space.hyperparameters.values() if h.kind != "constant"]
    said = {h.name: h.role for h in varying if h.role is not None}
    found = dict(said)
    stems = {h.name: _stem(h.name) for h in space.hyperparameters.values()}
    if not any(canonical_name(stem) in OTHER_LEARNERS for stem in stems.values()):
        for h in varying:
            role = None if h.name in said else _guessed(h, stems[h.name])
            if role is not None:
                found[h.name] = role
    found = {name: found[name] for name in space.hyperparameters if name in found}
    return Roles(_one_each(found, said), _told_optimizer(space, found))


def choice_of(role: str, choice: object, known: tuple[object, ...]) -> object | None:
    """Return which of the store's choices a choice in somebody's space is, None if it is none.

    >>> choice_of("optimizer", "Adam", ("sgd", "adamw"))
    'adamw'
    """
    text = str(choice).lower()
    if text in known:
        return text
    plain = _plain(text)
    means = next((own for part, own in CHOICES.get(role, ()) if plain.startswith(part)), None)
    if means is None:
        means = next((own for part, own in CHOICES.get(role, ())
                      if len(part) > 2 and part in plain), None)  # fmt: skip
    return means if means in known else None


def _last(name: str) -> str:
    """Return a name without a prefix such as `model.` or `optimizer__`."""
    return re.split(r"[./:]|__", name)[-1] or name


def _stem(name: str) -> str:
    """Return a name without a prefix, and without a number at its end."""
    last = _last(name)
    return re.sub(r"(?<=[A-Za-z])[_-]?(?:l|layer|fc|block)?[_-]?\d+$", "", last) or last


def _guessed(h: Hyperparameter, stem: str) -> str | None:
    """Return the role that name, range and scale of a hyperparameter speak for."""
    if stem.lower() in ASKED:
        decays = h.log and h.low is not None and h.high is not None
        inside = decays and (h.low or 0) >= DECAYS[0] and (h.high or 0) <= DECAYS[1]
        return "weight_decay" if inside else None
    canonical = canonical_name(stem)
    role = _BY_NAME.get(canonical) or _BY_NAME.get(_plain(stem)) or _BY_NAME.get(_plain(h.name))
    return role if role is not None and fits(role, h) else None


def fits(role: str, h: Hyperparameter) -> bool:
    """Return whether a hyperparameter has values such as those of a role."""
    if role in CHOICES and role != "gradient_clipping":
        return bool(h.choices) and len(h.choices) > 1
    numbers = [h.low, h.high] if h.low is not None else [_number(c) for c in h.choices]
    if any(n is None for n in numbers):
        return role == "gradient_clipping"
    low, high = min(n for n in numbers if n is not None), max(n for n in numbers if n is not None)
    whole = h.kind == "int" or bool(h.choices)
    return {
        "learning_rate": low >= 0 and high <= 10 and h.kind != "int",
        "batch_size": whole and low >= 1 and high >= 4,
        "weight_decay": low >= 0 and high <= 1,
        "n_layers": whole and low >= 0 and high <= 100,
        "units": whole and low >= 1 and high >= 8,
        "dropout": low >= 0 and high <= 1,
        "momentum": low >= 0 and high <= 1,
        "gradient_clipping": low >= 0,
        "epochs": whole and low >= 1,
        "patience": whole and low >= 0,
    }[role]


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


def _one_each(found: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """Return the roles, each with those that it was said of where it was said of any.

    Two different things by two names (`lr` and `warmup_lr`) share no role, layers do.
    """
    kept = {}
    for name, role in found.items():
        if any(own == role for own in said.values()) and name not in said:
            continue
        kept[name] = role
    return kept


def _told_optimizer(space: SpaceDefinition, found: Mapping[str, str]) -> str | None:
    """Return the optimiser that a space is for: what only one of them has tells it."""
    if "optimizer" in found.values():
        return None
    names = {_plain(_last(name)) for name in space.hyperparameters}
    constants = [
        choice_of("optimizer", h.choices[0], ("sgd", "adamw"))
        for h in space.hyperparameters.values()
        if h.kind == "constant" and canonical_name(_stem(h.name)) == "optimizer"
    ]
    if constants and constants[0] is not None:
        return str(constants[0])
    if "momentum" in found.values() or "nesterov" in names:
        return "sgd"
    # scikit-learn, whose spelling `learning_rate_init` is, trains by Adam unless told otherwise.
    adam = {"beta1", "beta2", "betas", "adambeta", "eps", "epsilon", "learningrateinit"}
    return "adamw" if names & adam else None
