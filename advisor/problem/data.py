"""A data set for a model family."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from advisor import metafeatures
from advisor.checks import one_of
from advisor.data import Dataset, Intake, group_notes, load_dataset, max_folds
from advisor.metrics import Metric, check_computable, default_metric, get_metric
from advisor.models import BuiltInFamily, ModelFamily, ModuleFamily, family_for, get_family
from advisor.problem.base import Problem
from advisor.problem.network import network_of
from advisor.problem.parts import part_of
from advisor.settings import KINDS, Settings
from advisor.strategies import get_strategy
from advisor.strategies.gradient import refuse
from advisor.training.objective import FamilyObjective, Objective
from advisor.training.race import usual_folds
from knowledge_base.errors import UserError
from knowledge_base.records import DatasetRecord, TaskRecord
from knowledge_base.space import SpaceDefinition

if TYPE_CHECKING:
    import pandas as pd

    from advisor.data import PreparedData


FORMULA_FOLDS = 3
"""Folds by which networks that a formula gives are judged, where there are so many."""


@dataclass(frozen=True)
class DataProblem(Problem):
    """A data set for a model family; deriving it trains nothing.

    Attributes:
        dataset: the data set.
        family: model family to train on it.
        metric: what is optimised.
        seed: of the sample that metafeatures are computed on.
    """

    dataset: Dataset
    family: ModelFamily
    metric: Metric
    seed: int = 0

    @property
    def intake(self) -> Intake | None:
        """What was read as what of the data set."""
        return self.dataset.intake

    @property
    def dataset_record(self) -> DatasetRecord:
        """The data set as the knowledge base keeps it."""
        return self.dataset.record()

    @cached_property
    def metafeatures(self) -> Mapping[str, float]:
        """Metafeatures of the data set by name."""
        return metafeatures.compute(self.dataset, seed=self.seed)

    def in_version(self, version: int, settings: Settings) -> "DataProblem":
        """Return the problem in the space of an earlier version of the family."""
        family = self.family
        if not isinstance(family, BuiltInFamily) or version not in family.earlier:
            return self
        return replace(self, space=part_of(family.space_in(version), settings.only, settings.fix))

    def objective(self, settings: Settings) -> Objective:
        """Return what trains the family on the data, split with the seed of the settings."""
        folds = self.folds(settings)
        prepared = folds[0]
        for fold in folds:  # Of grouped rows, one may lack a class.
            check_computable(self.metric, fold.y_valid, fold.n_outputs, "validation")
        if isinstance(self.family, ModuleFamily):
            self.family.check(prepared)
        strategy = get_strategy(settings.strategy)
        strategy.check(self.space)
        limits = {} if settings.max_epochs is None else {"max_epochs": settings.max_epochs}
        return FamilyObjective(
            self.family,
            prepared,
            self.metric.name,
            settings.seed,
            self._differentiable() if strategy.needs_gradients else (),
            settings.memory_limit,
            more_folds=folds[1:],
            keep=True,
            device=settings.device,
            precision=settings.precision,
            **limits,
        )

    def notes(self, settings: Settings) -> list[str]:
        """Return sentences on what stays out of the folds of a search with these settings."""
        folds, held_out = self.n_folds(settings), settings.holds_out
        return group_notes(self.dataset, settings.seed, folds, held_out)

    def n_folds(self, settings: Settings) -> int:
        """Return how many splits a search with these settings judges a configuration by.

        Raises:
            UserError: more are asked for than the data have.
        """
        if get_strategy(settings.strategy).needs_gradients:
            return 1  # The gradient is that of one validation loss.
        most = max_folds(self.dataset, settings.holds_out)
        if settings.folds is not None and settings.folds > most:
            raise UserError(
                f"`folds` is at most {most} for {self.dataset.name}, not {settings.folds}."
            )
        usual = usual_folds(self.dataset.n_rows, self.family.stackable)
        return settings.folds or min(usual, most)

    def folds(self, settings: Settings) -> "list[PreparedData]":
        """Return the data set in the folds that a search with these settings judges by.

        Raises:
            UserError: there are not so many.
        """
        return self._folds(settings, range(self.n_folds(settings)))

    def further_folds(self, settings: Settings) -> "list[PreparedData]":
        """Return folds beside those, for what takes no time: networks that a formula gives.

        None where the family has no such networks.
        """
        if not self.family.closed_forms:
            return []
        most = min(FORMULA_FOLDS, max_folds(self.dataset, settings.holds_out))
        return self._folds(settings, range(self.n_folds(settings), most))

    def _folds(self, settings: Settings, places: Iterable[int]) -> "list[PreparedData]":
        from advisor.data import prepare

        held_out = settings.holds_out
        return [prepare(self.dataset, settings.seed, fold, held_out) for fold in places]

    def whole(self, settings: Settings) -> "PreparedData":
        """Return the data set with all known rows, those of every fold, in the training part."""
        from advisor.data import prepare

        return prepare(self.dataset, settings.seed, None, settings.test is None)

    def _differentiable(self) -> tuple[str, ...]:
        """Return what is to be searched by gradient.

        Raises:
            UserError: the family has no gradient by one of them.
        """
        names = [h.name for h in self.space.hyperparameters.values() if h.kind == "float"]
        for name in names:
            if name not in self.family.differentiable:
                refuse(name, f"the training of {self.family.name} has no gradient by it")
        return tuple(names)


def data_problem(
    data: "str | Path | pd.DataFrame | Dataset",
    target: str | None = None,
    *,
    metric: str | None = None,
    kind: str | None = None,
    family: str | ModelFamily | None = None,
    module: object | None = None,
    space: str | Path | SpaceDefinition | None = None,
    only: Sequence[str] | None = None,
    fix: Mapping[str, object] | None = None,
    seed: int = 0,
    text: str | None = None,
    time: str | None = None,
    series: str | None = None,
    horizon: int | None = None,
    drop: Sequence[str] | str | None = None,
    keep: Sequence[str] | str | None = None,
    as_types: Mapping[str, str] | None = None,
    size: int | Sequence[int] | None = None,
    group: str | None = None,
) -> DataProblem:
    """Load a data set and derive its task; nothing is trained.

    Args:
        data: file, folder of images, built-in name, frame or loaded data set.
        target: column to predict.
        metric: what to optimise; default accuracy, rmse or mase.
        kind: "classification" or "regression"; default by the target's values.
        family: model family or its name, or the label of the user's own network; default by
            the data.
        module, space: the user's own network and its search space, as for `network_of`.
        only: the hyperparameters to search; default all.
        fix: values of others by name.
        seed: of the sample that metafeatures are computed on.
        text, time, series, horizon: columns of texts, or of times and the names of series, and
            how many steps ahead, as in `DataRequest`.
        drop, keep, as_types, size, group: which columns of a table are used and as what, the
            size of images, and which rows belong together, as for `load_dataset`.

    Raises:
        UserError: the data cannot be used, the metric does not fit the target, or the family
            does not take such data.
    """
    if kind is not None:
        one_of("kind", kind, KINDS)
    if module is not None:
        family = network_of(module, space, family if isinstance(family, str) else None)
    elif space is not None:
        raise UserError(
            "`space` goes with `objective` or `module`; built-in families bring their own."
        )
    wanted = get_family(family) if isinstance(family, str) else family
    if isinstance(data, Dataset):
        if group is not None:
            raise UserError("`group` is for data that are still to be read: load them with it.")
        dataset = _fitting(data, wanted)
    else:
        modality = None if wanted is None else wanted.modality
        dataset = load_dataset(
            data, target, kind, modality=modality, text=text, time=time, series=series,
            horizon=horizon, drop=drop, keep=keep, as_types=as_types, size=size, group=group,
        )  # fmt: skip
    chosen = get_metric(metric) if metric else default_metric(dataset.kind)
    if dataset.kind not in chosen.kinds:
        raise UserError(
            f"The metric {chosen.name} is for {' and '.join(chosen.kinds)}, but the target "
            f"'{dataset.target_name}' makes this a {dataset.kind} task."
        )
    found = wanted or family_for(dataset.modality)
    task = TaskRecord(
        name=dataset.name,
        metric=chosen.name,
        direction=chosen.direction,
        family=found.name,
        dataset_id=dataset.fingerprint,
        target=dataset.predicted,
    )
    return DataProblem(task, part_of(found.space(), only, fix), dataset, found, chosen, seed)


def _fitting(data: Dataset, family: ModelFamily | None) -> Dataset:
    """Return a loaded data set, once its family takes such data.

    Raises:
        UserError: it does not.
    """
    if family is not None and family.modality not in (None, data.modality):
        raise UserError(
            f"The family {family.name} takes {family.modality} data, but {data.name} is "
            f"{data.modality} data."
        )
    return data
