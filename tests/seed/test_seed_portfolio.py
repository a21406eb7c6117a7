"""What is proposed for the portfolio is legal, new, and expected to be good."""

import numpy as np
import pytest

from advisor import KnowledgeBase
from advisor.encoding import Encoder, sobol
from advisor.meta import recall
from advisor.models import FAMILIES, get_family
from advisor.surrogates.kernels import matern52
from scripts.seed import propose
from scripts.seed.portfolio import portfolio_of
from scripts.seed.work import drawn_space


@pytest.mark.parametrize("family", FAMILIES)
def test_the_portfolio_is_of_the_space_and_without_repetitions(family):
    space, known = drawn_space(family), portfolio_of(family)
    assert all(space.complete(config) == config for config in known)
    tried = [*known, space.default(), *sobol(space, 128, seed=0)]
    assert all(config not in tried[:place] for place, config in enumerate(tried))


def test_proposals_are_new_and_expected_to_be_good(tmp_path, monkeypatch):
    monkeypatch.setattr(propose, "STEPS", 3)
    space = get_family("forecaster").space()
    experience = recall(KnowledgeBase(tmp_path / "kb.duckdb"), space, "forecaster")
    known = portfolio_of("forecaster")
    found = propose.proposed(experience, space, 2, known)
    assert all(space.complete(config) == config for config in found)
    encoder, lengthscales = Encoder(space), experience.models.lengthscales
    tried = encoder.encode([*known, space.default()])
    points = encoder.encode(found)
    assert matern52(points, tried, lengthscales).max() <= propose.ALIKE
    assert matern52(points, points, lengthscales)[0, 1] <= propose.ALIKE
    random = experience.models.predict(encoder.encode(sobol(space, 128, seed=5))).mean(0)
    assert experience.models.predict(points[:1]).mean() > np.quantile(random, 0.95)
