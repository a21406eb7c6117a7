"""What training a configuration is estimated to need in memory, before anything is built.

The network is built on PyTorch's "meta" device, where tensors have shapes but no content, and
one batch goes through it there. What automatic differentiation would keep of that batch is
counted exactly, but for recurrent layers, for which measured factors stand
(docs/benchmarks/memory.md).
"""

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from advisor.data import PreparedData
from advisor.data.preparation import PARTS
from advisor.models.base import ModelFamily
from advisor.training.devices import place_of
from advisor.training.limits import SHARE, free_memory, too_much
from knowledge_base.types import Config

KEPT = {nn.LSTM: 16, nn.GRU: 12, nn.RNN: 6}
"""Numbers that a recurrent layer keeps for its gradients, per row, step and unit; measured."""
PASSED = 5
"""Numbers that a recurrent layer passes on without gradients, per row, step and unit."""
OUTPUT_BYTES = 40
"""Bytes per row and output of an evaluation: outputs, probabilities, copies in double precision."""
COPIES = {"sgd": 5, "adamw": 6}
"""Copies of the weights: themselves, gradients, optimiser state, the best and their successors."""
CONTEXT = 500_000_000
"""Bytes that a process takes on a card before it has put anything there: CUDA's context, and the
code and work space of its libraries."""
SLACK = 64_000_000
"""Bytes that the C library keeps of freed small pieces; at most as much as is in use."""


@dataclass(frozen=True)
class Estimate:
    """Bytes, estimated.

    Attributes:
        data: inputs and targets as the configuration sees them.
        made: part of it that the configuration makes anew, with what that takes for a moment.
        network: weights with their gradients, the optimiser's state and copies.
        batch: what is kept for the gradients of one batch.
        evaluation: what evaluating a part takes.
    """

    data: int
    made: int
    network: int
    batch: int
    evaluation: int

    @property
    def total(self) -> int:
        """Data, network, and the larger of a batch and an evaluation."""
        return self.data + self.more if self.made == 0 else self.more

    @property
    def more(self) -> int:
        """What is needed in addition to the prepared data, which are there already."""
        needed = self.made + self.network + max(self.batch, self.evaluation)
        return needed + min(needed, SLACK)


def estimate(family: ModelFamily, config: Config, data: PreparedData) -> Estimate:
    """Return what training `family` with `config` on `data` needs; allocates next to nothing.

    Raises:
        Exception: the network cannot do without content.
    """
    config = family.complete(config, data)
    few = data.few()
    adapted = family.adapt(config, few)
    rows = {part: data.n_rows(part) for part in PARTS}
    size = int(_row_bytes(adapted) * sum(rows.values()))
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        network = family.build(config, adapted)
    batch = min(config["batch_size"], rows["train"])
    evaluated = min(data.evaluation_batch, max(rows.values()))
    looked_at = min(rows["train"], data.curve_rows or rows["train"])
    outputs = max(looked_at, rows["valid"], rows["test"]) * data.n_outputs * OUTPUT_BYTES
    return Estimate(
        data=size,
        # The parts are in memory twice until they are joined.
        made=0 if adapted is few else 2 * size,
        network=_bytes_of(network.parameters()) * COPIES.get(config["optimizer"], 6),
        batch=_kept(network, _meta(adapted.x_train, batch)),
        evaluation=_passed(network, _meta(adapted.x_train, evaluated)) + outputs,
    )


def need(
    family: ModelFamily,
    config: Config,
    data: PreparedData,
    networks: int = 1,
    device: str | None = None,
) -> int | None:
    """Return bytes that a process needs for a training, beside the data; None if that is unknown.

    Args:
        family, config, data, device: as for `refusal`.
        networks: how many like this one it trains at the same time. On a card, each process has
            a copy of the data, and what CUDA itself takes.
    """
    try:
        found = estimate(family, config, data)
    except Exception:  # as for `refusal`
        return None
    on_card = place_of(device).type == "cuda"
    first = found.total + CONTEXT if on_card else found.more
    return first + (networks - 1) * found.more


def room(data: PreparedData, limit: int | None = None, device: str | None = None) -> int | None:
    """Return what the needs of all processes that train at once may come to; None if unknown.

    Args:
        data: that they all train on.
        limit, device: as for `refusal`; asked while nothing is trained.
    """
    if limit is None:
        free = free_memory(device=device)
        return None if free is None else int(SHARE * free)
    if place_of(device).type == "cuda":
        return limit
    rows = sum(data.n_rows(part) for part in PARTS)
    return max(limit - int(_row_bytes(data.few()) * rows), 0)


def _row_bytes(data: PreparedData) -> float:
    """Return bytes per row of everything that has rows."""
    size, rows = 0, sum(len(data.x(part)) for part in PARTS)
    for field in dataclasses.fields(data):
        if field.name in ("series", "valid_rows"):  # the one is there already, the other is small
            continue
        held = getattr(data, field.name)
        arrays = held if isinstance(held, tuple) else (held,)
        size += sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))
    return size / max(rows, 1)


def _meta(like: np.ndarray, rows: int) -> torch.Tensor:
    kind = torch.from_numpy(like[:0]).dtype
    return torch.empty((rows, *like.shape[1:]), dtype=kind, device="meta")


def _bytes_of(tensors: Iterable[torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _kept(network: nn.Module, inputs: torch.Tensor) -> int:
    """Return bytes kept for the gradients of one batch, and the largest of these gradients."""
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage
        return tensor

    network.train()
    with _watched(network) as seen, torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        network(inputs)
    weights = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
    saved = sum(storage.nbytes() for key, storage in kept.items() if key not in weights)
    recurrent = sum(KEPT[kind] * numbers * 4 for kind, numbers in seen.recurrent)
    return saved + recurrent + 2 * seen.largest


@torch.no_grad()
def _passed(network: nn.Module, inputs: torch.Tensor) -> int:
    """Return bytes that a batch takes on its way without gradients."""
    network.eval()
    with _watched(network) as seen:
        network(inputs)
    recurrent = max((PASSED * numbers * 4 for _, numbers in seen.recurrent), default=0)
    return max(3 * seen.largest, recurrent)


class _Seen:
    """What went through the modules of a network.

    Attributes:
        largest: bytes of the inputs and outputs of the module with most.
        recurrent: kind and numbers (rows x steps x units x directions x layers) of each.
    """

    def __init__(self) -> None:
        self.largest = 0
        self.recurrent: list[tuple[type[nn.RNNBase], int]] = []

    def note(self, module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        """Look at what went into a module and came out."""
        tensors = [t for t in (*inputs, output) if isinstance(t, torch.Tensor)]
        self.largest = max(self.largest, _bytes_of(tensors))

    def recur(
        self, module: nn.RNNBase, inputs: torch.Tensor, *_: object
    ) -> tuple[torch.Tensor, torch.Tensor | tuple[torch.Tensor, torch.Tensor]]:
        """Stand in for a recurrent layer, which would take seconds step by step."""
        rows, steps = inputs.shape[:2] if module.batch_first else inputs.shape[1::-1]
        wide = module.hidden_size * (1 + module.bidirectional)
        kind = next(kind for kind in KEPT if isinstance(module, kind))
        self.recurrent.append((kind, rows * steps * wide * module.num_layers))
        output = torch.empty((*inputs.shape[:2], wide), device="meta", requires_grad=True)
        layers = module.num_layers * (1 + module.bidirectional)
        state = torch.empty((layers, rows, module.hidden_size), device="meta", requires_grad=True)
        return output, (state, state) if kind is nn.LSTM else state


@contextmanager
def _watched(network: nn.Module) -> Iterator[_Seen]:
    """Watch a network that is thrown away afterwards: its recurrent layers are replaced."""
    seen = _Seen()
    handles = [module.register_forward_hook(seen.note) for module in network.modules()]
    for module in network.modules():
        if isinstance(module, nn.RNNBase):
            module.forward = partial(seen.recur, module)
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def refusal(
    family: ModelFamily,
    config: Config,
    data: PreparedData,
    limit: int | None = None,
    networks: int = 1,
    device: str | None = None,
) -> str | None:
    """Return why a configuration is not to be tried, None if it is, or if that is not known.

    Args:
        family, config, data: as for `estimate`.
        limit: bytes for everything; default `SHARE` of what is free besides the data, which
            are in memory already.
        networks: how many like this one are trained at the same time.
        device: where; None for CUDA where PyTorch sees a card.
    """
    try:
        found = estimate(family, config, data)
    except Exception:  # a user's network raised it; if it is a real one, training raises it again
        return None
    free = free_memory(device=device) if limit is None else None
    if free is not None:
        on_card = place_of(device).type == "cuda"  # the data are not there yet
        most, needed = int(SHARE * free), found.total if on_card else found.more
        needed += (networks - 1) * found.more
        return too_much(needed, most) if needed > most else None
    needed = found.total + (networks - 1) * found.more
    return too_much(needed, limit) if limit is not None and needed > limit else None
