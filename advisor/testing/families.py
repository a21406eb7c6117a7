"""What every model family promises, as tests: those of plug-ins inherit them as ours do.

A subclass has two fixtures:

    class TestMine(FamilyConformance):
        @pytest.fixture
        def family(self):
            return Mine()

        @pytest.fixture
        def data(self):
            return tiny_table()
"""

import numpy as np
import pandas as pd
import pytest
import torch

from advisor.data import Dataset, PreparedData, load_dataset, prepare
from advisor.encoding import sobol
from advisor.metrics import default_metric
from advisor.models import ModelFamily
from advisor.training import Outcome, train
from knowledge_base.types import ConfigDict

SMALL = {"units": 16, "n_layers": 2, "channels": 4, "window": 8, "embedding_size": 8,
         "sequence_length": 16, "batch_size": 16}  # fmt: skip
SMOOTH = {"normalisation": "batch", "optimizer": "sgd"}


def table(n: int = 200, seed: int = 0) -> Dataset:
    """Return a number and two categories per row; the number's sign and one of these tell y."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "x": rng.normal(size=n), "c": rng.choice(list("abcdef"), n), "d": rng.choice(["u", "v"], n),
    })  # fmt: skip
    frame["y"] = np.where((frame["x"] > 0) ^ frame["c"].isin(["a", "b"]), "yes", "no")
    return load_dataset(frame, "y")


def tiny_table() -> PreparedData:
    """Return a table of 60 rows, prepared."""
    return prepare(table(60))


def complete(family: ModelFamily, **changes: object) -> ConfigDict:
    """Return the defaults of a family with changes, as far as its space has them; small."""
    space = family.space()
    known = {n: v for n, v in {**SMALL, **changes}.items() if n in space.hyperparameters}
    start = {"momentum": 0.9, **family.default()}
    start = {n: v for n, v in start.items() if n in space.hyperparameters}
    return space.complete({**start, **known})


def fit(family: ModelFamily, data: PreparedData, epochs: int = 1, **changes: object) -> Outcome:
    """Return what came of training the defaults of a family with changes."""
    metric = default_metric(data.kind).name
    config = complete(family, **changes)
    return train(family, config, data, metric=metric, seed=0, max_epochs=epochs)


class FamilyConformance:
    """Tests of one family on tiny data."""

    @pytest.fixture
    def family(self) -> ModelFamily:
        """Return the family."""
        raise NotImplementedError

    @pytest.fixture
    def data(self) -> PreparedData:
        """Return a few dozen rows of the kind of data that it takes."""
        raise NotImplementedError

    def test_it_says_what_it_is(self, family: ModelFamily) -> None:
        assert isinstance(family, ModelFamily)
        assert isinstance(family.name, str)
        assert family.name
        assert isinstance(family.version, int)
        assert family.modality in ("table", "image", "text", "series", None)

    def test_its_space_has_a_default_and_is_the_same_each_time(self, family: ModelFamily) -> None:
        space = family.space()
        assert space.space_id == family.space().space_id
        assert space.version == family.version
        assert space.complete(family.default()) == family.default()
        assert family.differentiable

    def test_every_choice_trains(self, family: ModelFamily, data: PreparedData) -> None:
        for h in family.space().hyperparameters.values():
            for choice in h.choices or ():
                outcome = fit(family, data, **{h.name: choice})
                found = (outcome.state, outcome.epochs, outcome.error)
                assert found == ("complete", 1, None), (h.name, choice)
                assert outcome.value is not None
                assert np.isfinite(outcome.value)
                assert f"test_{default_metric(data.kind).name}" in outcome.metrics

    @pytest.mark.parametrize("end", ["low", "high"])
    def test_the_corners_of_the_space_train(
        self, family: ModelFamily, data: PreparedData, end: str
    ) -> None:
        """Wide layers are left out at the high end: they only take time."""
        space = family.space().hyperparameters.values()
        ends = {h.name: getattr(h, end) for h in space if not h.choices}
        slow = {"units": 64, "channels": 8, "learning_rate": 0.1} if end == "high" else {}
        known = {name: value for name, value in slow.items() if name in ends}
        outcome = fit(family, data, **{**ends, **known, **SMOOTH})
        assert outcome.state in ("complete", "diverged")
        assert end == "high" or outcome.state == "complete"

    def test_random_configurations_of_the_whole_space_can_be_built(
        self, family: ModelFamily, data: PreparedData
    ) -> None:
        few = data.few()
        for config in sobol(family.space(), 16, seed=1):
            config = family.complete(config, few)
            adapted = family.adapt(config, few)
            network = family.build(config, adapted).eval()
            with torch.no_grad():
                outputs = network(torch.from_numpy(adapted.x_train))
            assert outputs.shape == (2, data.n_outputs)
            assert torch.isfinite(outputs).all()

    def test_the_same_seed_builds_the_same_network(
        self, family: ModelFamily, data: PreparedData
    ) -> None:
        config = family.complete(family.default(), data)
        adapted = family.adapt(config, data)
        states = []
        for seed in (0, 0, 1):
            torch.manual_seed(seed)
            states.append(family.build(config, adapted).state_dict())
        same, other = states[1], states[2]
        assert all(torch.equal(states[0][name], same[name]) for name in same)
        assert not all(torch.equal(states[0][name], other[name]) for name in other)

    def test_the_data_stay_as_they_are(self, family: ModelFamily, data: PreparedData) -> None:
        before = [data.x(part).copy() for part in ("train", "valid", "test")]
        fit(family, data)
        after = [data.x(part) for part in ("train", "valid", "test")]
        assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))

    def test_rows_are_judged_alone_whatever_their_batch(
        self, family: ModelFamily, data: PreparedData
    ) -> None:
        """In evaluation no row may depend on those beside it, nor on how much padding they need."""
        config = complete(family, normalisation="batch", dropout=0.5, bidirectional="yes")
        config = family.complete(config, data)
        adapted = family.adapt(config, data)
        network = family.build(config, adapted).eval()
        x = torch.from_numpy(adapted.x_train)
        with torch.no_grad():
            together = network(x)
            alone = torch.cat([network(x[i : i + 1]) for i in range(len(x))])
        assert together.numpy() == pytest.approx(alone.numpy(), abs=1e-4)

    @pytest.mark.parametrize("normalisation", ["batch", "layer"])
    def test_a_last_batch_of_one_row(
        self, family: ModelFamily, data: PreparedData, normalisation: str
    ) -> None:
        rows = len(family.adapt(family.complete(complete(family), data), data).x_train)
        outcome = fit(family, data, batch_size=rows - 1, normalisation=normalisation)
        assert outcome.state == "complete"
