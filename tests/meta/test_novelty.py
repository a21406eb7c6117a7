"""Data that are unlike anything in the store are said to be, and nothing is claimed of them."""

import numpy as np
import pytest
from click.testing import CliRunner

from advisor import metafeatures
from advisor.cli import main
from advisor.data import load_dataset
from advisor.meta import PortfolioLearner, Query, cache, recall
from advisor.models import get_family
from knowledge_base import KnowledgeBase


@pytest.fixture(autouse=True)
def _forget():
    cache._recent.clear()


def noise(path, spread):
    generator = np.random.default_rng(0)
    pixels = (generator.normal(128, spread, (300, 28, 28)).clip(0, 255)).astype(np.uint8)
    np.savez(path, x=pixels, y=generator.integers(0, 10, 300))
    return path


def strokes(path):
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.pad(np.kron(digits.images, np.ones((1, 3, 3))), ((0, 0), (2, 2), (2, 2)))
    np.savez(path, x=(pixels * 15).astype(np.uint8), y=digits.target)
    return path


@pytest.mark.parametrize("spread", [20, 40, 1000])
def test_noise_is_unlike_and_digits_are_not(tmp_path, spread):
    kb, family = KnowledgeBase(tmp_path / "kb.duckdb"), get_family("cnn")
    learner = PortfolioLearner(recall(kb, family.space(), "cnn"), family.space())

    def answer(path):
        return learner.recommend(Query(metafeatures.compute(load_dataset(str(path)))), 3)

    for item in answer(noise(tmp_path / "noise.npz", spread)):
        assert (item.unlike, item.confidence, item.interval) == (True, "low", (0.0, 1.0))
    assert not any(item.unlike for item in answer(strokes(tmp_path / "digits.npz")))


def test_the_answer_says_that_nothing_is_like_it(tmp_path):
    path = noise(tmp_path / "noise.npz", 40)
    kb = str(tmp_path / "kb.duckdb")
    said = CliRunner().invoke(main, ["recommend", str(path), "--kb", kb, "-n", "1"]).output
    assert "unlike anything in the store" in said
    assert "confidence low" in said
    assert "confidence high" not in said
    assert "against the library default" in said
