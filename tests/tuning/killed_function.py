"""A search of an own function that is killed; see `killed.py`."""

from advisor import Advisor
from knowledge_base import KnowledgeBase, SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {"name": "killed", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)
KEEP = 1
STUDY = "studies/s"


def train(config, report):
    """Fill the folder with two files; fail now and then."""
    folder = report.folder
    (folder / "first").write_text(str(config["x"]))
    (folder / "deeper").mkdir()
    (folder / "deeper" / "second").write_text(str(config["x"]))
    if config["x"] > 0.65:
        raise ValueError("in the middle")
    return config["x"]


def search(folder, resume):
    """Run the search, or go on with it."""
    advisor = Advisor(KnowledgeBase(folder / "kb.duckdb", seed=False))
    return advisor.tune(
        objective=train, space=SPACE, strategy="random", trials=4, keep=KEEP, n_warm=0,
        root=folder / "studies", name="s", resume=resume, contribute=False,
        direction="minimize",
    )  # fmt: skip


def loaded(folder):
    """Return nothing: there is no model."""


def left(found):
    """Return values of all trials, and the files of each folder."""
    folder = found.path / "trials"
    return {
        "values": [trial.value for trial in found.tuner.trials],
        "best": str(found.folder().relative_to(found.path)),
        "files": {
            str(path.relative_to(folder)): path.read_text()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
        "folders": sorted(path.name for path in folder.iterdir()),
    }
