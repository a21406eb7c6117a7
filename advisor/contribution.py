"""Contributing finished runs: from what the user says to the importer that reads them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.checks import one_of, whole
from advisor.environment import contributor
from advisor.metrics import METRICS
from knowledge_base import ContributionError, KnowledgeBase
from knowledge_base.durable import reason_of
from knowledge_base.errors import UserError
from knowledge_base.importers import ImportOptions, find_importer
from knowledge_base.importers.adding import contribute
from knowledge_base.importers.contribution import ContributionReport
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import Direction

if TYPE_CHECKING:
    import pandas as pd

    from advisor.data import Dataset


def contribute_source(
    kb: KnowledgeBase,
    source: str,
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
    dry_run: bool = False,
    seed: int = 0,
    group: str | None = None,
) -> ContributionReport:
    """Add the trials of a file, folder or storage to a knowledge base.

    Args:
        kb: where they go.
        source: CSV, JSON Lines, study directory, knowledge base or Optuna storage.
        importer: its name; default by the source.
        dataset, target: the data behind the trials, if they are at hand.
        space: search space, or a file with it; default that of the family.
        metric, direction: what the trials optimise; the direction of a known metric is known.
        family: model family.
        task_name: name of the task, without a data set.
        study_name: which study of an Optuna storage.
        dry_run: report only.
        seed: of the sample for metafeatures.
        group: its column of rows that were not split apart.

    Raises:
        UserError: the source as a whole cannot be used.
    """
    if direction is not None:
        one_of("direction", direction, tuple(Direction))
    whole("seed", seed, 0)
    found = find_importer(source, importer)
    known = METRICS.get(metric) if metric else None
    spaces = _spaces(space, family) if found.name == "table" else []
    options = ImportOptions(
        space=spaces[0] if spaces else None,
        earlier=spaces[1:],
        metric=metric,
        direction=direction or (known.direction if known else None),
        family=family,
        task_name=task_name,
        study=study_name,
        contributor=contributor(),
    )
    if dataset is not None:
        options = _with_data(options, dataset, target, seed, group)
    try:
        contribution = found.read(source, options)
    except OSError as error:
        raise ContributionError(f"{source} cannot be read: {reason_of(error)}.") from error
    return contribute(kb, contribution, dry_run=dry_run)


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
