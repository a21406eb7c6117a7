"""Trains many small networks of one shape at once.

A small network spends its time on starting operations, not on numbers. Networks of one shape
are stacked: one batched matrix product does a layer of all of them, one row of a matrix holds
the weights of each (as `torch.func.stack_module_state` and `vmap` do, which spend more time
in Python: docs/benchmarks/together.md compares). Each keeps its own seed, order of the rows,
dropout masks, learning rate, weight decay, momentum, optimiser, clipping, schedule, number of
epochs and patience; one that ended is taken out of the stack.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from advisor.data import PreparedData
from advisor.models.base import ModelFamily
from advisor.training.devices import gpus
from advisor.training.loop import train_on
from advisor.training.outcome import Outcome
from advisor.training.paused import Paused, StateLost
from advisor.training.report import Reporting, as_report
from advisor.training.side_by_side import Member, SideBySide
from advisor.training.stacked_layers import Shape, shape_of
from advisor.training.terms import Terms, place_of
from advisor.training.threads import threads_for
from knowledge_base.types import Config

COMPANIONS = 7
"""Networks that are trained with one that a search asks for: eight take as long as about three."""


@dataclass(frozen=True)
class Bounds:
    """Up to which sizes networks gain from each other's company.

    Attributes:
        worthwhile: parameters of a network; of a larger one hardly anything is gained.
        largest: parameters of a stack; of a larger one neither weights nor moments stay near.
        cheap: parameters times rows at a time of a network up to which another one takes little
            more. A step of a larger one takes the time of its numbers.
    """

    worthwhile: int
    largest: int
    cheap: int


BOUNDS = {
    "cpu": Bounds(worthwhile=600_000, largest=2_500_000, cheap=2_000_000),
    "cuda": Bounds(worthwhile=20_000_000, largest=100_000_000, cheap=1_000_000_000),
}
"""By the kind of device; others train each network alone. Measured on CPUs
(docs/benchmarks/together.md) and on a card (docs/benchmarks/devices.md)."""


def train_together(
    family: ModelFamily,
    configs: Sequence[Config],
    data: PreparedData | Sequence[PreparedData],
    *,
    metric: str,
    seeds: int | Sequence[int],
    max_epochs: int | None = None,
    patience: int | None = None,
    reports: Sequence[Reporting] | None = None,
    device: str | None = None,
) -> list[Outcome]:
    """Train `family` with each of `configs`, networks of one shape together.

    An outcome is that of `train` with the same configuration and seed: initial weights, order
    of the rows and dropout masks are the same, only sums are added up in another order, so
    that numbers differ by rounding, which long trainings may amplify. The same call gives the
    same outcomes. `gradient_ratio` and the like, which need a network of its own, are not in
    the curves. A `duration` is the network's equal share of the time of each epoch of its
    stack, and its own metrics; durations add up to about what the call took.

    What trains alone, with `train`: shapes with one network, networks of more than
    `Bounds.worthwhile` parameters, families whose layers have no stacked form (cnn, rnn and
    forecaster, of which hardly any would gain: docs/benchmarks/stacked_steps.md), and devices
    that are neither a processor nor one of CUDA. A card draws other dropout masks for one network
    of several than for one alone.

    Args:
        family: what to build.
        configs: active hyperparameters of each.
        data: prepared parts of all, or of each, such as the folds of one data set.
        metric: name of the metric to select best epochs by.
        seeds: one for all, or one for each.
        max_epochs, patience: as for `train`.
        reports: called after each epoch of each; one that raises `StopTrial` ends only its own.
        device: as for `train`.

    Returns:
        Outcomes in the order of `configs`.

    Raises:
        UserError, RuntimeError: as `train`.
    """
    terms = Terms(metric, max_epochs, patience, device)
    found: dict[int, Outcome] = {}
    for group in groups_of(family, configs, data, device):
        found.update(train_group(family, configs, data, group, seeds, terms, reports))
    return [found[place] for place in range(len(configs))]


def groups_of(
    family: ModelFamily,
    configs: Sequence[Config],
    data: PreparedData | Sequence[PreparedData],
    device: str | None = None,
) -> list[list[int]]:
    """Return the places of configurations that are trained together; groups of one are plain."""
    bounds = BOUNDS.get(place_of(device).type)
    groups: dict[_Kind, list[int]] = {}
    found: list[list[int]] = []
    for place, (config, own) in enumerate(zip(configs, _of_each(data, len(configs)), strict=True)):
        kind = _kind(family, config, own, bounds)
        if kind is None:
            found.append([place])
        else:
            groups.setdefault(kind, []).append(place)
    for kind, places in groups.items():
        pieces = -(-len(places) // max(kind.bounds.largest // kind.size, 1))
        found += [list(map(int, piece)) for piece in np.array_split(places, pieces)]
    return sorted(found)


def companions_of(
    family: ModelFamily, config: Config, data: PreparedData, device: str | None = None
) -> int:
    """Return how many networks of its shape a network is trained with in little more time."""
    kind = _kind(family, config, data, BOUNDS.get(place_of(device).type))
    if kind is None or kind.size * kind.batch > kind.bounds.cheap:
        return 0
    return min(COMPANIONS, kind.bounds.largest // kind.size - 1)


def train_group(
    family: ModelFamily,
    configs: Sequence[Config],
    data: PreparedData | Sequence[PreparedData],
    group: Sequence[int],
    seeds: int | Sequence[int],
    terms: Terms,
    reports: Sequence[Reporting] | None = None,
    paused: Mapping[int, Paused] | None = None,
) -> Iterator[tuple[int, Outcome]]:
    """Train one group of `groups_of`; yield place and outcome of each as soon as it ended.

    Args:
        family, configs, data, seeds, reports: as for `train_together`.
        group: places among `configs`.
        terms: what else `train_together` was asked for.
        paused: where those of the group go on, by their places; None begins.

    Raises:
        StateLost: what is paused is that of other trainings, or damaged.
    """
    each = [seeds] * len(configs) if isinstance(seeds, int) else seeds
    known, parts = reports or [None] * len(configs), _of_each(data, len(configs))
    if len(group) == 1:
        place = group[0]
        own, standing = parts[place], (paused or {}).get(place)
        outcome = train_on(family, configs[place], own, each[place], terms, known[place], standing)
        yield place, outcome
        return
    if paused is not None and set(paused) != set(group):
        raise StateLost("The state of a paused training is that of other folds.")
    members: list[Member] = []
    for place in group:
        member = _begin(family, configs[place], parts[place], each[place], terms)
        member.place, member.report = place, as_report(known[place])
        if paused is not None:
            member.restore(paused[place])
        members.append(member)
    over = [(m, m.conclude(paused[m.place], "")) for m in members if paused and m.over]
    yield from ((member.place, outcome) for member, outcome in over)
    going = [member for member in members if member.over is None]
    if going:
        with threads_for(sum(member.work for member in members)):
            yield from SideBySide(going, over).go()


@dataclass(frozen=True)
class _Kind:
    """What networks must have in common to be trained together.

    Attributes:
        size: number of parameters.
        batch: rows at a time.
        shape: `shape_of` the network.
        rows: of the training and the validation part.
        bounds: of their device.
    """

    size: int
    batch: int
    shape: Shape
    rows: tuple[int, int]
    bounds: Bounds


def _of_each(data: PreparedData | Sequence[PreparedData], count: int) -> Sequence[PreparedData]:
    return [data] * count if isinstance(data, PreparedData) else data


def _kind(
    family: ModelFamily, config: Config, data: PreparedData, bounds: Bounds | None
) -> _Kind | None:
    """Return what a configuration makes; None for what does not gain or does not work."""
    if bounds is None or not family.stackable or family.adapt(config, data) is not data:
        return None
    config = family.complete(config, data)
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            network = family.build(config, data)
    except Exception:
        return None  # the plain loop says what is wrong
    shape, size = shape_of(network), sum(p.numel() for p in network.parameters())
    if shape is None or not 0 < size <= bounds.worthwhile:
        return None
    rows = (len(data.x_train), len(data.x_valid))
    return _Kind(size, min(config["batch_size"], rows[0]), shape, rows, bounds)


def _begin(
    family: ModelFamily, config: Config, data: PreparedData, seed: int, terms: Terms
) -> Member:
    """Begin a training as `train` does, and keep its random state for later."""
    with torch.random.fork_rng(devices=gpus(terms.device)):
        member = Member.begin(family, config, data, seed, terms)
        member.generator = torch.Generator().set_state(torch.get_rng_state())
    place = place_of(terms.device)
    on_cpu = place.type == "cpu"
    member.masks = member.generator if on_cpu else torch.Generator(place).manual_seed(seed)
    return member
