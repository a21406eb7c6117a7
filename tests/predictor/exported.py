"""Models of random networks, and what their exported code says."""

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from advisor.data import prepare
from advisor.encoding.sampling import sample
from advisor.models import family_for
from advisor.predictor.average import Average, Member
from advisor.predictor.predictor import Predictor
from advisor.training.outcome import Fitted

BLOCKED = ("advisor", "knowledge_base", "pandas", "safetensors", "sklearn", "scipy", "numpy")


ALONE = f"""
import datetime, json, sys, warnings

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BLOCKED}:
            raise ModuleNotFoundError(name + " is not to be had", name=name)

sys.meta_path.insert(0, Blocked())
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
import torch
import model

def revived(item):
    return datetime.datetime.fromisoformat(item["at"]) if set(item) == {{"at"}} else item

rows = json.loads(sys.stdin.read(), object_hook=revived)
loaded = model.load()
print(json.dumps({{
    "predicted": model.predict(rows),
    "raw": loaded.outputs(rows).tolist(),
    "forward": loaded(loaded.prepare(rows)).tolist(),
}}))
"""


def alone(folder: Path, rows: object) -> dict:
    """Return what the exported folder says in a process that has nothing but PyTorch."""
    words = [sys.executable, "-P", "-c", ALONE, str(folder)]
    told = subprocess.run(words, input=json.dumps(rows), capture_output=True, text=True,
                          cwd=folder.parent, check=False)  # fmt: skip
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def imported(folder: Path):
    """Return the exported code as a module of this process."""
    spec = importlib.util.spec_from_file_location("exported_model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of_random_networks(dataset, configs, seed=0) -> Predictor:
    """Return a model of networks with random weights: two folds of each configuration."""
    drawn = np.random.default_rng(seed)
    family = family_for(dataset.modality)
    folds = [prepare(dataset, 0, fold) for fold in (0, 1)]
    members = []
    for place, config in enumerate(configs):
        networks = []
        for fold, data in enumerate(folds):
            seen = family.adapt(config, data)
            network = family.build(config, seen)
            weights = {name: _disturbed(name, tensor.numpy(), drawn)
                       for name, tensor in network.state_dict().items()}  # fmt: skip
            networks.append(Fitted(weights, np.zeros(0), 1, fold))
        share = 2 * (place + 1) / len(configs) / (len(configs) + 1)
        members.append(Member(str(place), dict(config), share, networks))
    average = Average(family, [data.preparation for data in folds], members)
    metric = {"classification": "accuracy", "regression": "rmse", "forecasting": "mase"}
    return Predictor(average, dataset.reading, metric[dataset.kind])


def _disturbed(name: str, weights: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
    if weights.dtype.kind != "f" or name in ("0.mean", "0.scale"):
        return weights
    noise = 0.1 * drawn.normal(size=weights.shape).astype(weights.dtype)
    return weights + (np.abs(noise) if name.endswith("running_var") else noise)


def agree(model: Predictor, raw: object, labels: object, source: object) -> None:
    """Assert that the outputs and the labels are those of a model for the same rows."""
    expected = model.raw(model.read(source))
    assert np.allclose(raw, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    assert np.ptp(expected) > 0
    if model.classes is not None:
        assert labels == model.predict(source).tolist()


def agrees(model: Predictor, folder: Path, source: object, rows: object) -> None:
    """Assert that the exported code predicts what the model does, in this process."""
    loaded = imported(folder).load()
    agree(model, loaded.outputs(rows), loaded.predict(rows), source)


def agrees_alone(model: Predictor, folder: Path, source: object, rows: object) -> None:
    """Assert the same in a process that has nothing but PyTorch."""
    found = alone(folder, rows)
    agree(model, found["raw"], found["predicted"], source)
    assert np.allclose(found["forward"], found["raw"], rtol=1e-6, atol=1e-7)


def records(frame: pd.DataFrame) -> list[dict]:
    """Return rows with None for what is missing."""
    return [
        {
            name: None if cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell)) else cell
            for name, cell in row.items()
        }
        for row in frame.astype("object").to_dict("records")
    ]


def table(kind: str, rows: int = 120) -> pd.DataFrame:
    drawn = np.random.default_rng(3)
    x, colour = drawn.normal(size=rows), drawn.choice(["a", "b", "c"], rows)
    days = pd.date_range("2023-11-20 10:00", periods=rows, freq="31h")
    y = x + (colour == "b") + 0.1 * drawn.normal(size=rows)
    frame = pd.DataFrame({
        "x": x,
        "no 'ise\n\"\"\"": drawn.normal(size=rows),
        "colour": colour,
        "level": drawn.integers(0, 3, rows),
        "yes": drawn.choice([True, False], rows),
        "price": [f"$1,{n % 900 + 100}.50" for n in range(rows)],
        "day": days.strftime("%d.%m.%Y"),
        "at": days,
        "clock": [f"{n % 24}:{n % 60:02}" for n in range(rows)],
        "note": [f"word{n} and {'good' if n % 2 else 'poor'} words, {n * 7919}" for n in
                 range(rows)],
        "code": [f"AB{n * 7919 % 9973}" for n in range(rows)],
    })  # fmt: skip
    frame.loc[::9, 'no \'ise\n"""'] = np.nan
    frame.loc[::7, "colour"] = None
    frame.loc[::11, "day"] = None
    classes = pd.cut(y, 3, labels=["red", "green", "blue"]).astype(str)
    frame["y"] = y if kind == "regression" else classes
    return frame


AS = {"level": "category", "code": "text"}


def random_configs(modality: str, n: int = 12) -> list:
    """Return the default and random configurations that are quickly built."""
    family = family_for(modality)
    small = {"units": 16, "channels": 4, "conv_layers": 3}
    drawn = sample(family.space(), n, seed=5)
    return [family.default()] + [
        {**config, **{name: small[name] for name in small.keys() & config.keys()}}
        for config in drawn
    ]


def series(shops: list[str], points: int = 120) -> pd.DataFrame:
    times = pd.date_range("2012-01-01", periods=points, freq="MS").strftime("%Y-%m-%d")
    waves = np.sin(np.arange(points) * np.pi / 6)
    noise = np.random.default_rng(0).normal(size=(len(shops), points))
    return pd.concat([
        pd.DataFrame({"month": times, "shop": shop, "sales": 10 + place + waves + noise[place]})
        for place, shop in enumerate(shops)
    ])  # fmt: skip
