"""Gradients of the validation loss by hyperparameters, through an unrolled training.

A training is a chain of differentiable steps, so that backpropagation through all of them
gives the derivative of what they lead to by the learning rate, the weight decay, the
momentum, the dropout rate or weights of the loss (Maclaurin et al. 2015; Franceschi et al.
2017). Few steps favour small learning rates (Wu et al. 2018), so as many are unrolled as the
configuration trains and the memory allows.

The rate of ordinary dropout cannot be differentiated. In the unrolled training it is the
Gaussian noise of the same mean and variance, which can (Srivastava et al. 2014, section 10).
"""

import copy
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import TypeAlias, TypeVar

import torch
from torch import nn
from torch.func import functional_call

from advisor.data import PreparedData
from advisor.models.base import ModelFamily
from advisor.training.evaluation import loss_of
from advisor.training.optimisation import clip_limit, schedule_factors
from advisor.training.steps import EPSILON, AdamWSteps, SGDSteps, Tensors
from knowledge_base.types import Config

Batch = TypeVar("Batch")

Loss: TypeAlias = Callable[[Tensors, Tensors, Batch], torch.Tensor]
"""Loss of weights and hyperparameters on a batch; what a batch is, is up to the loss."""

MAX_STEPS = 400
MAX_BYTES = 2 * 1024**3
COPIES = 16
"""Tensors of the size of the weights that one unrolled step keeps, about."""
ACTIVATIONS, RECURRENT = 10, 60
"""Tensors of the size of a layer's output that one step keeps, about; a recurrent layer keeps
one set of gates after the other."""
VALIDATION_ROWS = 2000


def hypergradients(
    loss: Loss[Batch],
    validation: Callable[[Tensors, Tensors], torch.Tensor],
    weights: Mapping[str, torch.Tensor],
    hyperparameters: Mapping[str, float],
    batches: Iterable[Batch],
    optimizer: str = "sgd",
    factors: Sequence[float] = (),
    clip: float = float("inf"),
) -> dict[str, float]:
    """Return the gradient of the validation loss by each hyperparameter.

    `learning_rate`, `weight_decay` and `momentum` act in the steps, any others (weights of a
    loss, for instance) only where `loss` uses them.

    Args:
        loss: loss on a batch, differentiable in weights and hyperparameters.
        validation: loss of the trained weights.
        weights: initial ones, by name; not changed.
        hyperparameters: values, by name; must have a learning rate.
        batches: one per step.
        optimizer: "sgd" (with momentum, and L2 weight decay) or "adamw".
        factors: what the learning rate is multiplied by, one per step; default all 1.
        clip: largest norm of a gradient.

    Returns:
        The gradients; empty if the training or a gradient is not finite.
    """
    kind = next(iter(weights.values())).dtype
    hyper = {
        name: torch.tensor(float(value), dtype=kind, requires_grad=True)
        for name, value in hyperparameters.items()
    }
    state = {name: weight.detach().clone().requires_grad_() for name, weight in weights.items()}
    step = SGDSteps() if optimizer == "sgd" else AdamWSteps()
    for number, batch in enumerate(batches):
        found = loss(state, hyper, batch)
        raw = torch.autograd.grad(found, list(state.values()), create_graph=True)
        slopes = _clipped(raw, clip)
        rate = hyper["learning_rate"] * (factors[number] if factors else 1.0)
        state = step(state, slopes, hyper, rate)
    reached = validation(state, hyper)
    gradients = torch.autograd.grad(reached, list(hyper.values()), allow_unused=True)
    values = {n: 0.0 if g is None else float(g) for n, g in zip(hyper, gradients, strict=True)}
    return values if all(isfinite(value) for value in values.values()) else {}


def _clipped(slopes: Sequence[torch.Tensor], limit: float) -> Sequence[torch.Tensor]:
    if not isfinite(limit):
        return slopes
    norm = torch.stack([(g * g).sum() for g in slopes]).sum().clamp(min=1e-24).sqrt()
    return [g * (limit / norm).clamp(max=1.0) for g in slopes]


def family_hypergradients(
    family: ModelFamily,
    config: Config,
    data: PreparedData,
    names: Sequence[str],
    seed: int,
    max_epochs: int,
) -> dict[str, float]:
    """Return gradients of the validation loss by hyperparameters of a built-in family.

    Args:
        family: what to build.
        config: its active hyperparameters.
        data: prepared parts.
        names: hyperparameters of `family.differentiable`; inactive ones get no gradient.
        seed: of initial weights, order of the rows and dropout.
        max_epochs: how many the configuration trains.
    """
    with torch.random.fork_rng(devices=[]), _second_derivatives():
        torch.manual_seed(seed)
        wanted = {name: config[name] for name in names if name in config}
        config = family.complete(config, data)
        data = family.adapt(config, data)
        network = _relaxed(family.build(config, data))
        unrolled = _Unrolled(network, config, data, max_epochs)
        return unrolled.gradients(wanted)


@contextmanager
def _second_derivatives() -> Iterator[None]:
    """Do without the fused recurrent kernels, which have no second derivatives."""
    with warnings.catch_warnings():
        # PyTorch warns of a setting of Intel's GPUs that is put back along with the switch.
        warnings.filterwarnings("ignore", message="TF32 acceleration")
        with torch.backends.mkldnn.flags(enabled=False):
            yield


class _Unrolled:
    """The training of a family's network as a function of its hyperparameters."""

    def __init__(
        self, network: nn.Module, config: Config, data: PreparedData, max_epochs: int
    ) -> None:
        self.network, self.config, self.data = network, config, data
        self.x, self.y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
        self.batch_size = min(config["batch_size"], len(self.x))
        self.rates = [n for n, m in network.named_modules() if isinstance(m, RelaxedDropout)]
        self.buffers = {
            name: buffer
            for name, buffer in network.named_buffers()
            if name.rpartition(".")[0] not in self.rates
        }
        per_epoch = max(len(self.x) // self.batch_size, 1)
        steps = min(max_epochs * per_epoch, MAX_STEPS, max(MAX_BYTES // self._bytes(), 10))
        self.steps, self.epochs = steps, -(-steps // per_epoch)
        factors = schedule_factors(config, self.epochs)
        self.factors = [factors[number // per_epoch] for number in range(steps)]

    def _bytes(self) -> int:
        """Return about how much memory one step keeps."""
        counted = [COPIES * sum(p.numel() for p in self.network.parameters())]

        def count(
            module: nn.Module, inputs: object, output: torch.Tensor | tuple[torch.Tensor, object]
        ) -> None:
            # Recurrent layers give their last states, too.
            kept = output[0] if isinstance(output, tuple) else output
            recurrent = isinstance(module, nn.RNNBase)
            counted.append((RECURRENT if recurrent else ACTIVATIONS) * kept.numel())

        leaves = [m for m in self.network.modules() if not list(m.children())]
        hooks = [module.register_forward_hook(count) for module in leaves]
        with torch.no_grad():
            self.network(self.x[: self.batch_size])
        for hook in hooks:
            hook.remove()
        return 4 * sum(counted)

    def gradients(self, wanted: Mapping[str, float]) -> dict[str, float]:
        """Return the gradients by those that were asked for."""
        always = {name: self.config[name] for name in ("learning_rate", "weight_decay", "momentum")
                  if name in self.config}  # fmt: skip
        found = hypergradients(
            self._loss,
            self._validation,
            dict(self.network.named_parameters()),
            {**always, **wanted},
            self._batches(),
            self.config["optimizer"],
            self.factors,
            clip_limit(self.config),
        )
        return {name: found[name] for name in wanted if name in found}

    def _batches(self) -> Iterable[torch.Tensor]:
        left = self.steps
        while left > 0:
            rows = torch.split(torch.randperm(len(self.x)), self.batch_size)
            whole = [part for part in rows if len(part) == self.batch_size][:left]
            left -= len(whole)
            yield from whole

    def _outputs(self, weights: Tensors, hyper: Tensors, x: torch.Tensor) -> torch.Tensor:
        rate = hyper.get("dropout", torch.tensor(float(self.config.get("dropout", 0.0))))
        rates = {f"{name}.rate": rate for name in self.rates}
        outputs: torch.Tensor = functional_call(
            self.network, {**weights, **self.buffers, **rates}, (x,)
        )
        return outputs

    def _loss(self, weights: Tensors, hyper: Tensors, rows: torch.Tensor) -> torch.Tensor:
        return loss_of(self._outputs(weights, hyper, self.x[rows]), self.y[rows], self.data.kind)

    def _validation(self, weights: Tensors, hyper: Tensors) -> torch.Tensor:
        """Return the loss without dropout; batch normalisation takes the part's own moments."""
        x = torch.from_numpy(self.data.x_valid[:VALIDATION_ROWS])
        y = torch.from_numpy(self.data.y_valid[:VALIDATION_ROWS])
        noise = [m for m in self.network.modules() if isinstance(m, RelaxedDropout)]
        for module in noise:
            module.eval()
        return loss_of(self._outputs(weights, hyper, x), y, self.data.kind)


class RelaxedDropout(nn.Module):
    """Multiplicative Gaussian noise of the variance of dropout, differentiable in its rate."""

    def __init__(self, rate: float) -> None:
        """Take the rate, in [0, 1)."""
        super().__init__()
        self.rate: torch.Tensor
        self.register_buffer("rate", torch.tensor(rate))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, noisy in training mode."""
        if not self.training:
            return inputs
        odds = self.rate / (1 - self.rate)
        # The square root has an infinite slope at 0, so none is taken there.
        spread = torch.where(odds > EPSILON, odds.clamp(min=EPSILON), EPSILON).sqrt()
        return inputs * (1 + spread * torch.randn_like(inputs))


def _relaxed(network: nn.Module) -> nn.Module:
    """Return a copy with Gaussian noise instead of dropout, and none inside recurrent layers."""
    network = copy.deepcopy(network)
    for module in network.modules():
        if isinstance(module, nn.RNNBase):
            module.dropout = 0.0
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, RelaxedDropout(child.p))
    return network.train()
