"""Makes the fixtures that `test_version_0_1.py` reads, with the version that wrote them.

That is commit 7919ad3, the last before the rooms were put in order. From anywhere:

    git worktree add /tmp/old 7919ad3
    OMP_NUM_THREADS=1 PYTHONPATH=/tmp/old python tests/compatibility/make.py FOLDER

It makes FOLDER anew, below which the test finds what a user of that version has on disk (a
knowledge base with its journal, studies, a comparison, a cache of experience), and what that
version said of it: `expected.json` and `identities.json`. Names of modules are those of that
commit, so that the script runs with no other. Databases and large priors are compressed:
`.gitignore` leaves `*.duckdb` out, and most of such a file is empty.
"""

import json
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

COMMIT = "7919ad3"
TOLD = (0.61, 0.74, 0.68)
"""Values that a resumed study is told, one after the other."""

TRAIN = """\
def train(config, report):
    for epoch in range(3):
        value = (config["x"] - 0.3) ** 2 + (config["kind"] == "b") * 0.1 + 1 / (epoch + 1)
        report(value)
    return value
"""
SPACE = """\
name: parabola
hyperparameters:
  x: {type: float, low: -1, high: 1}
  kind: {type: categorical, choices: [a, b]}
  extra: {type: int, low: 1, high: 9}
conditions:
  - {type: EQ, child: extra, parent: kind, value: b}
"""
NET = """\
import torch


def build(config, n_inputs, n_outputs):
    return torch.nn.Sequential(
        torch.nn.Linear(n_inputs, config["width"]),
        torch.nn.ReLU(),
        torch.nn.Linear(config["width"], n_outputs),
    )
"""
NET_SPACE = """\
name: small-net
hyperparameters:
  width: {type: int, low: 2, high: 16, log: true}
  learning_rate: {type: float, low: 1e-4, high: 0.1, log: true}
"""
DATA = ["data.csv", "--target", "y"]
TEXTS = ["texts.csv", "--text", "review", "--target", "stars"]
"""Studies with a prior are of texts: fewer shipped tasks make it smaller than that of tables."""

STUDIES = {
    "part": ["tune", *TEXTS, "--trials", "3", "--max-epochs", "2",
             "--only", "learning_rate,dropout", "--fix", "units=64"],
    "warm": ["tune", *TEXTS, "--trials", "3", "--max-epochs", "2", "--seed", "1",
             "--study", "warm", "--no-contribute"],
    "objective": ["tune", "--objective", "train.py:train", "--space", "space.yaml",
                  "--trials", "3", "--no-contribute"],
    "module": ["tune", *DATA, "--module", "net.py:build", "--space", "net.yaml",
               "--trials", "2", "--max-epochs", "2", "--no-contribute"],
    "builtin": ["tune", "sklearn:iris", "--strategy", "sobol", "--warm", "0",
                "--trials", "2", "--max-epochs", "2", "--no-contribute"],
    "runs": ["contribute", "runs.csv", "--space", "space.yaml", "--metric", "value",
             "--direction", "minimize", "--task", "by hand"],
    # Last, so that its one trial is left in the journal.
    "memory": ["tune", *DATA, "--trials", "1", "--max-epochs", "2", "--strategy", "random",
               "--warm", "0", "--seed", "2", "--memory-limit", "2GB"],
}  # fmt: skip
COMPARE = ["compare", *DATA, "--strategies", "random,sobol", "--trials", "2",
           "--max-epochs", "2"]  # fmt: skip
TOY = {
    "name": "toy",
    "hyperparameters": {
        "rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        "depth": {"type": "int", "low": 1, "high": 8},
        "kind": {"type": "categorical", "choices": ["a", "b"]},
    },
}
USER_SPACES: dict[str, dict[str, Any]] = {
    "parabola": {
        "name": "parabola",
        "hyperparameters": {
            "x": {"type": "float", "low": -1, "high": 1},
            "kind": {"type": "categorical", "choices": ["a", "b"]},
            "extra": {"type": "int", "low": 1, "high": 9},
        },
        "conditions": [{"type": "EQ", "child": "extra", "parent": "kind", "value": "b"}],
    },
    "every kind": {
        "name": "svm", "version": 3,
        "hyperparameters": [
            {"name": "C", "type": "uniform_float", "lower": 0.01, "upper": 100, "log": True,
             "default_value": 1.0},
            {"name": "degree", "type": "uniform_int", "lower": 1, "upper": 5,
             "default_value": 3},
            {"name": "kernel", "type": "categorical", "choices": ["poly", "rbf", "linear"]},
            {"name": "gamma", "type": "float", "low": "1e-5", "high": 1, "log": True},
            {"name": "size", "type": "ordinal", "sequence": ["small", "large"]},
            {"name": "shrinking", "type": "bool"},
            {"name": "solver", "type": "constant", "value": "smo"},
            {"name": "größe", "type": "int", "low": 1, "high": 1000, "log": True},
        ],
        "conditions": [
            {"type": "EQ", "child": "degree", "parent": "kernel", "value": "poly"},
            {"type": "IN", "child": "gamma", "parent": "kernel", "values": ["poly", "rbf"]},
            {"type": "AND", "child": "größe", "conditions": [
                {"type": "GT", "child": "größe", "parent": "C", "value": 0.5},
                {"type": "NEQ", "child": "größe", "parent": "size", "value": "large"}]},
        ],
        "forbiddens": [
            {"type": "AND", "clauses": [
                {"type": "EQUALS", "name": "kernel", "value": "linear"},
                {"type": "IN", "name": "size", "values": ["large"]}]},
        ],
    },
    "toy": TOY,
}  # fmt: skip
PARTS: list[tuple[str, list[str] | None, dict[str, Any]]] = [
    ("mlp", ["learning_rate", "dropout"], {"units": "64"}),
    ("mlp", ["learning_rate"], {}),
    ("cnn", None, {"learning_rate": 0.01}),
    ("parabola", ["x"], {}),
    ("parabola", None, {"kind": "b"}),
    ("every kind", ["C", "shrinking"], {"kernel": "poly"}),
]
SETTINGS: list[dict[str, Any]] = [
    {"data": "gone.csv", "target": "y"},
    {"data": "gone.csv", "target": "y", "trials": 7, "n_warm": 2, "memory_limit": "2GB"},
    {"data": "gone.csv", "target": "y", "strategy": "random", "seed": 3, "max_epochs": 5},
    {"data": "gone.csv", "target": "y", "only": "learning_rate,dropout", "fix": ["units=64"]},
    {"data": "gone.csv", "target": "y", "fix": ["units=64", "optimiser=adam"]},
    {"data": "gone.csv", "target": "y", "kind": "regression", "metric": "mae"},
    {"data": "gone.csv", "text": "review", "target": "stars"},
    {"data": "gone.csv", "time": "month", "series": "shop", "horizon": 12, "target": "sales"},
    {"data": "gone.csv", "target": "y", "per_second": True, "family": "mlp"},
    {"data": "gone.csv", "target": "y", "exclude_datasets": ["abc", "def"]},
    {"data": "gone.csv", "target": "y", "module": "net.py:build", "space": "no.yaml"},
    {"data": "gone/", "trials": 20},
    {"data": "sklearn:digits"},
    {"objective": "train.py:train", "space": "no.yaml", "direction": "maximize", "metric": "f"},
    {"objective": "train.py:train", "space": "no.yaml", "family": "mine"},
]
PLANS: list[dict[str, Any]] = [
    {"strategies": ["random", "sobol"], "seeds": 1, "settings": SETTINGS[0]},
    {"strategies": ["bayesian", "bayesian+warm"], "seeds": 3, "settings": SETTINGS[2]},
    {"strategies": ["grid"], "seeds": 1, "settings": SETTINGS[13]},
    {"strategies": ["grid", "random"], "seeds": 2, "settings": SETTINGS[3]},
]
DIGESTS: list[list[Any]] = [
    ["trial", "abc", 1], ["x", 0.1, 1e-7, None, True], [{"b": [1, 2.0], "a": "größe"}], [],
]  # fmt: skip
TASKS: list[dict[str, Any]] = [
    {"name": "wine", "metric": "accuracy", "direction": "maximize", "family": "mlp",
     "dataset_id": "abc", "target": "class"},
    {"name": "anything", "metric": "loss", "direction": "minimize", "family": "svm"},
]  # fmt: skip


def main(out: Path) -> None:
    """Make everything in a temporary folder, then put the small part into `out`."""
    import advisor.advisor  # noqa: F401  (there is no such module in later versions)

    work = Path(tempfile.mkdtemp(prefix="advisor-0.1-")).resolve()
    os.environ |= {"HOME": str(work), "ADVISOR_KB": "kb/knowledge_base.duckdb",
                   "ADVISOR_CONTRIBUTOR": "fixture", "OMP_NUM_THREADS": "1"}  # fmt: skip
    os.chdir(work)
    _write_sources()
    _make_toy()
    for command in [*STUDIES.values(), COMPARE]:
        _advisor(*command)
    _ask_and_tell()
    expected = {"commit": COMMIT, "made_in": str(work), "versions": _versions(),
                "commands": {**STUDIES, "compare": COMPARE}, "told": TOLD,
                "studies": _studies(), "knowledge_base": _knowledge_base(),
                "experience": _experience()}  # fmt: skip
    _dump(work / "expected.json", expected)
    _dump(work / "identities.json", _identities())
    _keep(work, out)


def _advisor(*arguments: str) -> None:
    code = "from advisor.cli import run; run()"
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)


def _write_sources() -> None:
    random = np.random.default_rng(0)
    for name, text in (("train.py", TRAIN), ("space.yaml", SPACE), ("net.py", NET),
                       ("net.yaml", NET_SPACE)):  # fmt: skip
        Path(name).write_text(text, encoding="utf-8")
    a, b = random.normal(size=60).round(3), random.normal(size=60).round(3)
    colour = random.choice(["red", "green", "größe"], 60)
    gappy = np.where(random.random(60) < 0.2, np.nan, (a * b).round(2))
    y = np.where(a + (colour == "red") + random.normal(size=60) / 3 > 0.3, "yes", "no")
    pd.DataFrame({"a": a, "b": b, "colour": colour, "gappy": gappy, "y": y}).to_csv(
        "data.csv", index=False
    )
    x = random.uniform(-1, 1, 6).round(4)
    pd.DataFrame({"x": x, "kind": list("ababab"), "extra": [None, 3] * 3,
                  "value": (x - 0.3) ** 2}).to_csv("runs.csv", index=False)  # fmt: skip
    words = ["good", "bad", "fine", "poor", "great", "awful"]
    texts = [f"a {words[i % 6]} film, {words[(i * 5 + 1) % 6]} cast" for i in range(30)]
    pd.DataFrame({"review": texts, "stars": [i % 2 for i in range(30)]}).to_csv(
        "texts.csv", index=False
    )
    months = pd.date_range("2020-01-01", periods=40, freq="MS")
    sales = (10 + np.sin(np.arange(40) / 2) * 3 + np.arange(40) / 10).round(3)
    pd.DataFrame({"month": months, "sales": sales}).to_csv("series.csv", index=False)
    images = random.integers(0, 256, (20, 8, 8), dtype=np.uint8)
    np.savez_compressed("images.npz", images=images, labels=np.arange(20) % 2)


def _make_toy() -> None:
    """Make a knowledge base without shipped trials, and the cache beside it."""
    from advisor.tuning.tuner import Tuner
    from knowledge_base import KnowledgeBase, SpaceDefinition

    kb = KnowledgeBase("toy/toy.duckdb", seed=False)
    for number in range(3):
        past = Tuner.create(SpaceDefinition.from_dict(TOY), kb=kb, name=f"past {number}",
                            strategy="random", n_warm=0, seed=number)  # fmt: skip
        for _ in range(25):
            config = past.ask()
            past.tell(config, _bowl(config, number))
    assert kb.fold()


def _bowl(config: dict[str, Any], number: int) -> float:
    away = np.log10(config["rate"]) + 2 - number / 4
    return float(away**2 + abs(config["depth"] - 3 - number) / 4 + (config["kind"] == "b"))


def _ask_and_tell() -> None:
    from advisor.tuning.tuner import Tuner
    from knowledge_base import KnowledgeBase, SpaceDefinition

    kb = KnowledgeBase("toy/toy.duckdb", seed=False)
    tuner = Tuner.create(SpaceDefinition.from_dict(TOY), kb=kb, name="new", seed=3,
                         contribute=False, directory="kb/studies/asked")  # fmt: skip
    for _ in range(4):
        config = tuner.ask()
        tuner.tell(config, _bowl(config, 1))


def _studies() -> dict[str, Any]:
    """Return of every study what is in it, and what it asks next."""
    from advisor.tuning.tuner import Tuner
    from knowledge_base.study_directory import StudyDirectory

    found = {}
    root = Path("kb/studies")
    for file in sorted(root.rglob("study.json")):
        study = StudyDirectory.open(file.parent)
        copy = Path(tempfile.mkdtemp()) / "study"
        shutil.copytree(file.parent, copy)
        batch = Tuner.resume(copy).ask(3)
        tuner, following = Tuner.resume(copy), []
        best = tuner.best
        for value in TOLD:
            following.append(tuner.ask())
            tuner.tell(following[-1], value)
        trials = [
            {"number": t.number, "trial_id": t.trial_id, "state": t.state, "value": t.value,
             "config": dict(t.config), "labels": t.labels, "n_epochs": len(t.curve)}
            for t in study.trials()
        ]  # fmt: skip
        found[str(file.parent.relative_to(root))] = {
            "signature": study.settings.get("signature"),
            "study_id": study.study.study_id, "task_id": study.task.task_id,
            "space_id": study.space.space_id, "trials": trials,
            "best": None if best is None else best.number,
            "next": following, "batch": batch,
        }  # fmt: skip
    return found


def _knowledge_base() -> dict[str, Any]:
    from knowledge_base import KnowledgeBase

    kb = KnowledgeBase("kb/knowledge_base.duckdb")
    info = kb.info()
    user = {table: count["user"] for table, count in info.items()
            if isinstance(count, dict) and "user" in count}  # fmt: skip
    own = KnowledgeBase("kb/knowledge_base.duckdb", seed=False)
    trials = own.trials()[["trial_id", "study_id", "number", "state", "value", "config"]]
    return {
        "pending": info["pending"], "schema_version": info["schema_version"], "user": user,
        "problems": kb.verify(), "task_digests": own.task_digests(),
        "trials": json.loads(trials.to_json(orient="records", double_precision=15)),
    }  # fmt: skip


def _experience() -> dict[str, Any]:
    """Return recommendations, and what a search asks that starts from them."""
    from advisor.meta import Query
    from advisor.meta.memory import cache_path, learner
    from advisor.tuning.tuner import Tuner
    from knowledge_base import KnowledgeBase, SpaceDefinition

    kb, space = KnowledgeBase("toy/toy.duckdb", seed=False), SpaceDefinition.from_dict(TOY)
    assert cache_path(kb, space, "toy").is_file()
    past = learner(kb, space, "toy")
    tuner = Tuner.create(space, kb=kb, name="another", seed=5, contribute=False)
    return {
        "space": TOY, "cache": cache_path(kb, space, "toy").name,
        "n_tasks": past.n_tasks, "n_trials": past.n_trials,
        "recommendations": [item.to_dict() for item in past.recommend(Query(), 5)],
        "search": tuner.ask(5),
    }  # fmt: skip


def _identities() -> dict[str, Any]:
    from advisor.data import load_dataset
    from advisor.models import family_names, get_family
    from advisor.tuning.comparison_plan import Plan
    from advisor.tuning.settings import TuneSettings
    from knowledge_base import SpaceDefinition, TaskRecord
    from knowledge_base.identity import digest, trial_ids
    from knowledge_base.space import restricted

    spaces = {name: get_family(name).space() for name in family_names()}
    families = {name: space.space_id for name, space in spaces.items()}
    spaces |= {name: SpaceDefinition.from_dict(given) for name, given in USER_SPACES.items()}
    sources: list[dict[str, Any]] = [
        {"source": "data.csv", "target": "y"},
        {"source": "texts.csv", "target": "stars", "text": "review"},
        {"source": "series.csv", "target": "sales", "time": "month", "horizon": 6},
        {"source": "images.npz"}, {"source": "sklearn:iris"}, {"source": "sklearn:digits"},
    ]  # fmt: skip
    return {
        "families": families,
        "spaces": [{"space": given, "space_id": spaces[name].space_id}
                   for name, given in USER_SPACES.items()],
        "parts": [{"of": name, "only": only, "fix": fix,
                   "space_id": restricted(spaces[name], only, fix).space_id}
                  for name, only, fix in PARTS],
        "datasets": [{**given, "fingerprint": load_dataset(**given).fingerprint}
                     for given in sources],
        "tasks": [{**given, "task_id": TaskRecord(**given).task_id} for given in TASKS],
        "trials": {"study": "abc", "ids": trial_ids("abc", range(3))},
        "digests": [{"parts": parts, "digest": digest(*parts)} for parts in DIGESTS],
        "settings": [{"settings": given, "signature": TuneSettings(**given).signature}
                     for given in SETTINGS],
        "plans": [{**given, "signature": Plan(TuneSettings(**given["settings"]),
                                              tuple(given["strategies"]),
                                              given["seeds"]).signature}
                  for given in PLANS],
    }  # fmt: skip


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("numpy", "scipy", "torch", "duckdb", "pandas")}


def _dump(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, default=asdict)
    path.write_text(text + "\n", encoding="utf-8")


def _keep(work: Path, out: Path) -> None:
    """Move everything but caches of the shipped trials, and compress databases."""
    shutil.rmtree(work / "kb" / "knowledge_base.duckdb.experience", ignore_errors=True)
    for path in [*work.rglob(".lock"), *work.rglob("*.wal")]:
        path.unlink()
    large = [path for path in work.rglob("past.npz") if path.stat().st_size > 50_000]
    for path in [*work.rglob("*.duckdb"), *large]:
        packed = lzma.compress(path.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
        path.with_name(path.name + ".xz").write_bytes(packed)
        path.unlink()
    for path in [*work.rglob("__pycache__"), *work.rglob(".cache"), work / "scikit_learn_data"]:
        shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(work, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
