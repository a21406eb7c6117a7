"""What training networks of one shape together saves, against one after another.

    python -m scripts.benchmarks.together

Both sides train the same configurations with the same seeds, in turn, in one run on one
machine. Learning rate, weight decay, dropout and optimiser differ from network to network.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import click
import numpy as np
import torch
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn import functional

from advisor.data import PreparedData, load_dataset, prepare
from advisor.data.preparation import PARTS
from advisor.metrics import default_metric
from advisor.models import get_family
from advisor.training import Outcome, train
from advisor.training.evaluation import Tensors, all_metrics
from advisor.training.stack import Stack
from advisor.training.together import BOUNDS, train_group
from knowledge_base.types import ConfigDict
from scripts.benchmarks import report
from scripts.benchmarks.timing import in_turn

SHAPES = [
    ("diabetes", 1, 32), ("diabetes", 3, 64), ("breast_cancer", 2, 64), ("digits", 1, 32),
    ("digits", 2, 64), ("digits", 2, 128), ("digits", 2, 256), ("digits", 3, 256),
]  # fmt: skip
LARGEST_OF_64 = 64
"""Units of networks that are trained in groups of 64: they take the longest by far."""
ON_TWO_THREADS = [("diabetes", 3, 64), ("digits", 2, 64), ("digits", 3, 256)]
FAMILY = get_family("mlp")
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Cost:
    """Seconds of one side, on the clock and of processors."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Setting:
    """Networks of one shape on one data set.

    Attributes:
        name: of the data set, among scikit-learn's.
        layers, units: of each network.
        count: how many networks.
        epochs: that each is trained.
    """

    name: str
    layers: int
    units: int
    count: int
    epochs: int

    def configs(self) -> list[ConfigDict]:
        """Return configurations of one shape that differ otherwise."""
        rng = np.random.default_rng(0)
        base = {**FAMILY.default(), "n_layers": self.layers, "units": self.units}
        own = [
            {
                "learning_rate": float(10 ** rng.uniform(-4, -2)),
                "weight_decay": float(10 ** rng.uniform(-6, -2)),
                "dropout": float(rng.uniform(0.05, 0.5)),
                **[{"optimizer": "adamw"}, {"optimizer": "sgd", "momentum": 0.9}][i % 2],
            }
            for i in range(self.count)
        ]
        return [{**base, **some} for some in own]

    def alone(self, data: PreparedData) -> list[Outcome]:
        """Train one after another."""
        configs = self.configs()
        return [train(FAMILY, c, data, seed=i, **self._options(data))
                for i, c in enumerate(configs)]  # fmt: skip

    def together(self, data: PreparedData, size: int) -> list[Outcome]:
        """Train in groups as `train_together` does, whatever the size of the networks.

        Args:
            data: prepared parts.
            size: parameters of a network; a stack has at most `Bounds.largest`.
        """
        configs, seeds = self.configs(), list(range(self.count))
        pieces = -(-self.count // max(BOUNDS["cpu"].largest // size, 1))
        found: dict[int, Outcome] = {}
        for piece in np.array_split(seeds, pieces):
            group = [int(place) for place in piece]
            options = self._options(data)
            found.update(train_group(FAMILY, configs, data, group, seeds, **options))
        return [found[place] for place in seeds]

    def metrics(self, data: PreparedData) -> Cost:
        """Return what the final metrics of as many networks cost: the same work on both sides."""
        configs = [FAMILY.complete(config, data) for config in self.configs()]
        networks = [FAMILY.build(config, data) for config in configs]
        parts = {part: Tensors.of(data.x(part), data.y(part), CPU) for part in PARTS}

        def final() -> None:
            for network in networks:
                for part, prefix in (("valid", "val"), ("test", "test")):
                    all_metrics(network, part, parts[part], data, prefix)

        return cost(final)

    def _options(self, data: PreparedData) -> ConfigDict:
        metric = default_metric(data.kind).name
        limits = {"max_epochs": self.epochs, "patience": self.epochs}
        return {"metric": metric, "device": "cpu", **limits}


def cost(call: Callable[[], object]) -> Cost:
    """Return what a call costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def compare(setting: Setting, pairs: int) -> list[str]:
    """Return the cells of one row."""
    data = prepare(load_dataset(f"sklearn:{setting.name}"), 0)
    size = sum(
        p.numel()
        for p in FAMILY.build(FAMILY.complete(setting.configs()[0], data), data).parameters()
    )
    kept: dict[str, list[Outcome]] = {}
    slow, fast = [], []
    for _ in range(pairs):
        slow.append(cost(lambda: kept.update(alone=setting.alone(data))))
        fast.append(cost(lambda: kept.update(together=setting.together(data, size))))
    metrics = setting.metrics(data).cpu
    inner = [statistics.median(c.cpu for c in side) - metrics for side in (slow, fast)]
    walls = [statistics.median(c.wall for c in side) for side in (slow, fast)]
    processors = [statistics.median(c.cpu for c in side) for side in (slow, fast)]
    return [
        setting.name, f"{setting.layers} x {setting.units}", f"{size:,}", str(setting.count),
        f"{walls[0] / setting.count:.3f}",
        f"{walls[1] / setting.count:.3f}",
        f"{walls[0] / walls[1]:.2f}",
        f"{processors[0] / processors[1]:.2f}",
        f"{inner[0] / inner[1]:.2f}",
        f"{_difference(kept['alone'], kept['together']):.4f}",
    ]  # fmt: skip


def _difference(one: Sequence[Outcome], other: Sequence[Outcome]) -> float:
    """Return the largest difference of any network's accuracy, or r2 for numbers."""
    return max(
        abs(value - b.metrics[key])
        for a, b in zip(one, other, strict=True)
        for key, value in a.metrics.items()
        if key.endswith(("accuracy", "_r2"))
    )


def gradients(layers: int, units: int, count: int, repeats: int) -> list[str]:
    """Compare one gradient of all networks: the stack against torch.func.vmap."""
    sizes = [64, *[units] * layers]
    networks = [
        torch.nn.Sequential(
            *(
                module
                for a, b in pairwise(sizes)
                for module in (torch.nn.Linear(a, b), torch.nn.ReLU())
            ),
            torch.nn.Linear(units, 10),
        )
        for _ in range(count)
    ]
    x, y = torch.randn(count, 64, 64), torch.randint(0, 10, (count, 64))
    stack = Stack(networks, [torch.Generator() for _ in networks])
    parameters, _ = stack_module_state(networks)

    def loss(weights: dict[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(functional_call(networks[0], weights, (x,)), y)

    mapped = vmap(grad_and_value(loss))

    def batched() -> tuple[torch.Tensor, ...]:
        losses = functional.cross_entropy(stack(x, True).flatten(0, 1), y.flatten()) * count
        return torch.autograd.grad(losses, stack.weights)

    def plain() -> None:
        for i, network in enumerate(networks):
            functional.cross_entropy(network(x[i]), y[i]).backward()

    calls = {"plain": plain, "mapped": lambda: mapped(parameters, x, y), "batched": batched}
    times = in_turn(calls, repeats)
    found = [statistics.median(side) / count * 1e3 for side in times.values()]
    return [f"{layers} x {units}", str(count), *(f"{one:.3f}" for one in found)]


INTRODUCTION = """
`train_together` against `train` one after another: the same configurations and seeds (mlp,
batches of 64 rows, learning rate, weight decay, dropout and optimiser differ), in turn, in one
run. Medians of {pairs} pairs (one for groups of 64), {epochs} epochs, torch {torch}. Seconds are
per network and include the final metrics, the same scikit-learn calls on both sides; the ratio
without them, which are timed apart, is of the processor time of what is batched. Ratios above 1:
together is quicker.
Processor time says more where other work runs on the machine. The difference is the largest
one of any network's validation or test accuracy (r2 for diabetes) between the sides: in single
precision rounding grows as training goes on.

The rows are measured without the rule that `train_together` goes by: networks of more than
`Bounds.worthwhile` parameters train alone."""

COLUMNS = (
    "data set", "layers x units", "parameters", "networks", "alone, s each", "together, s each",
    "ratio, clock", "ratio, processor", "ratio without final metrics", "largest difference",
)  # fmt: skip
STEP = ("layers x units", "networks", "one by one", "vmap(grad)", "batched products")


@click.command()
@click.option("--pairs", default=3, help="Measurements of each row; one for groups of 64.")
@click.option("--epochs", default=10)
@click.option("--quick", is_flag=True, help="The smallest shape only; writes no page.")
@report.write_option
def main(pairs: int, epochs: int, quick: bool, write: bool) -> None:
    """Measure, print and write the tables."""
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    shapes, counts = (SHAPES[:1], (4,)) if quick else (SHAPES, (4, 16, 64))
    torch.set_num_threads(1)
    compare(Setting("diabetes", 1, 16, 2, epochs), 1)  # imports
    parts = [INTRODUCTION.format(pairs=pairs, epochs=epochs, torch=torch.__version__)]
    parts += ["## One thread", _table(1, shapes, counts, pairs, epochs)]
    if not quick:
        parts += ["## Two threads", _table(2, ON_TWO_THREADS, (16,), pairs, epochs)]
    torch.set_num_threads(1)
    sizes = [(1, 32)] if quick else [(1, 32), (2, 64), (2, 256)]
    steps = [gradients(n, u, k, repeats=2 if quick else 30) for n, u in sizes for k in counts]
    parts += [
        "## One gradient step: torch.func.vmap or batched products",
        "Milliseconds per network, batches of 64 rows of 64 columns, one thread.",
        report.table(STEP, steps),
    ]
    text = report.page("Training networks of one shape together", "together", parts)
    report.publish("together", text, write and not quick)


def _table(
    threads: int,
    shapes: Sequence[tuple[str, int, int]],
    counts: Sequence[int],
    pairs: int,
    epochs: int,
) -> str:
    torch.set_num_threads(threads)
    rows = []
    for name, layers, units in shapes:
        for count in counts:
            if count < 64 or units <= LARGEST_OF_64:
                setting = Setting(name, layers, units, count, epochs)
                rows.append(compare(setting, pairs if count < 64 else 1))
                click.echo(" ".join(rows[-1]), err=True)
    return report.table(COLUMNS, rows)


if __name__ == "__main__":
    main()
