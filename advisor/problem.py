"""What a search optimises: a task with its space, and what evaluates a configuration of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from advisor import metafeatures
from advisor.checks import one_of
from advisor.data import Dataset, Intake, group_notes, load_dataset, max_folds
from advisor.meta.recommendation import Query
from advisor.metrics import Metric, check_computable, default_metric, get_metric
from advisor.models import (
    FAMILIES,
    BuiltInFamily,
    ModelFamily,
    ModuleFamily,
    family_for,
    get_family,
)
from advisor.settings import KINDS, Settings
from advisor.strategies import get_strategy
from advisor.strategies.gradient import refuse
from advisor.training.loading import check_call, load_function, source_of
from advisor.training.objective import (
    FamilyObjective,
    FunctionObjective,
    Objective,
    TrainFunction,
)
from advisor.training.race import usual_folds
from knowledge_base.errors import UserError
from knowledge_base.identity import digest
from knowledge_base.naming import printable
from knowledge_base.records import DatasetRecord, TaskRecord
from knowledge_base.space import SpaceDefinition, restricted
from knowledge_base.states import Direction
from knowledge_base.types import ConfigDict

if TYPE_CHECKING:
    import pandas as pd

    from advisor.data import PreparedData


@dataclass(frozen=True)
class Problem(ABC):
    """What is optimised, whichever way it was given.

    Attributes:
        task: its identity in the knowledge base.
        space: the search space, or the part of it that is searched.
    """

    task: TaskRecord
    space: SpaceDefinition

    @property
    @abstractmethod
    def dataset_record(self) -> DatasetRecord | None:
        """The data set as the knowledge base keeps it, None without one."""

    @property
    def intake(self) -> Intake | None:
        """What was read as what of the data set, None without one."""
        return None

    @property
    @abstractmethod
    def metafeatures(self) -> Mapping[str, float] | None:
        """Metafeatures of the data set by name, None without one."""

    @property
    def query(self) -> Query:
        """What the meta-learner needs to know."""
        task = self.task
        return Query(self.metafeatures, task.dataset_id, task.target, task.task_id)

    @property
    def default(self) -> ConfigDict | None:
        """The library default, None where there is none."""
        return self.space.default() if self.task.family in FAMILIES else None

    def in_version(self, version: int, settings: Settings) -> "Problem":
        """Return the problem in the space of an earlier version of its family.

        Args:
            version: of the space in which a study began.
            settings: of these count what is searched and what is fixed.

        Returns:
            This very problem where the family does not know that version.

        Raises:
            UserError: what is searched or fixed was not there yet.
        """
        return self

    def notes(self, settings: Settings) -> list[str]:
        """Return sentences on what a search with these settings does with the data, if any."""
        return []

    @abstractmethod
    def objective(self, settings: Settings) -> Objective:
        """Return what evaluates configurations for a search.

        Args:
            settings: of these count seed, epochs and memory, and what the strategy needs.

        Raises:
            UserError: the strategy cannot search the space or lacks gradients, or the user's
                network cannot be trained.
        """


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
        return replace(self, space=_part(family.space_in(version), settings.only, settings.fix))

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
            **limits,
        )

    def notes(self, settings: Settings) -> list[str]:
        """Return sentences on what stays out of the folds of a search with these settings."""
        folds, held_out = self.n_folds(settings), settings.holds_out
        return group_notes(self.dataset, settings.seed, folds, held_out)

    def n_folds(self, settings: Settings) -> int:
        """Return how many splits a search with these settings judges a configuration by."""
        if get_strategy(settings.strategy).needs_gradients:
            return 1  # The gradient is that of one validation loss.
        most = max_folds(self.dataset, settings.holds_out)
        usual = usual_folds(self.dataset.n_rows, self.family.stackable)
        return settings.folds or min(usual, most)

    def folds(self, settings: Settings) -> "list[PreparedData]":
        """Return the data set in the folds that a search with these settings judges by.

        Raises:
            UserError: there are not so many.
        """
        from advisor.data import prepare

        return [
            prepare(self.dataset, settings.seed, fold, settings.holds_out)
            for fold in range(self.n_folds(settings))
        ]

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


@dataclass(frozen=True)
class FunctionProblem(Problem):
    """The user's own training function; what it trains on is its own matter."""

    function: TrainFunction = field(repr=False)

    @property
    def dataset_record(self) -> None:
        """None."""
        return None

    @property
    def metafeatures(self) -> None:
        """None."""
        return None

    def objective(self, settings: Settings) -> Objective:
        """Return what calls the function; its gradients, if any, are in what it returns."""
        get_strategy(settings.strategy).check(self.space)
        return FunctionObjective(self.function, self.task.direction)


def problem_of(settings: Settings, name: str | None = None) -> Problem:
    """Return what settings ask for.

    Args:
        settings: what is searched.
        name: of the task of the user's function, where a study has it already; default from
            the function and where its file lies.

    Raises:
        UserError: they say neither or too much, or the data, the space or the function cannot
            be used.
    """
    if (settings.data is None) == (settings.objective is None):
        raise UserError("Give either a data set or `objective=FILE.py:FUNCTION`.")
    if settings.objective is not None:
        return function_problem(
            settings.objective, settings.space, name or _task_name(settings), settings.metric,
            settings.direction, settings.family, settings.only, settings.fix,
        )  # fmt: skip
    assert settings.data is not None
    problem = data_problem(
        settings.data, settings.target, metric=settings.metric, kind=settings.kind,
        family=settings.family, module=settings.module, space=settings.space,
        only=settings.only, fix=settings.fix, text=settings.text, time=settings.time,
        series=settings.series, horizon=settings.horizon, drop=settings.drop,
        keep=() if isinstance(settings.keep, int) else settings.keep,
        as_types=settings.as_types, size=settings.size, group=settings.group,
    )  # fmt: skip
    if settings.direction not in (None, problem.metric.direction):
        raise UserError(
            f"{problem.metric.name} is a metric to {problem.metric.direction}; `direction` is for "
            "your own objectives."
        )
    return problem


def _task_name(settings: Settings) -> str:
    """Return a name for the task of a function: its own, and a few digits of where its file lies.

    Functions of one name in different folders do different things, and are different tasks.
    """
    given = settings.objective
    label = printable(settings.label)
    if isinstance(given, str):
        file: Path | None = Path(given.rpartition(":")[0]).resolve()
    else:
        file = source_of(given)
    return label if file is None else f"{label} {digest('file', printable(str(file)))[:8]}"


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
    return DataProblem(task, _part(found.space(), only, fix), dataset, found, chosen, seed)


def function_problem(
    function: str | TrainFunction,
    space: str | Path | SpaceDefinition | None,
    name: str,
    metric: str | None = None,
    direction: str | None = None,
    family: str | None = None,
    only: Sequence[str] | None = None,
    fix: Mapping[str, object] | None = None,
) -> FunctionProblem:
    """Return the task of a user's own training function.

    Args:
        function: itself or "FILE.py:FUNCTION".
        space: its search space, or a file with it.
        name: of the task.
        metric: what its value is called; default "value".
        direction: "minimize" or "maximize"; default "minimize".
        family: that trials are stored under; default the space's name.
        only, fix: as for `data_problem`.

    Raises:
        UserError: the space is missing, has the name of a built-in family, or one of them
            cannot be used.
    """
    if direction is not None:
        one_of("direction", direction, tuple(Direction))
    if space is None:
        raise UserError("`objective` needs `space=FILE`, the search space of your function.")
    searched = _part(_space(space), only, fix)
    label = family or searched.name
    if label in FAMILIES:
        raise UserError(
            f"The space of your function is called '{label}', as a built-in family is, and its "
            "trials would be taken for that family's; give it another name with `family`, or as "
            "'name' in the space file."
        )
    called = load_function(function) if isinstance(function, str) else function
    if not callable(called):
        raise UserError(f"`objective` is to be a function or FILE.py:FUNCTION, not {called!r}.")
    check_call(called, "objective", "config", "report")
    task = TaskRecord(
        name=name, metric=metric or "value", direction=direction or "minimize", family=label
    )
    return FunctionProblem(task, searched, called)


def network_of(
    module: object,
    space: str | Path | SpaceDefinition | None,
    name: str | None = None,
) -> ModuleFamily:
    """Return the family of a user's network.

    Args:
        module: the function that builds it, "FILE.py:FUNCTION", or the family itself.
        space: its search space, or a file with it.
        name: that trials are stored under; default the space's.

    Raises:
        UserError: the space is missing, or one of them cannot be used.
    """
    if isinstance(module, ModuleFamily):
        return module
    if space is None:
        raise UserError("`module` needs `space=FILE`, the search space of your function.")
    known, label = _space(space), module if isinstance(module, str) else None
    build = load_function(module, "module") if isinstance(module, str) else module
    if not callable(build):
        raise UserError(f"`module` is to be a function or FILE.py:FUNCTION, not {build!r}.")
    check_call(build, "module", "config", "n_inputs", "n_outputs")
    return ModuleFamily(build, known, name, label)


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


def _space(given: str | Path | SpaceDefinition) -> SpaceDefinition:
    return given if isinstance(given, SpaceDefinition) else SpaceDefinition.read(given)


def _part(
    space: SpaceDefinition, only: Sequence[str] | None, fix: Mapping[str, object] | None
) -> SpaceDefinition:
    """Return the part of a space that is to be searched.

    Raises:
        UserError: an unknown hyperparameter or an illegal value.
    """
    return restricted(space, only, fix) if only is not None or fix else space
