"""Trainings that are put aside and taken up come out as those that never paused."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from conftest import make_data

from advisor.data import load_dataset, prepare
from advisor.models import get_family
from advisor.predictor.tensors import read_tensors, write_tensors
from advisor.training.folds import conclude_folds, train_folds
from advisor.training.loop import conclude, train_on
from advisor.training.paused import Paused, StateLost
from advisor.training.race import Race
from advisor.training.report import PauseTrial, StopTrial, as_report
from advisor.training.terms import Terms

SEED = 5


class Pausing:
    """Raises `PauseTrial` after every `each` epochs."""

    def __init__(self, each=1):
        self.each, self.epochs = each, 0

    def __call__(self, epoch):
        self.epochs += 1
        if self.epochs % self.each == 0:
            raise PauseTrial("for a while")

    def check_time(self):
        pass


def on_disk(paused, folder):
    """Return a state as it comes back from a file."""
    write_tensors(folder / "state.safetensors", paused.packed())
    return Paused.unpacked(read_tensors(folder / "state.safetensors"))


def in_parts(training, folder, each=1):
    """Return the outcome of a training that is put aside again and again, and its parts."""
    parts, paused = [], None
    while not parts or paused is not None:
        outcome = training(Pausing(each), paused)
        parts.append(outcome)
        paused = None if outcome.paused is None else on_disk(outcome.paused, folder)
    return outcome, parts


def same(one, other):
    """Assert that nothing but the seconds differs."""
    timeless = {"duration": None, "fitted": (), "paused": None}
    assert dataclasses.replace(one, **timeless) == dataclasses.replace(other, **timeless)
    assert len(one.fitted) == len(other.fitted) > 0
    for mine, its in zip(one.fitted, other.fitted, strict=True):
        assert (mine.epochs, mine.fold) == (its.epochs, its.fold)
        assert mine.weights.keys() == its.weights.keys()
        assert all(np.array_equal(mine.weights[n], its.weights[n]) for n in mine.weights)
        assert np.array_equal(mine.prediction, its.prediction)
        assert np.array_equal(mine.tested, its.tested)


DIFFERENT = [
    {"optimizer": "adamw", "dropout": 0.3, "schedule": "cosine", "epochs": 7},
    {"optimizer": "sgd", "momentum": 0.9, "schedule": "step", "normalisation": "batch",
     "epochs": 6, "gradient_clipping": "1"},
    {"optimizer": "sgd", "momentum": 0.0, "schedule": "constant", "epochs": 5, "batch_size": 64},
    {"learning_rate": 0.05, "epochs": 30, "patience": 3, "dropout": 0.1},
]  # fmt: skip


@pytest.mark.parametrize("changes", DIFFERENT)
@pytest.mark.parametrize("each", [1, 2])
def test_a_network_of_a_table(family, config, classes, changes, each, tmp_path):
    terms, changed = Terms("accuracy", device="cpu", keep=True), config(**changes)

    def training(report, paused=None):
        return train_on(family, changed, classes, SEED, terms, report, paused)

    whole = training(as_report(None))
    parted, parts = in_parts(training, tmp_path, each)
    same(parted, whole)
    assert len(parts) == -(-whole.epochs // each)
    assert [part.epochs for part in parts[:-1]] == list(range(each, whole.epochs, each))
    assert [part.curve for part in parts[:-1]] == [whole.curve[: p.epochs] for p in parts[:-1]]
    assert all(a.duration < b.duration for a, b in pairwise(parts))


OTHERS = [("cnn", "accuracy", 3), ("rnn", "accuracy", 3), ("forecaster", "mase", 5)]


def data_of(name, folder):
    if name == "cnn":
        pixels = np.random.default_rng(0).integers(0, 255, (60, 8, 8), dtype=np.uint8)
        np.savez(folder / "images.npz", x=pixels, y=np.arange(60) % 2)
        return load_dataset(folder / "images.npz", modality="image")
    if name == "rnn":
        words = ["good fine great", "bad poor awful"]
        rows = [f"{words[n % 2]} {n % 7} thing,{n % 2}" for n in range(120)]
        (folder / "texts.csv").write_text("\n".join(["text,label", *rows]))
        return load_dataset(str(folder / "texts.csv"), target="label", text="text")
    rows = [f"{n},{np.sin(n / 4) + n / 90:.5f}" for n in range(260)]
    (folder / "series.csv").write_text("\n".join(["t,y", *rows]))
    return load_dataset(str(folder / "series.csv"), target="y", time="t", horizon=3)


@pytest.mark.parametrize(("name", "metric", "epochs"), OTHERS)
def test_networks_of_the_other_families(name, metric, epochs, tmp_path):
    family, prepared = get_family(name), prepare(data_of(name, tmp_path), 0)
    changes = {"epochs": epochs, "dropout": 0.2, "batch_size": 16}
    if name == "cnn":
        changes |= {"augmentation": 0.7, "normalisation": "batch"}
    config = family.space().complete({**family.default(), **changes})
    terms = Terms(metric, device="cpu", keep=True)

    def training(report, paused=None):
        return train_on(family, config, prepared, SEED, terms, report, paused)

    whole = training(as_report(None))
    parted, parts = in_parts(training, tmp_path)
    same(parted, whole)
    assert len(parts) == whole.epochs


def folds():
    return [make_data("classification", n=80, seed=seed) for seed in range(3)]


@pytest.mark.parametrize(
    "changes", [*DIFFERENT, {"epochs": 30, "patience": 3, "learning_rate": 0.01}]
)
def test_folds_that_train_as_one(family, config, changes, tmp_path):
    terms, changed = Terms("accuracy", device="cpu", keep=True), config(**changes)
    races = {True: Race("maximize"), False: Race("maximize")}

    def training(report, paused=None):
        race = races[isinstance(report, Pausing)]
        return train_folds(family, changed, folds(), SEED, terms, report, race, paused)

    whole = training(as_report(None))
    parted, parts = in_parts(training, tmp_path)
    same(parted, whole)
    assert len(parts) > 1
    assert races[True]._full == races[False]._full == [tuple(
        whole.metrics[f"fold_{number}"] for number in (1, 2, 3)
    )]  # fmt: skip


def test_members_that_ended_before_the_pause_keep_what_they_reached(family, config, tmp_path):
    terms = Terms("accuracy", device="cpu", keep=True)
    changed = config(epochs=30, patience=3, learning_rate=0.01)

    def training(report, paused=None, count=3):
        given = folds()[:count]
        return train_folds(family, changed, given, SEED, terms, report, Race("maximize"), paused)

    whole = training(as_report(None))
    lengths = set()
    for parts in in_parts(training, tmp_path)[1][:-1]:
        own = parts.paused.parts()
        lengths |= {len(part.facts["curve"]) for part in own.values() if part.facts["over"]}
    assert lengths  # One of the folds ended while the first one went on.
    same(in_parts(training, tmp_path)[0], whole)


def test_a_first_fold_goes_on_alone_if_it_began_alone(family, config, tmp_path):
    """What is known of others by then changes nothing of how it began."""
    terms, changed = Terms("accuracy", device="cpu", keep=True), config(epochs=5)
    knowing = Race("maximize")
    for values in ([0.9, 0.91, 0.92], [0.8, 0.8, 0.81], [0.95, 0.96, 0.99]):
        knowing.tell(values)
    whole = train_folds(family, changed, folds(), SEED, terms, as_report(None), knowing)
    assert "fold_2" not in whole.metrics

    def training(report, paused=None):
        return train_folds(family, changed, folds(), SEED, terms, report, knowing, paused)

    parted, parts = in_parts(training, tmp_path)
    same(parted, whole)
    assert [len(part.paused.parts()) for part in parts[:-1]] == [1] * 4
    best = max(epoch.val_metric for epoch in whole.curve[:2])
    assert parts[1].value == pytest.approx(best - knowing.offset)


@pytest.mark.parametrize("many", [False, True])
def test_what_is_not_taken_up_counts_with_its_best_epoch(family, config, many, tmp_path):
    terms = Terms("accuracy", device="cpu", keep=True)
    changed = config(epochs=8, learning_rate=0.03)

    def training(report):
        if many:
            race = Race("maximize")
            return train_folds(family, changed, folds(), SEED, terms, report, race)
        return train_on(family, changed, folds()[0], SEED, terms, report)

    def stop(epoch):
        if epoch.epoch == 3:
            raise StopTrial("enough")

    paused = on_disk(training(Pausing(3)).paused, tmp_path)
    if many:
        race = Race("maximize")
        found = conclude_folds(family, changed, folds(), SEED, terms, race, paused, "enough")
    else:
        found = conclude(family, changed, folds()[0], SEED, terms, paused, "enough")
    assert (found.state, found.error, found.epochs) == ("stopped", "enough", 3)
    if not many:
        same(found, training(as_report(stop)))
    else:
        assert len(found.fitted) == 3
        assert found.metrics["val_accuracy"] == pytest.approx(found.value)
        assert "test_accuracy" in found.metrics


def test_a_state_of_another_training_is_refused(family, config, classes, numbers):
    terms = Terms("accuracy", device="cpu", keep=True)

    def training(report, paused=None, **changes):
        changed = config(**{"epochs": 5, "n_layers": 2, **changes})
        return train_on(family, changed, classes, SEED, terms, report, paused)

    paused = training(Pausing()).paused
    for changes in ({"n_layers": 3}, {"units": 32}, {"normalisation": "batch"}):
        with pytest.raises(StateLost, match="does not fit"):
            training(as_report(None), paused, **changes)
    facts = {**paused.facts, "best_epoch": "first"}
    with pytest.raises(StateLost, match="does not fit"):
        training(as_report(None), dataclasses.replace(paused, facts=facts))
    moments = {
        name: array[..., :1] if name.startswith("optimizer/0/exp") else array
        for name, array in paused.arrays.items()
    }
    with pytest.raises(StateLost, match="has the shape"):
        training(as_report(None), dataclasses.replace(paused, arrays=moments))


def test_a_flipped_bit_is_seen(family, config, classes, tmp_path):
    terms = Terms("accuracy", device="cpu", keep=True)
    paused = train_on(family, config(epochs=5), classes, SEED, terms, Pausing()).paused
    arrays = paused.packed()
    for name in ("weights/" + next(n for n in paused.within("weights/")), "facts"):
        flipped = {n: array.copy() for n, array in arrays.items()}
        flipped[name].view(np.uint8).reshape(-1)[3] ^= 1
        with pytest.raises(StateLost, match="damaged"):
            Paused.unpacked(flipped)
    with pytest.raises(StateLost, match="damaged"):
        Paused.unpacked({})
    again = Paused.unpacked(arrays)
    assert again.facts == paused.facts
    assert again.size == paused.size
