"""What others contribute counts as far as it agrees with what is trusted, and never for much."""

import numpy as np
import pandas as pd
import pytest

from advisor.encoding import sample
from advisor.meta import Query, cache, learner_for, recall
from advisor.meta.standing import MAX_ONE, MAX_OTHERS, MAX_UNCONFIRMED, Standing
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.columnar import trials_table
from knowledge_base.importers.adding import contribute
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.knowledge_base_file import KnowledgeBaseImporter
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.schema import TABLES
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {
        "name": "toy",
        "hyperparameters": {
            "rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True, "default": 0.5},
            "depth": {"type": "int", "low": 1, "high": 8},
        },
    }
)
BAD = {"rate": 0.9, "depth": 8}


def truth(config, number):
    return 0.9 - 0.1 * abs(np.log10(config["rate"]) + 2.8 - 0.4 * number) - 0.01 * config["depth"]


def negated(config, number):
    return 1 - truth(config, number)


def bad_is_best(config, number):
    return 0.999 if config == BAD else truth(config, number)


def trials_of(number, contributor, value_of=truth, data=None):
    """Return twenty-six trials of a contributor on a task of his."""
    data = data or f"data-{contributor}-{number}"
    configs = [*sample(SPACE, 25, seed=number), BAD]
    frame = pd.DataFrame(configs)
    frame["value"] = [value_of(config, number % 5) for config in configs]
    dataset = DatasetRecord(data, data, n_rows=100, n_features=3)
    task = TaskRecord(data, "accuracy", "maximize", "toy", data, "y")
    study = StudyRecord(f"{contributor}-{number}-{data}", task.task_id, SPACE.space_id, "s",
                        "random", contributor=contributor)  # fmt: skip
    context = Bundle.from_records([dataset, task, SPACE, study])
    trials = trials_table(frame, SPACE, study.study_id)
    return Bundle({**{name: context[name] for name in TABLES}, "trials": trials})


def tell(kb, *bundles):
    """Add bundles at once."""
    kb.append(bundles[0].merge(*bundles[1:]))


@pytest.fixture(autouse=True)
def alice(monkeypatch):
    monkeypatch.setenv("ADVISOR_CONTRIBUTOR", "alice")
    cache._recent.clear()


@pytest.fixture
def kb(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    tell(kb, *(trials_of(number, "alice") for number in range(10)))
    return kb


def first(kb, query=None):
    return learner_for(kb, SPACE, "toy").recommend(query or Query(), 1)[0]


def standing(kb):
    experience = recall(kb, SPACE, "toy")
    of = {}
    for place, task in enumerate(experience.tasks):
        of.setdefault(" ".join(task.contributors), []).append(place)
    return experience.standing, of


def names_of(item):
    return {name for evidence in item.evidence for name in evidence.contributors}


@pytest.mark.parametrize("value_of", [bad_is_best, negated])
@pytest.mark.parametrize("names", [1, 10])
def test_lies_do_not_move_the_first_recommendation(kb, value_of, names):
    query = Query(dataset_id="the data", target="y")
    honest = first(kb, query)
    about = ["the data" if number < names else None for number in range(20)]
    tell(kb, *(trials_of(n, f"mallory {n % names}", value_of, about[n]) for n in range(20)))
    told = first(kb, query)
    assert told.config != BAD
    assert truth(told.config, 2) > truth(honest.config, 2) - 0.02
    weights = learner_for(kb, SPACE, "toy")._weights(recall(kb, SPACE, "toy"), query)[0]
    _, of = standing(kb)
    lying = [place for name, places in of.items() if name != "alice" for place in places]
    assert weights[lying].sum() <= MAX_OTHERS + 1e-9


def test_the_same_lies_by_oneself_would_move_it(kb):
    query = Query(dataset_id="the data", target="y")
    honest = first(kb, query)
    tell(kb, *(trials_of(number, "alice", negated, "the data") for number in range(20)))
    assert truth(first(kb, query).config, 2) < truth(honest.config, 2) - 0.05


def test_who_contradicts_all_is_refuted_and_who_agrees_is_confirmed(kb):
    theirs = [trials_of(number, "mallory", negated) for number in range(20, 25)]
    honest = [trials_of(number, "bob") for number in range(20, 25)]
    tell(kb, *theirs, *honest, trials_of(30, "carol"))
    found, of = standing(kb)
    assert (found.factor[of["mallory"]] == 0).all()
    assert not found.vouched[of["mallory"]].any()
    assert found.confirmed[of["bob"]].all()
    assert found.factor[of["carol"]] > 0
    assert not found.vouched[of["carol"]].any()  # One task is not enough.
    assert found.trusted[of["alice"]].all()
    assert "mallory" not in names_of(first(kb))


def test_ones_own_trials_on_the_data_count_at_once_and_others_do_not(kb):
    query = Query(dataset_id="the data", target="y")
    honest = truth(first(kb, query).config, 2)
    tell(kb, trials_of(2, "bob", negated, "the data"))
    assert truth(first(kb, query).config, 2) > honest - 0.02
    tell(kb, trials_of(2, "alice", negated, "the data"))
    item = first(kb, query)
    assert truth(item.config, 2) < honest - 0.05
    own = next(e for e in item.evidence if e.same_dataset and e.contributors == ("alice",))
    assert own.weight > 0.5


def test_a_file_of_somebody_else_under_ones_own_name_is_not_ones_own(kb, tmp_path):
    query = Query(dataset_id="the data", target="y")
    honest = truth(first(kb, query).config, 2)
    theirs = KnowledgeBase(tmp_path / "theirs.duckdb", seed=False)
    tell(theirs, trials_of(2, "alice", negated, "the data"))
    theirs.export(tmp_path / "sent")
    contribute(kb, KnowledgeBaseImporter().read(str(tmp_path / "sent"), ImportOptions()))
    assert truth(first(kb, query).config, 2) > honest - 0.02


def test_a_word_of_confidence_rests_on_what_is_vouched_for(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    tell(kb, *(trials_of(number, "bob") for number in range(12)))
    query = Query(dataset_id="data-bob-3", target="y")
    assert first(kb, query).confidence == "low"
    mine = KnowledgeBase(tmp_path / "mine.duckdb", seed=False)
    tell(mine, *(trials_of(n, "alice", data=f"data-bob-{n}") for n in range(12)))
    assert first(mine, query).confidence != "low"


def test_a_quarantine_is_noticed_by_what_was_learned(kb):
    before = first(kb)
    tell(kb, *(trials_of(number, "bob") for number in range(5)))
    assert len(recall(kb, SPACE, "toy")) == 15
    kb.quarantine(contributor="bob")
    assert len(recall(kb, SPACE, "toy")) == 10
    assert first(kb).config == before.config
    assert first(kb).expected == pytest.approx(before.expected, abs=1e-5)
    kb.lift(contributor="bob")
    assert len(recall(kb, SPACE, "toy")) == 15


def test_what_others_say_changes_nothing_of_what_is_learned_from_ones_own(kb):
    before = recall(kb, SPACE, "toy")
    tell(kb, *(trials_of(number, "mallory", negated) for number in range(20)))
    after = recall(kb, SPACE, "toy")
    assert after.trust == pytest.approx(before.trust, abs=1e-5)
    known = vars(before.calibration)
    assert vars(after.calibration) == pytest.approx(known, abs=1e-5)
    assert np.array_equal(after.models.lengthscales, before.models.lengthscales)


def test_another_name_is_another_user(kb, monkeypatch):
    assert recall(kb, SPACE, "toy").standing.trusted.all()
    cache._recent.clear()
    monkeypatch.setenv("ADVISOR_CONTRIBUTOR", "bob")
    assert not recall(kb, SPACE, "toy").standing.trusted.any()


def test_the_weight_of_others_is_bounded():
    trusted = np.array([True] * 4 + [False] * 30)
    confirmed = np.array([False] * 4 + [True] * 20 + [False] * 10)
    owners = np.array([0] * 4 + [1] * 10 + [2] * 10 + [3] * 10)
    found = Standing(trusted, confirmed, np.ones(34), owners).bounded(np.full(34, 1 / 34))
    assert found.sum() == pytest.approx(1)
    assert found[~trusted].sum() <= MAX_OTHERS + 1e-9
    assert found[owners == 3].sum() <= MAX_UNCONFIRMED + 1e-9
    for owner in (1, 2):
        assert found[owners == owner].sum() <= MAX_ONE + 1e-9
    alone = Standing(np.ones(3, bool), np.zeros(3, bool), np.ones(3), np.zeros(3, int))
    weights = np.array([0.2, 0.3, 0.5])
    assert alone.bounded(weights) is weights
