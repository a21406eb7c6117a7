"""Where nothing tells past tasks apart, or nothing predicts the target, nobody is confident."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from advisor import Advisor, metafeatures
from advisor.cli import main
from advisor.data import load_dataset
from advisor.meta import PortfolioLearner, Query, recall
from advisor.meta.chance import nothing_predicts
from advisor.models import get_family
from knowledge_base import KnowledgeBase


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    return KnowledgeBase(tmp_path_factory.mktemp("chance") / "kb.duckdb")


def noise(seed, target=None):
    """A table of noise: 60 to 1,500 rows, and numbers or two to ten classes."""
    generator = np.random.default_rng(seed)
    rows, columns = int(generator.choice([60, 150, 500, 1500])), int(generator.choice([3, 8, 30]))
    table = pd.DataFrame(generator.normal(size=(rows, columns))).add_prefix("f")
    classes = int(generator.choice([0, 2, 3, 10]) if target is None else target)
    shares = generator.dirichlet(np.full(max(classes, 1), 8.0))
    drawn = generator.choice(max(classes, 1), rows, p=shares)
    drawn[: 3 * max(classes, 1)] = np.tile(np.arange(max(classes, 1)), 3)  # None is too rare.
    table["y"] = [f"c{k}" for k in drawn] if classes else generator.normal(size=rows)
    return table


def of(data, target=None):
    return metafeatures.compute(load_dataset(data, target), seed=0)


def test_noise_predicts_nothing():
    found = [nothing_predicts(of(noise(seed), "y")) for seed in range(40)]
    assert sum(found) >= 37


@pytest.mark.parametrize("name", ["iris", "wine", "digits", "diabetes", "breast_cancer"])
def test_real_tables_predict_something(name):
    assert not nothing_predicts(of(f"sklearn:{name}"))


def test_so_do_nearly_all_that_ship(kb):
    learner = PortfolioLearner(recall(kb, get_family("mlp").space(), "mlp"),
                               get_family("mlp").space())  # fmt: skip
    tasks = learner._experience.tasks
    silent = {task.name for task in tasks if nothing_predicts(task.metafeatures)}
    assert {"common:forestfires", "common:quake"} <= silent
    assert len(silent) == 8


@pytest.mark.parametrize("known", [None, {}, {"general.log_rows": 5.0},
                                   {"landmarking.linear": float("nan")}])  # fmt: skip
def test_without_landmarkers_nothing_is_said(known):
    assert not nothing_predicts(known)


def test_texts_and_images_of_noise_predict_nothing_and_others_do():
    generator = np.random.default_rng(0)
    words = [" ".join(generator.choice(list("abcdefghij"), 30)) for _ in range(300)]
    frame = pd.DataFrame({"t": words, "y": generator.choice(["p", "q"], 300)})
    kept = load_dataset(frame, "y", text="t")
    assert nothing_predicts(metafeatures.compute(kept))
    frame["t"] += [" good" if y == "p" else " bad" for y in frame["y"]]
    assert not nothing_predicts(metafeatures.compute(load_dataset(frame, "y", text="t")))
    images = generator.integers(0, 255, (300, 1, 12, 12)).astype(np.uint8)
    labels = generator.integers(0, 3, 300)
    assert nothing_predicts(metafeatures.compute(load_dataset((images, labels))))
    images[labels == 1] //= 4
    assert not nothing_predicts(metafeatures.compute(load_dataset((images, labels))))


def said(kb, *words):
    done = CliRunner().invoke(main, ["recommend", *map(str, words), "--kb", str(kb.path)])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_noise_is_not_answered_with_confidence(kb, tmp_path):
    noise(3, target=2).to_csv(tmp_path / "noise.csv", index=False)
    told = said(kb, tmp_path / "noise.csv", "--target", "y")
    assert told.count("nothing in these columns predicts the target better than a constant") == 1
    assert "confidence high" not in told
    iris = said(kb, "sklearn:iris")
    assert "predicts the target" not in iris
    assert "all count evenly" not in iris
    assert "confidence high" in iris


def test_real_images_are_not_answered_with_high_confidence_either(kb, tmp_path):
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = (np.kron(digits.images, np.ones((1, 3, 3))) * 15).astype(np.uint8)
    np.savez(tmp_path / "digits.npz", x=pixels, y=digits.target)
    told = said(kb, tmp_path / "digits.npz")
    assert told.count("all count evenly") == 1
    assert "confidence medium" in told
    assert "confidence high" not in told
    assert "predicts the target" not in told


def test_confidence_may_be_high_again_with_outcomes_or_trials_on_the_very_data(kb):
    space = get_family("cnn").space()
    learner = PortfolioLearner(recall(kb, space, "cnn"), space)
    known = learner._experience.tasks[0]
    assert learner._experience.calibration.sharpness == 0
    (other,) = learner.recommend(Query(known.metafeatures), 1)
    assert (other.told_apart, other.confidence) == (False, "medium")
    (without,) = learner.recommend(Query(), 1)
    assert (without.told_apart, without.confidence) == (False, "medium")
    (same,) = learner.recommend(
        Query(known.metafeatures, known.dataset_id, known.target, known.task_id), 1
    )
    assert (same.told_apart, same.confidence) == (True, "high")
    tried = [(space.default(), 0.9), (without.config, 0.95)]
    (probed,) = learner.recommend(Query(known.metafeatures, outcomes=tried), 1)
    assert probed.told_apart


def test_the_answer_from_python_says_so(kb):
    advice = Advisor(kb).recommend(noise(3, target=2), "y", n=2)
    assert [item.predictable for item in advice.recommendations] == [False, False]
    assert not {item.confidence for item in advice.recommendations} & {"high"}
    assert advice.to_dict()["recommendations"][0]["predictable"] is False
