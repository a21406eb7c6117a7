"""What training networks of one shape together saves, against one after another.

    python scripts/benchmark_together.py

Both sides train the same configurations with the same seeds, in turn, in one run on one
machine. Learning rate, weight decay, dropout and optimiser differ from network to network.
"""

import os
import statistics
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
import numpy as np

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "together.md"
SHAPES = [
    ("diabetes", 1, 32), ("diabetes", 3, 64), ("breast_cancer", 2, 64), ("digits", 1, 32),
    ("digits", 2, 64), ("digits", 2, 128), ("digits", 2, 256), ("digits", 3, 256),
]  # fmt: skip
LARGEST_OF_64 = 64
"""Units of networks that are trained in groups of 64: they take the longest by far."""
ON_TWO_THREADS = [("diabetes", 3, 64), ("digits", 2, 64), ("digits", 3, 256)]


@dataclass
class Cost:
    """Seconds of one side: on the clock, of processors, and of these for the final metrics."""

    wall: float
    cpu: float
    metrics: float


class Bench:
    """Times both sides; what is spent on the final metrics is the same work on both."""

    def __init__(self, epochs: int) -> None:
        from advisor.models import get_family
        from advisor.training import loop, together

        together.WORTHWHILE = 1 << 60  # measured without the rule that this page is the reason of
        self.epochs, self.family = epochs, get_family("mlp")
        self._spent, inner = 0.0, loop.all_metrics

        def timed(*arguments):
            started = time.process_time()
            found = inner(*arguments)
            self._spent += time.process_time() - started
            return found

        loop.all_metrics = timed

    def configs(self, layers: int, units: int, count: int) -> list[dict]:
        """Return configurations of one shape that differ otherwise."""
        rng = np.random.default_rng(0)
        base = {**self.family.default(), "n_layers": layers, "units": units}
        own = [
            {
                "learning_rate": float(10 ** rng.uniform(-4, -2)),
                "weight_decay": float(10 ** rng.uniform(-6, -2)),
                "dropout": float(rng.uniform(0.05, 0.5)),
                **[{"optimizer": "adamw"}, {"optimizer": "sgd", "momentum": 0.9}][i % 2],
            }
            for i in range(count)
        ]
        return [{**base, **some} for some in own]

    def time(self, call) -> tuple[Cost, list]:
        """Return what a call cost, and what it returned."""
        self._spent = 0.0
        wall, cpu = time.perf_counter(), time.process_time()
        found = call()
        cost = Cost(time.perf_counter() - wall, time.process_time() - cpu, self._spent)
        return cost, found

    def compare(self, name: str, layers: int, units: int, count: int, pairs: int) -> list[str]:
        """Return the cells of one row."""
        from advisor.data import load_dataset, prepare
        from advisor.metrics import default_metric
        from advisor.training import train
        from advisor.training.together import train_together

        data = prepare(load_dataset(f"sklearn:{name}"), 0)
        configs = self.configs(layers, units, count)
        options = {"metric": default_metric(data.kind).name, "device": "cpu"}
        options |= {"max_epochs": self.epochs, "patience": self.epochs}

        def plain():
            return [train(self.family, c, data, seed=i, **options) for i, c in enumerate(configs)]

        def together():
            seeds = list(range(count))
            return train_together(self.family, configs, data, seeds=seeds, **options)

        runs = [(self.time(plain), self.time(together)) for _ in range(pairs)]
        slow, fast = ([pair[side][0] for pair in runs] for side in (0, 1))
        (_, one), (_, other) = runs[-1]
        differences = [
            abs(value - b.metrics[key])
            for a, b in zip(one, other, strict=True)
            for key, value in a.metrics.items()
            if key.endswith(("accuracy", "_r2"))
        ]
        inner = [_median(side, lambda c: c.cpu - c.metrics) for side in (slow, fast)]
        return [
            name, f"{layers} x {units}", f"{one[0].n_params:,}", str(count),
            f"{_median(slow, lambda c: c.wall) / count:.3f}",
            f"{_median(fast, lambda c: c.wall) / count:.3f}",
            f"{_ratio(slow, fast, lambda c: c.wall):.2f}",
            f"{_ratio(slow, fast, lambda c: c.cpu):.2f}",
            f"{inner[0] / inner[1]:.2f}",
            f"{max(differences):.4f}",
        ]  # fmt: skip


def _median(costs: list[Cost], of) -> float:
    return statistics.median(of(cost) for cost in costs)


def _ratio(slow: list[Cost], fast: list[Cost], of) -> float:
    return _median(slow, of) / _median(fast, of)


def gradients(layers: int, units: int, count: int, repeats: int = 30) -> list[str]:
    """Compare one gradient of all networks: the stack against torch.func.vmap."""
    import torch
    from torch.func import functional_call, grad_and_value, stack_module_state, vmap
    from torch.nn import functional

    from advisor.training.stack import Stack

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

    def loss(weights, x, y):
        return functional.cross_entropy(functional_call(networks[0], weights, (x,)), y)

    mapped = vmap(grad_and_value(loss))

    def batched():
        losses = functional.cross_entropy(stack(x, True).flatten(0, 1), y.flatten()) * count
        return torch.autograd.grad(losses, stack.weights)

    def plain():
        for i, network in enumerate(networks):
            functional.cross_entropy(network(x[i]), y[i]).backward()

    times = []
    for call in (plain, lambda: mapped(parameters, x, y), batched) * repeats:
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) / count * 1e3)
    found = [statistics.median(times[side::3]) for side in range(3)]
    return [f"{layers} x {units}", str(count), *(f"{one:.3f}" for one in found)]


def table(head: str, rows: list[list[str]]) -> list[str]:
    """Return a table whose first column is text."""
    columns = head.split(" | ")
    rule = "|---|" + "---:|" * (len(columns) - 1)
    return ["", f"| {head} |", rule, *(f"| {' | '.join(row)} |" for row in rows)]


INTRODUCTION = """# Training networks of one shape together

Made by `python scripts/benchmark_together.py`; do not edit by hand.

`train_together` against `train` one after another: the same configurations and seeds (mlp,
batches of 64 rows, learning rate, weight decay, dropout and optimiser differ), in turn, in one
run. Medians of {pairs} pairs (one for groups of 64), {epochs} epochs, torch {torch}. Seconds are
per network and include the final metrics, the same scikit-learn calls on both sides; the ratio
without them is of the processor time of what is batched. Ratios above 1: together is quicker.
Processor time says more where other work runs on the machine. The difference is the largest
one of any network's validation or test accuracy (r2 for diabetes) between the sides: in single
precision rounding grows as training goes on.

The rows are measured without the rule that `train_together` goes by: networks of more than
`WORTHWHILE` parameters train alone."""

HEAD = (
    "data set | layers x units | parameters | networks | alone, s each | together, s each"
    " | ratio, clock | ratio, processor | ratio without final metrics | largest difference"
)


@click.command()
@click.option("--pairs", default=3, help="Of measurements; one for groups of 64.")
@click.option("--epochs", default=10)
@click.option("--write/--no-write", default=True, help="Replace the page in docs/benchmarks/.")
def main(pairs, epochs, write):
    """Measure, print and write the tables."""
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    import torch

    lines = INTRODUCTION.format(pairs=pairs, epochs=epochs, torch=torch.__version__).splitlines()
    bench = Bench(epochs)
    torch.set_num_threads(1)
    bench.compare("diabetes", 1, 16, 2, 1)  # imports
    for title, threads, shapes, counts in (
        ("One thread", 1, SHAPES, (4, 16, 64)),
        ("Two threads", 2, ON_TWO_THREADS, (16,)),
    ):
        torch.set_num_threads(threads)
        rows = []
        for shape in shapes:
            for count in counts:
                if count < 64 or shape[2] <= LARGEST_OF_64:
                    rows.append(bench.compare(*shape, count, pairs if count < 64 else 1))
                    click.echo(" ".join(rows[-1]), err=True)
        lines += ["", f"## {title}", *table(HEAD, rows)]
    torch.set_num_threads(1)
    steps = [gradients(n, u, k) for n, u in ((1, 32), (2, 64), (2, 256)) for k in (4, 16, 64)]
    lines += ["", "## One gradient step: torch.func.vmap or batched products"]
    lines += ["", "Milliseconds per network, batches of 64 rows of 64 columns, one thread."]
    head = "layers x units | networks | one by one | vmap(grad) | batched products"
    text = "\n".join([*lines, *table(head, steps), ""])
    if write:
        REPORT.write_text(text, encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()
