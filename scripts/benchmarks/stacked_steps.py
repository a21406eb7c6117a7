"""Would folds of images, texts and series gain from being trained as one stack?

    python -m scripts.benchmarks.stacked_steps

Gradient steps of networks of one shape, as they are in the best shipped configurations of `cnn`,
`rnn` and `forecaster`, one after another and as one: convolutions as groups of one convolution,
recurrent cells as one with weights that are zero outside of blocks, dense layers as batched
products. What else a training does is not measured, so that a whole training gains less.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import click
import torch
from torch import nn
from torch.nn import functional

from scripts.benchmarks import report

ROUNDS, LEAST_SECONDS = 3, 0.3

Step = Callable[[], object]
Row = tuple[str, str, int, float, float]
"""Family, shape, networks, and milliseconds one after another and as one."""


@dataclass(frozen=True)
class Cells:
    """The shape of a recurrent network.

    Attributes:
        cell: "lstm" or "gru".
        inputs, units, layers: of the cells.
        both: whether they read in both directions.
    """

    cell: str
    inputs: int
    units: int
    layers: int = 1
    both: bool = False

    @property
    def ways(self) -> int:
        """Directions in which they read."""
        return 2 if self.both else 1


class Recurrent(nn.Module):
    """One network: cells and two dense layers."""

    def __init__(self, shape: Cells, outputs: int) -> None:
        super().__init__()
        kind = nn.LSTM if shape.cell == "lstm" else nn.GRU
        self.cells = kind(
            shape.inputs, shape.units, shape.layers, batch_first=True, bidirectional=shape.both
        )
        self.first = nn.Linear(shape.units * shape.ways, shape.units)
        self.last = nn.Linear(shape.units, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return outputs (batch, outputs) of inputs (batch, length, inputs)."""
        found: torch.Tensor = self.last(torch.relu(self.first(self.cells(x)[0][:, -1])))
        return found


class RecurrentStack(nn.Module):
    """Several of them as one."""

    def __init__(self, shape: Cells, outputs: int, count: int) -> None:
        super().__init__()
        self.shape, self.count = shape, count
        gates = 4 if shape.cell == "lstm" else 3
        self.weights = nn.ParameterList()
        for layer in range(shape.layers):
            width = shape.units * shape.ways if layer else shape.inputs
            for _ in range(shape.ways):
                for size in ((width,), (shape.units,), (), ()):
                    start = torch.randn(count, gates, shape.units, *size) * 0.1
                    self.weights.append(nn.Parameter(start))
        self.first = nn.Parameter(torch.randn(count, shape.units * shape.ways, shape.units) * 0.1)
        self.last = nn.Parameter(torch.randn(count, shape.units, outputs) * 0.1)
        self.biases = nn.ParameterList(torch.zeros(count, 1, n) for n in (shape.units, outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return outputs (count, batch, outputs) of inputs (batch, length, count * inputs)."""
        shape, batch, units = self.shape, len(x), self.count * self.shape.units
        flat = [self._blocks(place, weight) for place, weight in enumerate(self.weights)]
        start = torch.zeros(shape.layers * shape.ways, batch, units)
        more = (flat, True, shape.layers, 0.0, True, shape.both, True)
        if shape.cell == "lstm":
            states = torch.lstm(x, (start, start), *more)[0][:, -1]
        else:
            states = torch.gru(x, start, *more)[0][:, -1]
        split = states.view(batch, shape.ways, self.count, shape.units).permute(2, 0, 1, 3)
        inner = torch.baddbmm(self.biases[0], split.flatten(2), self.first)
        return torch.baddbmm(self.biases[1], torch.relu(inner), self.last)

    def _blocks(self, place: int, weight: torch.Tensor) -> torch.Tensor:
        """Return weights of each network as those of one, which are zero between networks."""
        if weight.dim() == 3:
            return weight.transpose(0, 1).flatten()
        count, gates, units, width = weight.shape
        deeper = place >= 4 * self.shape.ways and place % 4 == 0
        ways = self.shape.ways if deeper else 1
        whole = torch.zeros(gates, count, units, ways, count, width // ways)
        each = torch.arange(count)
        whole[:, each, :, :, each, :] = weight.view(count, gates, units, ways, width // ways)
        return whole.reshape(gates * count * units, count * width)


class Convolutions(nn.Module):
    """One network of two convolutions and two dense layers, or several as one."""

    def __init__(self, channels: int, side: int, units: int, count: int) -> None:
        super().__init__()
        self.count = count
        layers: list[nn.Module] = []
        for before, after in ((1, channels), (channels, 2 * channels)):
            layers += [
                nn.Conv2d(count * before, count * after, 3, padding=1, groups=count),
                nn.BatchNorm2d(count * after),
                nn.Tanh(),
                nn.MaxPool2d(2),
            ]
        self.layers = nn.Sequential(*layers)
        width = 2 * channels * (side // 4) ** 2
        self.first = nn.Parameter(torch.randn(count, width, units) * 0.05)
        self.last = nn.Parameter(torch.randn(count, units, 10) * 0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return outputs (count, batch, 10) of images (batch, count, side, side)."""
        found = self.layers(x).view(len(x), self.count, -1).transpose(0, 1)
        return torch.bmm(torch.relu(torch.bmm(found, self.first)), self.last)


def step_of(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Step:
    """Return what makes one step of AdamW."""
    optimizer = torch.optim.AdamW(network.parameters())

    def step() -> None:
        optimizer.zero_grad()
        torch.autograd.backward(functional.mse_loss(network(x), y))
        optimizer.step()

    return step


def milliseconds(step: Step) -> float:
    """Return the least processor time of a step."""
    step()
    found = []
    for _ in range(ROUNDS):
        count, started = 0, time.process_time()
        while time.process_time() - started < LEAST_SECONDS:
            step()
            count += 1
        found.append((time.process_time() - started) / count)
    return 1e3 * min(found)


def recurrent(family: str, shape: Cells, batch: int, length: int, count: int, outputs: int) -> Row:
    """Return what steps of recurrent networks take."""
    x, y = torch.randn(batch, length, shape.inputs), torch.randn(batch, outputs)
    alone = milliseconds(step_of(Recurrent(shape, outputs), x, y))
    stack = RecurrentStack(shape, outputs, count)
    together = milliseconds(step_of(stack, x.repeat(1, 1, count), y.expand(count, -1, -1)))
    both = " both ways" if shape.both else ""
    told = f"{shape.cell} {shape.layers} x {shape.units}{both}, {batch} x {length} points"
    return family, told, count, count * alone, together


def convolutional(channels: int, side: int, units: int, batch: int, count: int = 4) -> Row:
    """Return what steps of convolutional networks take."""
    x, y = torch.randn(batch, 1, side, side), torch.randn(1, batch, 10)
    alone = milliseconds(step_of(Convolutions(channels, side, units, 1), x, y))
    stack = Convolutions(channels, side, units, count)
    together = milliseconds(step_of(stack, x.repeat(1, count, 1, 1), y.expand(count, -1, -1)))
    told = f"{channels} channels, {batch} x {side} x {side} pixels"
    return "cnn", told, count, count * alone, together


def rows() -> Iterator[Row]:
    """Yield the shapes, quartiles of the best shipped configuration of each data set."""
    yield recurrent("forecaster", Cells("lstm", 1, 16), 12, 9, 3, 12)
    yield recurrent("forecaster", Cells("lstm", 1, 32), 25, 13, 3, 12)
    yield recurrent("forecaster", Cells("gru", 1, 32), 25, 13, 3, 12)
    yield recurrent("forecaster", Cells("lstm", 1, 48, 2), 48, 32, 3, 12)
    yield recurrent("rnn", Cells("gru", 64, 36, 1, True), 30, 85, 4, 4)
    yield recurrent("rnn", Cells("gru", 72, 48), 50, 116, 4, 4)
    yield recurrent("rnn", Cells("gru", 72, 48, 2, True), 50, 116, 4, 4)
    yield convolutional(13, 8, 81, 26)
    yield convolutional(17, 16, 125, 32)
    yield convolutional(17, 28, 125, 32)
    yield convolutional(30, 32, 174, 35)


CONCLUSION = """
Folds of these families are trained one after another. Texts gain next to nothing at their usual
sizes, and each fold has a vocabulary, and so a shape, of its own; images gain where they are tiny.
Small forecasters would gain, but rolling origins leave each fold another number of points, so that
their epochs have other numbers of batches, which one stack does not have; they take a second."""


def page(found: Sequence[Row]) -> str:
    """Return the page."""
    columns = ("family", "shape", "networks", "one by one, ms", "as one, ms", "ratio")
    lines = [
        (family, shape, str(count), f"{alone:.2f}", f"{one:.2f}", f"{alone / one:.2f}")
        for family, shape, count, alone, one in found
    ]
    told = (
        "Milliseconds of processor time of a gradient step, one thread: networks one by one, and "
        "as one. Ratios above 1: as one is quicker."
    )
    parts = [told, report.measured_on("torch"), report.table(columns, lines, "llrrrr"), CONCLUSION]
    return report.page("Steps of other families as one stack", "stacked_steps", parts)


@click.command()
@report.write_option
def main(write: bool) -> None:
    """Measure every shape, and write the page."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    report.publish("stacked_steps", page(list(rows())), write)


if __name__ == "__main__":
    main()
