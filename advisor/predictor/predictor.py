"""A model in the user's hand: trained networks and what brings new rows to them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from advisor.training.outcome import Fitted
from knowledge_base.errors import UserError
from knowledge_base.types import ConfigDict

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from advisor.data.preparation import Features, Preparation
    from advisor.models import ModelFamily


@dataclass(frozen=True)
class Member:
    """One configuration of the average.

    Attributes:
        trial: number of its trial in the study.
        config: its active hyperparameters.
        share: of the average; the shares of all members add up to one.
        networks: one per fold that it was trained on.
    """

    trial: int
    config: ConfigDict
    share: float
    networks: Sequence[Fitted]


@dataclass(frozen=True)
class Predictor:
    """An average of networks: over the folds of each configuration, and over configurations.

    Attributes:
        family: what builds the networks.
        preparations: of each fold, from rows to the inputs of its networks.
        members: what is averaged.
    """

    family: "ModelFamily"
    preparations: Sequence["Preparation"]
    members: Sequence[Member]
    _built: dict[tuple[int, int], "torch.nn.Module"] = field(
        default_factory=dict, compare=False, repr=False
    )

    def raw(self, features: "Features") -> np.ndarray:
        """Return the averaged prediction for rows as the data set's reading gives them.

        Args:
            features: rows of a table, images, texts, or series to forecast.

        Returns:
            Probabilities (n, classes), values in the target's own unit (n,), or forecasts
            (n, horizon).
        """
        total: np.ndarray | None = None
        for share, prediction in self.each(features):
            total = share * prediction if total is None else total + share * prediction
        if total is None:
            raise UserError("The model has no network.")
        return total

    def each(self, features: "Features") -> Iterator[tuple[float, np.ndarray]]:
        """Yield the share and the prediction of every network."""
        inputs = [preparation.inputs(features) for preparation in self.preparations]
        for place, member in enumerate(self.members):
            for network in member.networks:
                share = member.share / len(member.networks)
                preparation = self.preparations[network.fold]
                outputs = self._outputs(place, network, inputs[network.fold])
                yield share, preparation.prediction(outputs, features)

    def _outputs(self, place: int, network: Fitted, inputs: np.ndarray) -> np.ndarray:
        """Return what one network gives for inputs, float64 of shape (n, outputs)."""
        import torch

        from advisor.training.evaluation import outputs_of

        form = replace(self.preparations[network.fold].stand_in(), x_test=inputs)
        config = self.family.complete(self.members[place].config, form)
        seen = self.family.adapt(config, form)
        key = (place, network.fold)
        if key not in self._built:
            self._built[key] = built(self.family, config, seen, network.weights)
        rows = torch.from_numpy(seen.x("test"))
        return outputs_of(self._built[key], rows, seen.evaluation_batch).double().numpy()


def built(
    family: "ModelFamily", config: ConfigDict, data: "PreparedData", weights: Mapping[str, np.ndarray]
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

