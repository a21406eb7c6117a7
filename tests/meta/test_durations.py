"""What trainings take, by what epochs are made of and the speed of the machine."""

import json
from math import log

import numpy as np
import pytest

from advisor.encoding import sobol
from advisor.meta import speed
from advisor.meta.durations import LAWS, Durations, Speed, law_of
from advisor.models import ModuleFamily, family_names, get_family
from advisor.training import pace
from advisor.training.pace import SAMPLES
from knowledge_base.errors import UserError
from knowledge_base.space import SpaceDefinition

MLP, IDLE = get_family("mlp"), Speed()


def table_of(rows, features=10):
    return {"general.log_rows": log(rows), "general.log_features": log(features),
            "general.log_classes": log(3), "general.numeric_share": 1.0}  # fmt: skip


def takes(rows=20_000, speed=IDLE, **changed):
    return Durations(MLP, table_of(rows), speed).of([{**MLP.default(), **changed}])[0]


@pytest.mark.parametrize("name", family_names())
def test_each_family_has_a_law_for_all_that_its_epochs_are_made_of(name):
    family, law = get_family(name), law_of(name)
    for config in [family.default(), *sobol(family.space(), 16, seed=3)]:
        effort = family.effort(config, SAMPLES[name].about)
        assert effort.calls.keys() == law.calls.keys()
        assert effort.numbers.keys() == law.numbers.keys()
        assert min([*effort.calls.values(), *effort.numbers.values()]) >= 0
        assert 1 <= law.epochs_run(config, effort) <= config["epochs"]
        seconds = Durations(family, SAMPLES[name].about).of([config])[0]
        assert 0 < seconds < 3600
    assert family.effort(family.default(), {}) is None
    assert not Durations(family, {}).knows


def test_the_laws_are_positive_and_no_term_is_forgotten():
    for law in json.loads(LAWS.read_text(encoding="utf-8")).values():
        assert min([*law["calls"].values(), *law["numbers"].values(), law["begin"]]) > 0


def test_many_rows_small_batches_and_large_networks_take_longer():
    # With many rows, patience ends fewer trainings.
    assert 50 < takes(100_000) / takes(2_000) < 90
    assert takes(batch_size=16) > 1.8 * takes(batch_size=128)
    assert takes(units=512, n_layers=4) > 3 * takes(units=64)
    assert takes(epochs=30) > takes(epochs=6) > 0.2 * takes(epochs=30)


def test_a_machine_that_is_slow_at_calls_is_so_with_small_batches():
    slow_calls, slow_numbers = Speed(calls=10.0), Speed(numbers=10.0)
    small, large = {"batch_size": 16, "units": 16}, {"batch_size": 512, "units": 512}
    assert takes(speed=slow_calls, **small) > 7 * takes(**small)
    assert takes(speed=slow_numbers, **small) < 3 * takes(**small)
    assert takes(speed=slow_numbers, **large) > 7 * takes(**large)


def test_nothing_is_said_of_a_users_network():
    space = SpaceDefinition.from_dict(
        {"name": "own", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}},
        where="a test",
    )
    durations = Durations(ModuleFamily(print, space), table_of(100))
    assert not durations.knows
    assert np.isnan(durations.of([{"x": 0.5}])).all()


@pytest.mark.parametrize("name", family_names())
def test_the_speed_is_found_by_which_samples_take_what_they_took(name):
    given = Speed(3.0, 0.5, measured=True)
    durations = Durations(get_family(name), SAMPLES[name].about, given)
    law, family, seconds = law_of(name), get_family(name), []
    for config in SAMPLES[name].configs(name):
        calls, numbers = law.of_epoch(family.effort(config, SAMPLES[name].about))
        of_calls = given.calls * (config["epochs"] * calls + law.begin)
        seconds.append(of_calls + given.numbers * config["epochs"] * numbers)
    found = speed.speed_from(name, *seconds)
    assert found.measured
    assert (found.calls, found.numbers) == pytest.approx((3.0, 0.5), rel=0.02)
    assert durations.speed == given


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "advisor"


def test_a_machine_is_measured_once_for_each_family(cache, monkeypatch):
    asked = []

    def seconds_of(family, device):
        asked.append(family)
        return [1.0, 2.0]

    monkeypatch.setattr(pace, "seconds_of", seconds_of)
    assert not speed.known_speed("mlp").measured
    assert asked == []
    found = speed.measured_speed("mlp")
    assert found.measured
    assert found == speed.measured_speed("mlp") == speed.known_speed("mlp")
    assert not speed.known_speed("cnn").measured
    speed.measured_speed("cnn")
    assert asked == ["mlp", "cnn"]
    assert speed.known_speed("mlp") == found
    assert speed.measured_speed("my network") == Speed()
    # Another number of threads is another machine.
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    assert not speed.known_speed("mlp").measured


def test_each_device_has_its_own_speed(cache, monkeypatch):
    import torch

    taken = {None: [1.0, 2.0], "cuda": [1.0, 2.0], "cpu": [3.0, 4.0]}
    monkeypatch.setattr(pace, "seconds_of", lambda family, device: taken[device])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda place: "Card A")
    usual = speed.measured_speed("mlp")
    assert speed.measured_speed("mlp", "cuda") == speed.known_speed("mlp") == usual
    assert speed.measured_speed("mlp", "cpu") == speed.speed_from("mlp", 3.0, 4.0) != usual
    assert speed.known_speed("mlp") == usual
    with pytest.raises(UserError, match="`device=cuda:1` is not on this machine"):
        speed.measured_speed("mlp", "cuda:1")


def test_a_device_that_fails_is_not_known(cache, monkeypatch):
    def fails(family, device):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(pace, "seconds_of", fails)
    assert speed.measured_speed("mlp") == Speed()


def test_measuring_trains_both_networks_and_leaves_randomness_alone(monkeypatch):
    import torch

    monkeypatch.setattr(pace, "REPEATS", 1)
    before = torch.get_rng_state()
    assert min(pace.seconds_of("mlp")) > 0
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "written", ["", "[]", "{", '{"mlp": [1.0]}', '{"mlp": [1.0, -2.0]}', '{"mlp": ["a", NaN]}']
)
def test_a_damaged_file_says_nothing(cache, monkeypatch, written):
    monkeypatch.setattr(pace, "seconds_of", lambda family, device: [1.0, 2.0])
    speed.measured_speed("mlp")
    (file,) = cache.glob("speed-*.json")
    file.write_text(written, encoding="utf-8")
    assert speed.known_speed("mlp") == Speed()
    assert speed.measured_speed("mlp").measured


def test_the_samples_are_of_the_size_that_is_said(cache):
    from advisor import metafeatures

    for name, sample in SAMPLES.items():
        found = metafeatures.compute(pace._noise(name), seed=0)
        for metafeature, value in sample.about.items():
            wrong = abs(found[metafeature] - value)
            assert wrong < (0.75 if metafeature == "text.log_length_max" else 0.1), metafeature
