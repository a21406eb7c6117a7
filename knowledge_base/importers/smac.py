"""SMAC3: the folder of a run, with `runhistory.json`, `configspace.json` and `scenario.json`.

SMAC keeps its space in ConfigSpace's form, which is ours, and minimises a cost. Evaluations of
one configuration with several seeds, instances or budgets are one trial each, which their
starts tell apart.
"""

import math
from collections.abc import Mapping
from pathlib import Path

from knowledge_base.errors import ContributionError, UserError
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.contribution import Rejection
from knowledge_base.importers.foreign_files import moment, number, read_document
from knowledge_base.importers.runs import Found, Run, RunsImporter
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState
from knowledge_base.types import JsonObject

STATES = {
    1: TrialState.COMPLETE,
    2: TrialState.FAILED,
    3: TrialState.FAILED,
    4: TrialState.FAILED,
}
"""States of evaluations that ended: success, crashed, timeout, memory exhausted."""

ERRORS = {2: "it crashed", 3: "it took longer than its limit", 4: "it needed too much memory"}
"""Why evaluations failed, by the numbers that SMAC gives their states."""

HISTORY = "runhistory.json"


class SmacImporter(RunsImporter):
    """The evaluations of one run of SMAC."""

    name = "smac"

    def accepts(self, source: str) -> bool:
        """Return whether it is the folder of a run, or of one below it."""
        return bool(_histories(Path(source)))

    def runs(self, source: str, options: ImportOptions) -> Found:
        """Read the evaluations of a run.

        Raises:
            ContributionError: there is none or several, it has several objectives, or a file is
                damaged.
        """
        folders = _histories(Path(source))
        if len(folders) != 1:
            listed = ", ".join(str(folder) for folder in folders[:10]) or "none"
            raise ContributionError(f"{source} is not one run of SMAC; there are: {listed}.")
        folder = folders[0]
        scenario = read_document(folder / "scenario.json")
        history = read_document(folder / HISTORY)
        objective = scenario.get("objectives", "cost")
        if not isinstance(objective, str):
            raise ContributionError(f"{source} has several objectives; only runs of one can be "
                                    "imported.")  # fmt: skip
        configs, data = history.get("configs"), history.get("data")
        if not isinstance(configs, Mapping) or not isinstance(data, list):
            raise ContributionError(f"{folder / HISTORY} is no history of SMAC.")
        name = str(scenario.get("name") or folder.parent.name)
        runs: list[Run] = []
        rejected: list[Rejection] = []
        for place, entry in enumerate(data):
            where = f"{name}:{place}"
            if not isinstance(entry, Mapping):
                rejected.append(Rejection(where, "it is no evaluation of SMAC"))
                continue
            config = configs.get(str(entry.get("config_id")))
            if not isinstance(config, Mapping):
                rejected.append(Rejection(where, "its configuration is missing"))
                continue
            runs.append(_run(dict(entry), dict(config), where, objective))
        space = _space(folder, name)
        return Found(name, runs, space, objective, "minimize", rejected=tuple(rejected))


def _histories(folder: Path) -> list[Path]:
    """Return the folders of runs that a folder is, or that are up to two levels below it."""
    for pattern in (HISTORY, f"*/{HISTORY}", f"*/*/{HISTORY}"):
        found = sorted(path.parent for path in folder.glob(pattern))
        found = [path for path in found if (path / "scenario.json").is_file()]
        if found:
            return found
    return []


def _space(folder: Path, name: str) -> SpaceDefinition:
    """Return the space of a run.

    Raises:
        ContributionError: it is damaged, or has what our spaces have no form for.
    """
    plain = read_document(folder / "configspace.json")
    try:
        return SpaceDefinition.from_dict({**plain, "name": plain.get("name") or name},
                                         str(folder / "configspace.json"))  # fmt: skip
    except UserError as error:
        raise ContributionError(str(error)) from error


def _run(entry: JsonObject, config: JsonObject, where: str, objective: str) -> Run:
    status = int(number(entry.get("status")) or 0)
    cost = number(entry.get("cost"))
    start, end = number(entry.get("starttime")), number(entry.get("endtime"))
    seconds = None if start is None or end is None or end < start else end - start
    key = [entry.get(part) for part in ("config_id", "instance", "seed", "budget", "starttime")]
    complete = STATES.get(status) is TrialState.COMPLETE
    points = [(1, math.nan if cost is None else cost)] if complete else []
    return Run(
        run_id=repr(key),
        origin=where,
        params=config,
        state=STATES.get(status),
        curves={objective: points} if points else {},
        started_at=moment(start),
        seconds=seconds,
        error=ERRORS.get(status),
    )
