"""What trains on a graphics card: `./scripts/test --cards tests/training/test_cards.py`."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import make_data
from test_pausing import data_of, in_parts, same

from advisor import Advisor, KnowledgeBase
from advisor.data import prepare
from advisor.models import get_family
from advisor.training.folds import train_folds
from advisor.training.limits import free_memory, short_reason
from advisor.training.loop import train_on
from advisor.training.objective import FamilyObjective
from advisor.training.race import Race
from advisor.training.report import as_report
from advisor.training.terms import Terms
from advisor.training.together import groups_of, train_together

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="PyTorch sees no graphics card on this machine, or --cards was not given",
)

SHAPES = [
    {"normalisation": "none", "activation": "tanh"},
    {"normalisation": "batch", "block": "residual", "n_layers": 3},
    {"normalisation": "layer", "activation": "gelu", "n_layers": 1},
    {"numeric": "periodic", "activation": "gelu", "n_layers": 1},
]
OPTIMISERS = [
    {"learning_rate": 0.01, "epochs": 7, "gradient_clipping": "0.1"},
    {"optimizer": "sgd", "momentum": 0.9, "epochs": 6},
    {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.05, "epochs": 5},
]
FAMILIES = ["mlp", "cnn", "rnn", "forecaster"]


def prepared(name, folder):
    return make_data() if name == "mlp" else prepare(data_of(name, folder), 0)


def losses(outcome):
    return [epoch.train_loss for epoch in outcome.curve]


@pytest.mark.parametrize("shape", SHAPES)
def test_networks_trained_as_one_come_out_as_alone(family, config, classes, shape):
    configs = [config(units=16, dropout=0.0, **shape, **own) for own in OPTIMISERS]
    assert groups_of(family, configs, classes, "cuda") == [[0, 1, 2]]
    found = train_together(family, configs, classes, metric="accuracy", seeds=3, device="cuda")
    terms = Terms("accuracy", device="cuda")
    for one, changed in zip(found, configs, strict=True):
        plain = train_on(family, changed, classes, 3, terms)
        assert (one.state, one.epochs) == (plain.state, plain.epochs) == ("complete", one.epochs)
        assert losses(one) == pytest.approx(losses(plain), rel=1e-3)
        assert one.metrics.keys() == plain.metrics.keys()


def test_folds_are_trained_as_one(family, config):
    folds = [make_data(seed=seed) for seed in range(3)]
    terms = Terms("accuracy", device="cuda", keep=True)
    changed = config(epochs=6, dropout=0.3)
    runs = [
        train_folds(family, changed, folds, 0, terms, as_report(None), Race("maximize"))
        for _ in range(2)
    ]
    assert len(runs[0].fitted) == 3
    same(*runs)


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 5, "dropout": 0.3, "schedule": "cosine"},
        {"epochs": 5, "optimizer": "sgd", "normalisation": "batch", "gradient_clipping": "1"},
    ],
)
def test_pausing_changes_nothing(family, config, many, changes, tmp_path):
    terms, changed = Terms("accuracy", device="cuda", keep=True), config(**changes)
    folds = [make_data(n=80, seed=seed) for seed in range(3)]

    def training(report, paused=None):
        if many:
            race = Race("maximize")
            return train_folds(family, changed, folds, 5, terms, report, race, paused)
        return train_on(family, changed, folds[0], 5, terms, report, paused)

    same(in_parts(training, tmp_path)[0], training(as_report(None)))


@pytest.mark.parametrize("name", FAMILIES[1:])
def test_pausing_other_families_changes_no_more_than_rounding(name, tmp_path):
    family, data = get_family(name), prepared(name, tmp_path)
    config = family.space().complete({**family.default(), "dropout": 0.2})
    terms = Terms("mase" if name == "forecaster" else "accuracy", 3, device="cuda", keep=True)

    def training(report, paused=None):
        return train_on(family, config, data, 5, terms, report, paused)

    parted, whole = in_parts(training, tmp_path)[0], training(as_report(None))
    assert losses(parted) == pytest.approx(losses(whole), rel=0.02)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_card_begins_as_a_processor_does(name, tmp_path):
    family, data = get_family(name), prepared(name, tmp_path)
    config = family.space().complete({**family.default(), "dropout": 0.0})
    metric = "mase" if name == "forecaster" else "accuracy"
    first = [
        train_on(family, config, data, 1, Terms(metric, 1, device=device))
        for device in ("cpu", "cuda")
    ]
    assert losses(first[1]) == pytest.approx(losses(first[0]), rel=1e-3)
    assert first[1].curve[0].val_loss == pytest.approx(first[0].curve[0].val_loss, rel=0.01)


@pytest.mark.parametrize("name", FAMILIES)
def test_half_precision_learns_the_same(name, tmp_path):
    family, data = get_family(name), prepared(name, tmp_path)
    config = family.space().complete({**family.default(), "dropout": 0.0})
    metric = "mase" if name == "forecaster" else "accuracy"
    half = train_on(
        family, config, data, 1, Terms(metric, 3, device="cuda", keep=True, precision="bf16")
    )
    single = train_on(family, config, data, 1, Terms(metric, 3, device="cuda", keep=True))
    assert half.state == "complete"
    assert losses(half) == pytest.approx(losses(single), rel=0.1)
    assert losses(half) != losses(single)
    kinds = {array.dtype for array in half.fitted[0].weights.values()}
    assert kinds == {array.dtype for array in single.fitted[0].weights.values()}


def test_stacks_learn_in_half_precision_too(family, config, classes):
    folds = [make_data(seed=seed) for seed in range(2)]
    found = [
        train_folds(
            family, config(dropout=0.0), folds, 0,
            Terms("accuracy", 4, device="cuda", precision=precision),
            as_report(None), Race("maximize"),
        )
        for precision in ("bf16", None)
    ]  # fmt: skip
    assert losses(found[0]) == pytest.approx(losses(found[1]), rel=0.1)
    assert losses(found[0]) != losses(found[1])


def test_the_random_state_of_the_card_is_left_as_it_was(family, config, classes):
    for configs in ([config(dropout=0.3)], [config(dropout=0.3)] * 2):
        torch.cuda.manual_seed(7)
        train_together(
            family, configs, classes, metric="accuracy", seeds=0, max_epochs=2, device="cuda"
        )
        after = torch.rand(3, device="cuda")
        torch.cuda.manual_seed(7)
        assert torch.equal(after, torch.rand(3, device="cuda"))


def test_memory_that_pytorch_keeps_is_free_for_the_next_training():
    before = free_memory(device="cuda")
    held = torch.empty(10**9, dtype=torch.uint8, device="cuda")
    assert free_memory(device="cuda") < before - 9e8
    del held
    assert free_memory(device="cuda") > before - 2e8


def test_a_card_that_is_full_is_said_in_one_line_and_the_next_fits(family, config, classes):
    objective = FamilyObjective(family, classes, "accuracy", 0, max_epochs=1, device="cuda")
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 1) / total)
    try:
        with pytest.raises(RuntimeError) as raised:
            objective.evaluate(config(units=512, n_layers=4), as_report(None))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert short_reason(raised.value).startswith("out of memory")
    assert "\n" not in short_reason(raised.value)
    assert objective.evaluate(config(), as_report(None)).state == "complete"


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 4)), columns=list("abcd"))
    return frame.assign(y=np.where(frame.a + frame.b * frame.c > 0, "yes", "no"))


LOADED = """
import sys
import pandas as pd
import torch
from advisor import load
assert not torch.cuda.is_available()
print(load(sys.argv[1]).predict_proba(pd.read_csv(sys.argv[2])).to_csv())
"""


@pytest.mark.parametrize("asked", [{}, {"workers": 2}, {"stopping": True}, {"final": "single"}])
def test_a_search_on_a_card_leaves_a_model_for_any_machine(frame, asked, tmp_path):
    advisor = Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))
    search = advisor.search(
        frame, "y", device="cuda", n_warm=0, trials=4, max_epochs=3, root=tmp_path, **asked
    )
    search.run()
    assert all(trial.value is not None for trial in search.tuner.trials)
    here = search.model.predict_proba(frame)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(search.path), str(tmp_path / "rows.csv")],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    (tmp_path / "there.csv").write_text(done.stdout)
    there = pd.read_csv(tmp_path / "there.csv", index_col=0)
    assert there.to_numpy() == pytest.approx(here.to_numpy(), abs=1e-5)
