"""Memory is estimated before a trial, and what needs too much is not tried."""

import resource
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from advisor.data import load_dataset, prepare
from advisor.data.images import to_images
from advisor.models import FAMILIES, MLP, get_family
from advisor.training import train
from advisor.training.limits import free_memory, short_reason
from advisor.training.memory import estimate, refusal
from advisor.units import parse_size, size_text
from knowledge_base.errors import UserError


def table(n=200):
    rng = np.random.default_rng(0)
    return prepare(
        load_dataset(pd.DataFrame({"x": rng.normal(size=n), "y": np.arange(n) % 3}), "y")
    )


def images(n=40, side=32):
    pixels = np.random.default_rng(0).integers(2, 255, (n, side, side)).astype(np.uint8)
    return prepare(to_images(pixels, pd.Series(np.arange(n) % 2), "noise", "test"))


def texts(n=60, length=100):
    rows = [" ".join(f"w{(n + i) % 50}" for i in range(length)) for n in range(n)]
    return prepare(load_dataset(pd.DataFrame({"t": rows, "y": np.arange(n) % 2}), "y", text="t"))


def series(n=400):
    values = np.random.default_rng(0).normal(size=n)
    frame = pd.DataFrame({"day": pd.date_range("2020", periods=n), "v": values})
    return prepare(load_dataset(frame, "v", time="day", horizon=5))


DATA = {"mlp": table, "cnn": images, "rnn": texts, "forecaster": series}


def config(family, **changes):
    start = {"momentum": 0.9, **get_family(family).default()}
    return get_family(family).space().complete({**start, **changes})


def estimated(family, data=None, **changes):
    data = DATA[family]() if data is None else data
    return estimate(get_family(family), config(family, **changes), data)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_estimate_builds_nothing_and_leaves_the_random_state(family):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    found = estimated(family)
    assert torch.equal(torch.rand(2), expected)
    assert all(type(size) is int for size in vars(found).values())
    assert 0 < found.network < found.total < 100e6


def test_an_mlp_by_hand():
    data = table()
    found = estimated("mlp", data, units=64, n_layers=1, batch_size=32, optimizer="sgd",
                      dropout=0.0)  # fmt: skip
    weights = (1 * 64 + 64) + (64 * 3 + 3)
    assert found.network == weights * 4 * 5
    assert found.made == 0
    assert found.data == pytest.approx(sum(data.x(p).nbytes + data.y(p).nbytes
                                           for p in ("train", "valid", "test")))  # fmt: skip
    # Kept: inputs, and the outputs of the activation; largest: inputs and outputs of a layer.
    assert found.batch == 32 * 4 * (1 + 64) + 2 * 32 * 4 * (64 + 64)


def test_waves_by_hand():
    data = table()
    plain, waves = (
        estimated("mlp", data, units=64, n_layers=1, batch_size=32, optimizer="sgd", dropout=0.0,
                  numeric=numeric)
        for numeric in ("plain", "periodic")
    )  # fmt: skip
    # Frequencies, phases, weights and biases; the first layer takes three more inputs.
    assert waves.network - plain.network == (16 + 16 + 16 * 3 + 3 + 3 * 64) * 4 * 5
    assert waves.data == plain.data
    # At least what goes into the cosines and what comes out is kept.
    assert waves.batch - plain.batch >= 32 * 16 * 4 * 2
    assert waves.evaluation >= plain.evaluation


@pytest.mark.parametrize(
    ("family", "part", "small", "large", "factor"),
    [
        ("mlp", "network", {"units": 128, "n_layers": 3}, {"units": 512, "n_layers": 3}, 15),
        ("mlp", "network", {"optimizer": "sgd"}, {"optimizer": "adamw"}, 6 / 5),
        ("cnn", "batch", {"channels": 8, "batch_size": 16}, {"channels": 32, "batch_size": 16}, 4),
        ("rnn", "batch", {"sequence_length": 16}, {"sequence_length": 64}, 4),
        ("rnn", "batch", {"bidirectional": "no"}, {"bidirectional": "yes"}, 2),
        ("forecaster", "batch", {"window": 16}, {"window": 64}, 4),
        ("forecaster", "made", {"window": 16}, {"window": 64}, 2),
        ("forecaster", "batch", {"batch_size": 16}, {"batch_size": 128}, 8),
    ],
)
def test_what_makes_it_grow(family, part, small, large, factor):
    data = DATA[family]()
    less, more = (getattr(estimated(family, data, **given), part) for given in (small, large))
    assert more / less == pytest.approx(factor, rel=0.3)


def test_large_images_need_much():
    assert estimated("cnn", images(side=64)).batch > 3 * estimated("cnn", images(side=32)).batch


PEAK = """
import sys; sys.path[:0] = {paths!r}
import torch, test_memory as m
from scripts.benchmarks.memory import growth
from advisor.training import train
torch.set_num_threads(1)
family, data = m.get_family({family!r}), {data}
config = m.config({family!r}, **{changes})
small = {{h.name: h.low for h in family.space().hyperparameters.values() if h.kind == "int"}}
metric = {{"classification": "accuracy", "forecasting": "mase"}}[data.kind]
train(family, {{**config, **small}}, data.few(20), metric=metric, seed=0, max_epochs=1)
work = lambda: train(family, config, data, metric=metric, seed=0, max_epochs=1)
print(growth(work), m.estimate(family, config, data).more)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_estimate_is_near_what_is_measured():
    """Of a recurrent network, since for it measured factors stand; others: docs/benchmarks."""
    import subprocess

    paths = [str(Path(__file__).parent), *sys.path]
    changes = {"units": 128, "cell": "gru", "n_layers": 2}
    code = PEAK.format(paths=paths, family="rnn", data="m.texts(120, 128)", changes=changes)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    measured, expected = map(int, done.stdout.split())
    assert measured > 20e6
    assert 0.6 < expected / measured < 2.5


# Limits


def test_sizes_as_people_write_them():
    sizes = {"2GB": 2e9, "500 mb": 5e8, "1.5GiB": 1.5 * 2**30, "1000": 1000, "3k": 3000}
    for text, size in sizes.items():
        assert parse_size(text) == size
    assert parse_size(2**20) == 2**20
    assert [size_text(s) for s in (5.2e9, 3.1e8, 1.25e7, 9)] == [
        "5.2 GB", "310 MB", "12.5 MB", "9 bytes",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "much", "-1GB", "0", "2XB", "GB"])
def test_sizes_that_are_none(text):
    with pytest.raises(UserError, match=r"is not a size of memory\. Write 500MB"):
        parse_size(text)


def test_what_exceeds_the_limit_is_refused_with_both_sizes():
    data, chosen = table(), config("mlp", units=512, n_layers=5)
    needed = estimate(MLP(), chosen, data).total
    assert refusal(MLP(), chosen, data, needed) is None
    reason = refusal(MLP(), chosen, data, needed - 1)
    assert reason == f"estimated to need {size_text(needed)}, the limit is {size_text(needed - 1)}"
    assert refusal(MLP(), chosen, data) is None


def test_without_a_limit_what_is_free_counts_and_loaded_data_do_not(monkeypatch):
    from advisor.training import memory

    data, chosen = table(5000), config("mlp", units=16, n_layers=1)
    found = estimate(MLP(), chosen, data)
    assert found.more < found.total
    monkeypatch.setattr(memory, "free_memory", lambda device: found.more / memory.SHARE + 2)
    assert refusal(MLP(), chosen, data) is None
    monkeypatch.setattr(memory, "free_memory", lambda device: found.more / 2)
    assert "the limit is" in refusal(MLP(), chosen, data)
    monkeypatch.setattr(memory, "free_memory", lambda device: None)
    assert refusal(MLP(), chosen, data) is None


@pytest.mark.parametrize("look", [lambda x: float(x.sum()), lambda x: x.numpy().max()])
def test_a_network_that_cannot_do_without_content_is_tried(look):
    class Odd(MLP):
        def build(self, config, data):
            class Network(torch.nn.Linear):
                def forward(self, x):
                    return super().forward(x * look(x))

            return Network(data.n_inputs, data.n_outputs)

    assert refusal(Odd(), config("mlp"), table(), 1) is None
    outcome = train(Odd(), config("mlp"), table(), metric="accuracy", seed=0, max_epochs=1)
    assert outcome.state == "complete"


def machine(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


MEMINFO = "MemTotal: 16000 kB\nMemAvailable:    8000 kB\n"


def test_what_is_free(tmp_path):
    assert free_memory(machine(tmp_path, proc__meminfo=MEMINFO)) == 8000 * 1024
    cgroup = {
        "sys__fs__cgroup__memory_dot_max": "5000000\n",
        "sys__fs__cgroup__memory_dot_current": "3000000\n",
        "sys__fs__cgroup__memory_dot_stat": "anon 1\ninactive_file 500000\n",
    }
    assert free_memory(machine(tmp_path, **cgroup)) == 2_500_000
    machine(tmp_path, sys__fs__cgroup__memory_dot_max="max\n")
    assert free_memory(tmp_path) == 8000 * 1024
    machine(tmp_path, sys__fs__cgroup__memory_dot_max="1000000\n")
    assert free_memory(tmp_path) == 0


def test_the_limit_of_the_process_counts(tmp_path, monkeypatch):
    root = machine(tmp_path, proc__meminfo=MEMINFO, proc__self__statm="100 50 1\n")
    page = resource.getpagesize()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100 * page + 4096, -1))
    assert free_memory(root) == 4096


def test_on_this_machine_something_is_free():
    assert free_memory() > 10e6


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out of memory"),
        (MemoryError("Unable to allocate\n 9 GiB"), "out of memory: Unable to allocate 9 GiB"),
        (RuntimeError("CUDA out of memory. Tried"), "out of memory: CUDA out of memory. Tried"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"), "out of memory: "),
        (RuntimeError("shapes cannot be multiplied"), None),
        (ValueError("out of memory"), None),
    ],
)  # fmt: skip
def test_errors_that_mean_that_memory_ran_out(error, reason):
    found = short_reason(error)
    assert found is None if reason is None else found.startswith(reason)


def test_the_error_of_pytorch_itself_is_known():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert short_reason(caught.value).startswith("out of memory: ")
