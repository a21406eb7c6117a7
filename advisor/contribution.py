"""Contributing finished runs: from what the user says to the importer that reads them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.checks import one_of, whole
from advisor.directions import may_be_turned, usual_direction
from advisor.metrics import METRICS
from knowledge_base import ContributionError, KnowledgeBase
from knowledge_base.durable import reason_of
from knowledge_base.errors import UserError
from knowledge_base.importers import ImportOptions, find_importer, importer_of_object
from knowledge_base.importers.adding import contribute
from knowledge_base.importers.contribution import ContributionReport
from knowledge_base.naming import contributor
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import Direction

if TYPE_CHECKING:
    import pandas as pd

    from advisor.data import Dataset


def contribute_source(
    kb: KnowledgeBase,
    source: object,
    *,
    importer: str | None = None,
    dataset: "str | Path | pd.DataFrame | Dataset | None" = None,
    target: str | None = None,
    space: str | Path | SpaceDefinition | None = None,
    metric: str | None = None,
    direction: str | None = None,
    family: str | None = None,
    task_name: str | None = None,
    study_name: str | None = None,
    metrics_file: str | None = None,
    dry_run: bool = False,
    seed: int = 0,
    group: str | None = None,
) -> ContributionReport:
    """Add the trials of a file, folder or storage to a knowledge base.

    Args:
        kb: where they go.
        source: a file, folder or address of runs that an importer reads, or a study of Optuna.
        importer: its name; default by the source.
        dataset, target: the data behind the trials, if they are at hand.
        space: search space, or a file with it; default that of the family for tables of trials,
            and for runs of other tools the one that they keep, or what was tried.
        metric, direction: what the trials optimise; the direction of a known metric is known.
        family: model family.
        task_name: name of the task, without a data set.
        study_name: which study of an Optuna storage, or experiment of another tool.
        metrics_file: name of the file with the metrics in each folder of a job of Hydra.
        dry_run: report only.
        seed: of the sample for metafeatures.
        group: its column of rows that were not split apart.

    Raises:
        UserError: the source as a whole cannot be used.
    """
    if direction is not None:
        one_of("direction", direction, tuple(Direction))
    whole("seed", seed, 0)
    is_text = isinstance(source, str | Path)
    if is_text:
        found = find_importer(str(source), importer)
    else:
        found = importer_of_object(source, importer)
    known = METRICS.get(metric) if metric else None
    if space is not None and not found.takes_space:
        raise ContributionError(
            f"`space` is for tables and for tools that keep none; {found.name} has its own."
        )
    spaces = _spaces(space, family) if space is not None or found.name == "table" else []
    options = ImportOptions(
        space=spaces[0] if spaces else None,
        earlier=spaces[1:],
        metric=metric,
        direction=direction or (known.direction if known else None),
        family=family,
        task_name=task_name,
        study=study_name,
        metrics_file=metrics_file,
        contributor=contributor(),
        direction_of=_direction_of,
    )
    if dataset is not None:
        options = _with_data(options, dataset, target, seed, group)
    try:
        if is_text:
            contribution = found.read(str(source), options)
        else:
            contribution = found.read_object(source, options)
    except OSError as error:
        raise ContributionError(f"{source} cannot be read: {reason_of(error)}.") from error
    return contribute(kb, contribution, dry_run=dry_run)


def _direction_of(metric: str) -> str | None:
    """Return the direction of a metric that is known by its name, maybe after that of a split.

    These rules come before those of `usual_direction`, since direction is a part of what a task is:
    what was read by them is to be the same task when it is read again. They know nothing of names
    that are turned round, such as `neg_log_loss`, and read them the wrong way.
    """
    if may_be_turned(metric):
        return usual_direction(metric)
    for name in (metric, re.split(r"[/._]", metric, maxsplit=1)[-1]):
        if name in METRICS:
            return METRICS[name].direction
    if metric.lower().endswith("loss"):
        return Direction.MINIMIZE
    return usual_direction(metric)


def _spaces(
    given: str | Path | SpaceDefinition | None, family: str | None
) -> list[SpaceDefinition]:
    """Return the space of a table of trials, that of a family with its earlier versions."""
    if isinstance(given, SpaceDefinition):
        return [given]
    if given is not None:
        return [SpaceDefinition.read(given)]
    from advisor.models import get_family

    found = get_family(family or "mlp")
    return [found.space(), *map(found.space_in, sorted(found.earlier, reverse=True))]


def _with_data(
    options: ImportOptions,
    source: "str | Path | pd.DataFrame | Dataset",
    target: str | None,
    seed: int,
    group: str | None,
) -> ImportOptions:
    from advisor import metafeatures
    from advisor.data import Dataset, load_dataset

    if isinstance(source, Dataset) and group is not None:
        raise UserError("`group` is for data that are still to be read: load them with it.")
    data = source if isinstance(source, Dataset) else load_dataset(source, target, group=group)
    return replace(
        options,
        dataset=data.record(),
        target=data.predicted,
        metafeatures=metafeatures.compute(data, seed=seed),
        metafeatures_version=metafeatures.VERSION,
    )
