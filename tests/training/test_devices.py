"""Where networks are trained, and in what precision."""

import json

import numpy as np
import pytest
import torch

from advisor import Advisor, KnowledgeBase, Settings, UserError
from advisor.training.devices import check_device, computing, described
from advisor.training.limits import free_memory
from advisor.training.loop import train_on
from advisor.training.memory import CONTEXT, estimate, need, room
from advisor.training.terms import Terms

CPU = torch.device("cpu")


@pytest.fixture
def cards(monkeypatch):
    """Let PyTorch seem to see two graphics cards, of which the second has no bfloat16."""
    names = ["Card A", "Card B"]

    def number(place=None):
        return torch.device(place).index or 0 if place is not None else 0

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(names))
    monkeypatch.setattr(
        torch.cuda,
        "get_device_name",
        lambda place: names[place if isinstance(place, int) else number(place)],
    )
    monkeypatch.setattr("advisor.training.devices._has_half", lambda place: not number(place))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda place=None: (10**9 + number(place), 0))


def test_what_is_not_there_is_refused_with_what_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for device in ("cuda", "cuda:1", "mps"):
        with pytest.raises(UserError, match=rf"`device={device}` is not on .* it has: cpu\.$"):
            check_device(device)
    assert check_device(None) == check_device("cpu") == CPU
    assert described(CPU) == "cpu"


def test_cards_are_named_by_their_numbers(cards):
    assert str(check_device(None)) == str(check_device("cuda")) == "cuda"
    assert str(check_device("cuda:1")) == "cuda:1"
    assert check_device("cpu") == CPU
    with pytest.raises(UserError, match=r"cpu, cuda:0 \(Card A\), cuda:1 \(Card B\)\.$"):
        check_device("cuda:2")
    assert described(torch.device("cuda:1")) == "Card B"


def test_half_precision_is_for_cards_that_have_it(cards):
    assert str(check_device("cuda:0", "bf16")) == "cuda:0"
    with pytest.raises(UserError, match="Card B, which has no bfloat16"):
        check_device("cuda:1", "bf16")
    with pytest.raises(UserError, match="trains on cpu"):
        check_device("cpu", "bf16")
    assert check_device("cpu", "32") == CPU


def test_the_memory_that_counts_is_that_of_the_device(cards):
    assert free_memory() == free_memory(device="cuda") == 10**9
    assert free_memory(device="cuda:1") == 10**9 + 1
    assert free_memory(device="cpu") not in (10**9, 10**9 + 1)


def test_each_process_has_the_data_on_a_card_and_none_elsewhere(cards, family, config, classes):
    found = estimate(family, config(), classes)
    assert need(family, config(), classes, 1, "cpu") == found.more
    assert need(family, config(), classes, 3, "cpu") == 3 * found.more
    assert need(family, config(), classes, 1, "cuda") == found.total + CONTEXT
    assert room(classes, None, "cuda") == int(0.8 * 10**9)
    assert room(classes, 10**6, "cuda") == 10**6
    assert room(classes, 10**6, "cpu") == 10**6 - found.data
    assert room(classes, 1, "cpu") == 0


@pytest.mark.parametrize("given", ["gpu", "cuda:", "cuda:x", "CPU", 1, "cpu "])
def test_what_is_no_device_is_refused_by_the_settings(given):
    with pytest.raises(UserError, match="`device` is cpu, cuda, cuda:1"):
        Settings(data="a.csv", device=given)


def test_what_is_no_precision_is_refused_by_the_settings():
    with pytest.raises(UserError, match="`precision` is 32 or bf16"):
        Settings(data="a.csv", precision="fp16")
    assert Settings(data="a.csv", precision=32).precision == "32"
    for name, given in (("device", "cpu"), ("precision", "32")):
        with pytest.raises(UserError, match=f"`{name}` is for data sets"):
            Settings(objective="train.py:train", **{name: given})


def test_a_study_is_found_again_whatever_device_is_named():
    plain = Settings(data="a.csv")
    moved = Settings(data="a.csv", device="cuda:1", precision="bf16", workers=4)
    assert plain.signature == moved.signature
    stored = Settings.from_dict(moved.to_dict())
    assert (stored.device, stored.precision, stored.workers) == ("cuda:1", "bf16", 4)
    again = moved.given_again(Settings(data="a.csv", device="cpu"))
    assert (again.device, again.precision, again.workers) == ("cpu", "bf16", 1)
    assert moved.given_again(Settings(data="a.csv", workers=2)).device == "cuda:1"


def test_the_network_computes_in_half_precision_and_is_judged_in_single(
    family, config, classes, monkeypatch
):
    seen = []
    build = type(family).build

    def built(self, *arguments):
        network = build(self, *arguments)

        def note(module, inputs, output):
            seen.append((module.training, torch.is_autocast_enabled("cpu"), output.dtype))

        network.register_forward_hook(note)
        return network

    monkeypatch.setattr(type(family), "build", built)
    half = train_on(
        family, config(), classes, 0, Terms("accuracy", 2, None, "cpu", True, precision="bf16")
    )
    assert {on for training, on, _ in seen if training} == {True}
    assert {on for training, on, _ in seen if not training} == {False}
    assert {kind for training, _, kind in seen if training} == {torch.bfloat16}
    assert {kind for training, _, kind in seen if not training} == {torch.float32}
    assert not torch.is_autocast_enabled("cpu")
    seen.clear()
    single = train_on(family, config(), classes, 0, Terms("accuracy", 2, None, "cpu", True))
    assert {on for _, on, _ in seen} == {False}
    assert half.state == single.state == "complete"
    (of_half,), (of_single,) = half.fitted, single.fitted
    assert {array.dtype for array in of_half.weights.values()} == {
        array.dtype for array in of_single.weights.values()
    }
    name = next(iter(of_single.weights))
    assert not np.array_equal(of_half.weights[name], of_single.weights[name])


def test_single_precision_is_left_as_it_is():
    for precision in (None, "32"):
        with computing(precision, CPU):
            assert not torch.is_autocast_enabled("cpu")


def test_a_search_is_refused_before_it_leaves_anything(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    advisor = Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))
    asked = {"n_warm": 0, "trials": 1, "root": tmp_path / "studies"}
    with pytest.raises(UserError, match="`device=cuda` is not on this machine"):
        advisor.search("sklearn:iris", device="cuda", **asked)
    with pytest.raises(UserError, match="`precision=bf16` is for graphics cards"):
        advisor.search("sklearn:iris", precision="bf16", **asked)
    assert not (tmp_path / "studies").exists()
    search = advisor.search("sklearn:iris", device="cpu", **asked)
    stored = json.loads((search.path / "study.json").read_text())
    assert stored["study"]["machine"]["device"] == "cpu"
    assert stored["study"]["machine"]["precision"] == "32"
    assert stored["settings"]["device"] == "cpu"
