"""Networks that somebody altered in a study's folder are left out of its model, with a word."""

import json
import logging
import shutil

import numpy as np
import pandas as pd
import pytest

import advisor
from advisor import Advisor, KnowledgeBase
from advisor.predictor.kept import KeptNetworks
from advisor.predictor.tensors import read_tensors, write_tensors
from advisor.training.outcome import Fitted


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The folder of a finished study of two trials, and what goes on with a copy of it."""
    folder = tmp_path_factory.mktemp("kept")
    drawn = np.random.default_rng(0)
    frame = pd.DataFrame({"x": drawn.normal(size=60), "z": drawn.normal(size=60)})
    frame["y"] = frame["x"] + 0.1 * frame["z"]
    frame.to_csv(folder / "data.csv", index=False)
    asked = Advisor(KnowledgeBase(folder / "kb.duckdb"), family="mlp")
    given = {"target": "y", "trials": 2, "max_epochs": 2, "n_warm": 0, "contribute": False}
    asked.tune(folder / "data.csv", root=folder / "studies", name="s", **given)

    def again(root):
        return asked.tune(folder / "data.csv", root=root, name="s", resume=True, **given)

    return folder / "studies" / "s", again


def text(content: object) -> np.ndarray:
    return np.frombuffer(json.dumps(content).encode(), dtype=np.uint8)


ALTERED = {
    "deep": lambda a: {"config": np.frombuffer(b"[" * 100_000, dtype=np.uint8)},
    "list": lambda a: {"config": text([1, 2])},
    "another space": lambda a: {"config": text({"units": "many"})},
    "no value": lambda a: {"value": np.array([np.nan])},
    "endless": lambda a: {"0/epochs": np.array([np.inf])},
    "few rows": lambda a: {"0/prediction": a["0/prediction"][:3]},
    "more columns": lambda a: {"0/prediction": np.zeros((len(a["0/prediction"]), 2))},
    "few tested": lambda a: {"0/tested": np.zeros(3)},
    "a fold too many": lambda a: {
        k.replace("0/", "99/", 1): v for k, v in a.items() if k[1] == "/"
    },
    "weights of another shape": lambda a: {k: v[..., None] for k, v in a.items() if "weights" in k},
    "weights without a number": lambda a: {
        k: v * np.nan for k, v in a.items() if "weights" in k and v.dtype.kind == "f"
    },
}


@pytest.mark.parametrize("how", ALTERED)
def test_altered_networks_are_left_out_and_the_model_is_whole(study, tmp_path, caplog, how):
    made, again = study
    shutil.copytree(made, tmp_path / "s")
    path = tmp_path / "s" / "networks" / "000000.safetensors"
    arrays = read_tensors(path)
    write_tensors(path, arrays | ALTERED[how](arrays))
    with caplog.at_level(logging.WARNING):
        found = again(tmp_path)
    assert "It does not count for the model." in caplog.text
    assert "0" not in {member.trial for member in found.model.average.members}
    rows = pd.DataFrame({"x": [0.5, -1.0], "z": [0.0, 1.0]})
    np.testing.assert_allclose(advisor.load(found.path).predict(rows), found.model.predict(rows))


def test_what_this_process_kept_is_not_checked_again(tmp_path):
    fitted = Fitted({"w": np.zeros(2, np.float32)}, np.zeros(3, np.float32), epochs=1)
    kept = KeptNetworks(tmp_path, "minimize")
    kept.keep(0, {"units": 8}, 0.5, [fitted])
    checked = []
    assert [one.name for one in kept.candidates(checked.append)] == ["0"]
    assert checked == []
    KeptNetworks(tmp_path, "minimize").candidates(checked.append)
    assert [one.name for one in checked] == ["0"]
