"""What epochs are made of is what networks are made of."""

from math import log

import pandas as pd
import pytest

from advisor import metafeatures
from advisor.data import load_dataset, prepare
from advisor.encoding import sobol
from advisor.models import get_family
from advisor.models.effort import MILLION


def dataset(name):
    return load_dataset(f"sklearn:{name}")


def weights_of(network):
    """Return how many weights of a network are in matrices and kernels."""
    return sum(p.numel() for p in network.parameters() if p.dim() > 1)


@pytest.mark.parametrize(("family", "data"), [("mlp", "digits"), ("mlp", "diabetes")])
def test_weights_are_those_of_the_network(family, data):
    made, table = get_family(family), dataset(data)
    prepared, about = prepare(table, 0), metafeatures.compute(table, seed=0)
    for config in [made.default(), *sobol(made.space(), 8, seed=1)]:
        if config["numeric"] == "periodic":
            continue
        network, effort = made.build(config, prepared), made.effort(config, about)
        steps = effort.calls["step"]
        counted = effort.numbers["weights"] / MILLION / steps
        assert counted == pytest.approx(weights_of(network), rel=0.05)
        batch = min(config["batch_size"], len(prepared.x_train))
        assert steps == pytest.approx(len(prepared.x_train) / batch, abs=1.0)


def test_an_image_is_as_large_as_its_layers_see_it():
    import numpy as np

    from advisor.data.images import ImageDataset

    rng = np.random.default_rng(0)
    labels = pd.Series(np.arange(40) % 2).astype(str).astype("category")
    images = ImageDataset("i", rng.integers(0, 256, (40, 3, 20, 14), dtype=np.uint8), labels)
    cnn, prepared = get_family("cnn"), prepare(images, 0)
    about = metafeatures.compute(images, seed=0)
    for config in [cnn.default(), *sobol(cnn.space(), 8, seed=1)]:
        effort = cnn.effort(config, about)
        counted = effort.numbers["weights"] / MILLION / effort.calls["step"]
        own = weights_of(cnn.build(config, prepared)) - config["units"] * prepared.n_outputs
        assert counted == pytest.approx(own, rel=0.01)


def test_waves_and_embeddings_are_effort():
    mlp = get_family("mlp")
    about = {"general.log_rows": log(1000), "general.log_features": log(10),
             "general.numeric_share": 0.5, "general.log_categories_mean": log(20),
             "general.log_classes": log(2)}  # fmt: skip
    plain = mlp.effort(mlp.default(), about)
    waves = mlp.effort({**mlp.default(), "numeric": "periodic"}, about)
    vectors = mlp.effort({**mlp.default(), "embedding": "4"}, about)
    assert waves.numbers["products"] > plain.numbers["products"] > vectors.numbers["products"]
    assert waves.numbers["smooth"] > plain.numbers["smooth"]
    assert vectors.calls["embedding"] > plain.calls["embedding"] == 0
