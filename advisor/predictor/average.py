"""A model in the user's hand: trained networks and what brings new rows to them."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from advisor.data.intake import counted
from advisor.training.outcome import Fitted
from knowledge_base.errors import UserError
from knowledge_base.types import ConfigDict

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from advisor.data.preparation import Preparation
    from advisor.data.preparation.base import Features
    from advisor.models import ModelFamily


AVERAGED, ALL_ROWS, ONE_FOLD = "averaged", "all rows", "one fold"
"""Ways in which a model was made: of the networks of folds, or of one network, which was trained on
all known rows or on those of the first fold."""


@dataclass(frozen=True)
class Member:
    """One configuration of the average.

    Attributes:
        trial: number of its trial in the study as a text, or what it is called otherwise.
        config: its active hyperparameters.
        share: of the average; the shares of all members add up to one.
        networks: one per fold that it was trained on.
    """

    trial: str
    config: ConfigDict
    share: float
    networks: Sequence[Fitted]


@dataclass(frozen=True)
class Average:
    """An average of networks: over the folds of each configuration, and over configurations.

    Attributes:
        family: what builds the networks.
        preparations: of each fold, from rows to the inputs of its networks.
        members: what is averaged.
        made: in which of the ways above.
    """

    family: "ModelFamily"
    preparations: Sequence["Preparation"]
    members: Sequence[Member]
    made: str = AVERAGED
    _built: dict[tuple[int, int], "_Network"] = field(
        default_factory=dict, compare=False, repr=False
    )

    def described(self) -> str:
        """Return what it is made of, as the end of a sentence on the model."""
        if self.made == ALL_ROWS:
            return "is one network of the best configuration, trained on all known rows"
        if self.made == ONE_FOLD:
            return "is the network of the first fold of the best configuration"
        of: dict[str, list[Member]] = {}
        for member in self.members:
            formula = self.family.formula_of(member.config)
            of.setdefault("" if formula is None else formula.title, []).append(member)
        parts = []
        for title, members in sorted(of.items()):
            networks = counted(sum(len(m.networks) for m in members), title or "network")
            configurations = "" if title else f" of {counted(len(members), 'configuration')}"
            parts.append(networks + configurations)
        start, last = ", ".join(parts[:-1]), parts[-1]
        return f"averages {start} and {last}" if start else f"averages {last}"

    def raw(self, features: "Features") -> np.ndarray:
        """Return the averaged prediction for rows as the data set's reading gives them.

        Args:
            features: rows of a table, images, texts, or series to forecast.

        Returns:
            Probabilities (n, classes), values in the target's own unit (n,), or forecasts
            (n, horizon).

        Raises:
            UserError: the model has no network.
        """
        return _averaged(self.each(features))

    def on_test(self, folds: "Sequence[PreparedData]") -> np.ndarray:
        """Return the averaged prediction for the test part that the folds have in common.

        Args:
            folds: the data set, prepared as the networks saw it.
        """
        return _averaged(
            (share, self._tested(place, network, folds))
            for share, place, network in self._networks()
        )

    def validated(self, fold: int) -> np.ndarray:
        """Return the averaged prediction for the validation rows of a fold, as it was kept.

        Raises:
            KeyError: no network of that fold is among them.
        """
        return _averaged(
            (member.share, {n.fold: n for n in member.networks}[fold].prediction)
            for member in self.members
        )

    def each(self, features: "Features") -> Iterator[tuple[float, np.ndarray]]:
        """Yield the share and the prediction of every network."""
        for share, place, network in self._networks():
            yield share, self._ready(place, network).predict(features)

    def check(self) -> None:
        """Build every network now, as one that was stored may be refused only then.

        Raises:
            UserError: weights do not fit, or hold what is no number.
        """
        for _, place, network in self._networks():
            self._ready(place, network)
            for name, array in network.weights.items():
                if array.dtype.kind == "f" and np.isnan(array).any():
                    raise UserError(
                        f"The weights of the model are damaged: '{name}' holds what is no number. "
                        "Make the model again."
                    )

    def seconds_per_thousand(self, data: "PreparedData", rows: int = 128) -> float | None:
        """Return what predicting a thousand rows takes on this machine's processor, measured.

        It is what the networks take; what reading and preparing the rows takes is not counted.

        Args:
            data: a fold as `prepare` gave it.
            rows: of its validation part that it is measured on, at most.

        Returns:
            Seconds; None where there are no rows.
        """
        import torch

        from advisor.training.evaluation import outputs_of

        spent, count = 0.0, 0
        for place, member in enumerate(self.members):
            seen = self.family.adapt(self.family.complete(member.config, data), data)
            inputs = torch.from_numpy(seen.x("valid")[:rows])
            count = len(inputs)
            ready = self._ready(place, member.networks[0])
            outputs_of(ready.module, inputs[:1], seen.evaluation_batch)  # The first one is slower.
            began = time.perf_counter()
            outputs_of(ready.module, inputs, seen.evaluation_batch)
            spent += (time.perf_counter() - began) * len(member.networks)
        return spent / count * 1000 if count else None

    def _networks(self) -> Iterator[tuple[float, int, Fitted]]:
        """Yield the share of every network, the place of its member, and itself."""
        for place, member in enumerate(self.members):
            for network in member.networks:
                yield member.share / len(member.networks), place, network

    def _tested(self, place: int, network: Fitted, folds: "Sequence[PreparedData]") -> np.ndarray:
        """Return what a network predicts for the test part, as it was kept where it was."""
        if network.tested is not None:
            return network.tested
        data = folds[network.fold]
        seen = self.family.adapt(self.family.complete(self.members[place].config, data), data)
        return self._ready(place, network).on_test(seen)

    def form_of(self, member: Member, fold: int) -> "tuple[ConfigDict, PreparedData]":
        """Return what a network of a member is built by: its configuration, and data's form."""
        form = self.preparations[fold].stand_in()
        config = self.family.complete(member.config, form)
        return config, self.family.adapt(config, form)

    def _ready(self, place: int, network: Fitted) -> "_Network":
        """Return a network of the member at a place, built once."""
        key = (place, network.fold)
        if key not in self._built:
            config, seen = self.form_of(self.members[place], network.fold)
            module = built(self.family, config, seen, network.weights)
            self._built[key] = _Network(module, seen)
        return self._built[key]


def _averaged(weighted: Iterable[tuple[float, np.ndarray]]) -> np.ndarray:
    """Return the sum of predictions, each times its share.

    Raises:
        UserError: there is none.
    """
    total: np.ndarray | None = None
    for share, prediction in weighted:
        total = share * prediction if total is None else total + share * prediction
    if total is None:
        raise UserError("The model has no network.")
    return total


@dataclass(frozen=True)
class _Network:
    """A trained network and the form of the data that it takes."""

    module: "torch.nn.Module"
    form: "PreparedData"

    def on_test(self, data: "PreparedData") -> np.ndarray:
        """Return the prediction for the test part of data as the network takes them."""
        import torch

        from advisor.training.evaluation import outputs_of, to_prediction

        rows = torch.from_numpy(data.x("test"))
        outputs = outputs_of(self.module, rows, data.evaluation_batch)
        return to_prediction(outputs, data, "test")

    def predict(self, features: "Features") -> np.ndarray:
        """Return probabilities, values or forecasts for new rows."""
        import torch

        from advisor.training.evaluation import outputs_of

        preparation = self.form.preparation
        assert preparation is not None
        rows = torch.from_numpy(preparation.inputs(features))
        outputs = outputs_of(self.module, rows, self.form.evaluation_batch)
        if self.form.kind == "classification":
            return torch.softmax(outputs.double(), 1).numpy()
        numbers = outputs if self.form.kind == "forecasting" else outputs.squeeze(1)
        return preparation.in_unit(numbers.double().numpy(), features)


def built(
    family: "ModelFamily",
    config: ConfigDict,
    data: "PreparedData",
    weights: Mapping[str, np.ndarray],
) -> "torch.nn.Module":
    """Return a network with the weights given.

    Raises:
        UserError: they are not the weights of such a network.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        network = family.build(config, data)
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: array.shape for name, array in weights.items()}
    if wanted != found:
        wrong = sorted(name for name in wanted.keys() | found.keys()
                       if wanted.get(name) != found.get(name))  # fmt: skip
        raise UserError(
            f"The weights of the model do not fit its network: '{wrong[0]}' has the shape "
            f"{found.get(wrong[0])}, not {wanted.get(wrong[0])}."
        )
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    network.eval()
    return network
