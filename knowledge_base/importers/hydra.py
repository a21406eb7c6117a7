"""Hydra: the folder of a multirun, with one folder per job, or of all multiruns of an application.

Hydra keeps the configuration of each job and nothing of what came of it: metrics are read from a
file that the jobs wrote into their folders, JSON (one object of last values), JSON Lines or CSV
(one line per step).
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from knowledge_base.errors import ContributionError
from knowledge_base.identity import trial_ids
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.contribution import Rejection
from knowledge_base.importers.foreign_files import (
    number,
    read_document,
    read_lines,
    read_text,
    read_yaml,
)
from knowledge_base.importers.inferred import flat
from knowledge_base.importers.runs import Found, Run, RunsImporter
from knowledge_base.limits import MAX_LINES_BYTES
from knowledge_base.states import TrialState
from knowledge_base.types import ConfigDict

CONFIG = Path(".hydra") / "config.yaml"
"""Where Hydra keeps the configuration of a job."""

HYDRA = Path(".hydra") / "hydra.yaml"
"""Where Hydra keeps what it was told itself."""

ENDINGS = (".json", ".jsonl", ".csv")
"""Endings of files with metrics."""

STEPS = ("step", "global_step", "epoch", "iteration")
"""Columns that count, the first that is there."""


class HydraImporter(RunsImporter):
    """The jobs of one application: of one multirun, or of all below `multirun`."""

    name = "hydra"

    def accepts(self, source: str) -> bool:
        """Return whether it is a folder of jobs."""
        return bool(_jobs(Path(source)))

    def runs(self, source: str, options: ImportOptions) -> Found:
        """Read the jobs of an application.

        Raises:
            ContributionError: there are none, or it is not clear of which application, or which
                file has the metrics.
        """
        found = _jobs(Path(source))
        if not found:
            raise ContributionError(f"{source} is no folder of a multirun of Hydra.")
        name, jobs = _chosen(source, found, options.study)
        file = options.metrics_file or _only_file(source, jobs)
        if not any((job / file).is_file() for job in jobs):
            raise ContributionError(f"No job of {source} has a file {file}, which `metrics_file` "
                                    "names.")  # fmt: skip
        configs: dict[Path, ConfigDict] = {}
        overrides: dict[Path, dict[str, str]] = {}
        rejected: list[Rejection] = []
        for job in jobs:
            try:
                configs[job] = flat(read_yaml(job / CONFIG))
                overrides[job] = _overrides(job)
            except ContributionError as error:
                rejected.append(Rejection(_origin(job, source), f"it cannot be read: {error}"))
        searched = _searched(configs, overrides)
        studies = {sweep: _led_by_ours(sweep) for sweep in {job.parent for job in jobs}}
        runs: list[Run] = []
        for job in jobs:
            if job not in configs:
                continue
            params = {n: v for n, v in {**overrides[job], **configs[job]}.items() if n in searched}
            try:
                run = _run(job, file, params, studies[job.parent])
            except (ContributionError, ValueError) as error:
                rejected.append(Rejection(_origin(job, source), f"it cannot be read: {error}"))
                continue
            runs.append(replace(run, origin=_origin(job, source)))
        lost = sum(run.state is TrialState.FAILED for run in runs)
        told = (f"{lost} jobs left no {file}, and count as failed.",) if lost else ()
        return Found(name, runs, rejected=tuple(rejected), warnings=told)


def _jobs(folder: Path) -> list[Path]:
    """Return the folders of jobs by multirun and number; a folder of one job is none of a multirun.

    Unless it is told otherwise, Hydra makes them as multirun/DATE/TIME/NUMBER.
    """
    for depth in ("*", "*/*", "*/*/*"):
        found = [path.parent.parent for path in folder.glob(f"{depth}/{CONFIG.as_posix()}")]
        if found:
            break
    found.sort(key=lambda job: (job.parent, not job.name.isdecimal(), len(job.name), job.name))
    return found


def _origin(job: Path, source: str) -> str:
    return job.relative_to(source).as_posix()


def _chosen(source: str, jobs: Sequence[Path], wanted: str | None) -> tuple[str, list[Path]]:
    """Return the name of the application that is read, and its jobs.

    Raises:
        ContributionError: there are several, or none of the name that is wanted.
    """
    sweeps: dict[Path, list[Path]] = {}
    for job in jobs:
        sweeps.setdefault(job.parent, []).append(job)
    by_name: dict[str, list[Path]] = {}
    for sweep in sweeps.values():
        known = next(filter(None, map(_application, sweep)), Path(source).resolve().name)
        by_name.setdefault(known, []).extend(sweep)
    if len(by_name) == 1:
        return next(iter(by_name.items()))
    if wanted is None or wanted not in by_name:
        raise ContributionError(
            f"Say with `study` which application of {source} to read; there are: "
            f"{', '.join(sorted(by_name))}."
        )
    return wanted, by_name[wanted]


def _application(job: Path) -> str | None:
    """Return what Hydra calls the application of a job, None where it does not say."""
    try:
        name = _told(job).get("job", {}).get("name")
    except (ContributionError, OSError):
        return None
    return name if isinstance(name, str) and name else None


def _told(job: Path) -> dict[str, Mapping[str, object]]:
    """Return the parts of what Hydra was told itself, none where it was not kept.

    Raises:
        ContributionError: it cannot be read.
    """
    file = job / HYDRA
    told = read_yaml(file).get("hydra") if file.is_file() else None
    parts = told.items() if isinstance(told, Mapping) else ()
    return {name: part for name, part in parts if isinstance(part, Mapping)}


def _only_file(source: str, jobs: Iterable[Path]) -> str:
    """Return the name of the only file that may have metrics.

    Raises:
        ContributionError: there are none or several.
    """
    names = sorted({path.name for job in jobs for path in job.iterdir()
                    if path.suffix in ENDINGS and path.is_file()})  # fmt: skip
    if len(names) == 1:
        return names[0]
    listed = f"there are: {', '.join(names[:20])}" if names else "there is none"
    raise ContributionError(
        f"Say with `metrics_file` which file in the folders of the jobs of {source} has their "
        f"metrics; {listed}."
    )


def _overrides(job: Path) -> dict[str, str]:
    """Return what was said for a job, by name.

    Raises:
        ContributionError: the file is damaged.
    """
    file = job / ".hydra" / "overrides.yaml"
    lines = read_text(file).splitlines() if file.is_file() else []
    pairs = [line.strip().removeprefix("- ").strip("'\"").partition("=") for line in lines]
    return {name.lstrip("+~"): value for name, sign, value in pairs if sign}


def _searched(
    configs: Mapping[Path, ConfigDict], overrides: Mapping[Path, Mapping[str, str]]
) -> set[str]:
    """Return the names that were set for jobs, or that differ between them."""
    names = {name for config in configs.values() for name in config}
    said = {name for found in overrides.values() for name in found}
    differing = {
        name for name in names
        if len({repr(config.get(name, overrides)) for config in configs.values()}) > 1
    }  # fmt: skip
    return (said & names) | differing or names


def _led_by_ours(folder: Path) -> str | None:
    """Return the study as which our sweeper told the jobs, None where it did not lead them."""
    file = folder / "optimization_results.yaml"
    if not file.is_file():
        return None
    try:
        study = read_yaml(file).get("study_id")
    except ContributionError:
        return None
    return study if isinstance(study, str) else None


def _run(job: Path, file: str, params: ConfigDict, study: str | None) -> Run:
    """Return a job as a run; one without metrics failed, as far as can be told.

    Raises:
        ContributionError, ValueError: its metrics cannot be read.
    """
    path = job / file
    told = _told(job)
    identity = str(told.get("runtime", {}).get("output_dir") or job.resolve())
    place = told.get("job", {}).get("num")
    told_as = None if study is None or type(place) is not int else trial_ids(study, [place])[0]
    if not path.is_file():
        # If it was only not finished yet, it will be another run when it is.
        identity += " without metrics"
        return Run(
            identity,
            job.name,
            params,
            TrialState.FAILED,
            error=f"it left no {file}",
            told_as=told_as,
        )
    return Run(identity, job.name, params, TrialState.COMPLETE, _curves(path), told_as=told_as)


def _curves(path: Path) -> dict[str, Sequence[tuple[int, float]]]:
    """Return the values of each metric in a file.

    Raises:
        ContributionError, ValueError: it cannot be read.
    """
    if path.suffix == ".json":
        rows: list[Mapping[str, object]] = [flat(read_document(path))]
    elif path.suffix == ".csv":
        reader = csv.DictReader(read_text(path, MAX_LINES_BYTES).splitlines(), strict=True)
        rows = [{name: _cell(cell) for name, cell in row.items() if name} for row in reader]
    else:
        rows = [flat(row) for _, row in read_lines(path)]
    counting = (name for name in STEPS if any(number(row.get(name)) is not None for row in rows))
    counter = next(counting, None)
    found: dict[str, dict[int, float]] = {}
    for place, row in enumerate(rows):
        counted = number(row.get(counter)) if counter else None
        step = place if counted is None else int(counted)
        for name, cell in row.items():
            value = number(cell)
            if value is not None and name not in STEPS:
                found.setdefault(name, {})[step] = value
    return {name: sorted(points.items()) for name, points in found.items()}


def _cell(text: object) -> object:
    """Return a cell of a CSV file as a number where it is one; empty ones stay texts."""
    try:
        return float(str(text))
    except ValueError:
        return text
