"""Studies for MLflow's tracking stores: an experiment for each, a run for each trial."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from advisor.integrations.others.chosen import ShownStudy, ShownTrial
from knowledge_base.errors import UserError
from knowledge_base.importers.mlflow import DIRECTION, METRIC, TOLD_AS
from knowledge_base.states import TrialState

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

STATES = {
    TrialState.COMPLETE: "FINISHED",
    TrialState.STOPPED: "KILLED",
    TrialState.FAILED: "FAILED",
    TrialState.DIVERGED: "FAILED",
}
"""States by the names that MLflow has for them."""

MOST_METRICS, MOST_PARAMS = 1000, 100
"""What MLflow takes at once."""

KIND = "mlflow.experimentKind", "custom_model_development"
"""The tag from which the pages of MLflow 3 know that an experiment has trainings, not prompts."""

SOURCE = {"mlflow.source.name": "advisor", "mlflow.source.type": "LOCAL"}
"""Tags that MLflow shows as where a run came from."""

LONGEST = 400
"""Characters of an error in a tag."""


def export(studies: Iterable[ShownStudy], uri: str) -> int:
    """Add studies to a tracking store; trials that were added before are not added again.

    Args:
        studies: what is shown.
        uri: of the store: "sqlite:///mlflow.db", a folder, or a server.

    Returns:
        How many trials were added.

    Raises:
        UserError: MLflow is not installed, or the store cannot be used.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError:
        raise UserError(
            "MLflow is not installed; run: pip install 'advisor-automl[mlflow]'"
        ) from None
    added = 0
    try:
        client = MlflowClient(tracking_uri=uri)
        for shown in studies:
            added += _add(client, shown)
    except (MlflowException, OSError, ModuleNotFoundError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"{uri} cannot be used as a store of MLflow: {reason[:300]}") from error
    return added


def _add(client: "MlflowClient", shown: ShownStudy) -> int:
    experiment = client.get_experiment_by_name(shown.name)
    made = client.create_experiment(shown.name) if experiment is None else None
    key = made or experiment.experiment_id
    client.set_experiment_tag(key, METRIC, shown.task.metric)
    client.set_experiment_tag(key, DIRECTION, shown.task.direction)
    client.set_experiment_tag(key, *KIND)
    there = set(_told(client, key))
    new = [trial for trial in shown.trials if trial.trial_id not in there]
    for trial in new:
        _log(client, key, trial, shown.task.metric)
    return len(new)


def _told(client: "MlflowClient", experiment: str) -> Iterator[str]:
    """Yield the identities of the trials that an experiment has."""
    token = None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        yield from (run.data.tags[TOLD_AS] for run in page if TOLD_AS in run.data.tags)
        token = page.token
        if not token:
            return


def _log(client: "MlflowClient", experiment: str, trial: ShownTrial, metric: str) -> None:
    from mlflow.entities import Param

    tags = {**SOURCE, TOLD_AS: trial.trial_id, "advisor.state": str(trial.state)}
    tags |= {f"advisor.{name}": str(value) for name, value in trial.about.items()}
    if trial.error is not None:
        tags["advisor.error"] = trial.error[:LONGEST]
    run = client.create_run(
        experiment, start_time=_milliseconds(trial.started_at), tags=tags,
        run_name=f"trial {trial.number}",
    )  # fmt: skip
    params = [Param(name, str(value)) for name, value in sorted(trial.config.items())]
    metrics = _metrics(trial, metric)
    for place in range(0, len(params), MOST_PARAMS):
        client.log_batch(run.info.run_id, params=params[place : place + MOST_PARAMS])
    for place in range(0, len(metrics), MOST_METRICS):
        client.log_batch(run.info.run_id, metrics=metrics[place : place + MOST_METRICS])
    client.set_terminated(run.info.run_id, STATES[trial.state], _milliseconds(trial.ended_at))


def _metrics(trial: ShownTrial, name: str) -> "Sequence[Metric]":
    """Return the curve and what the trial reached, which MLflow shows as the last value."""
    from mlflow.entities import Metric

    points = sorted(trial.curve.items())
    last = points[-1][0] + 1 if points else 1
    if trial.value is not None and (not points or points[-1][1] != trial.value):
        points.append((last, trial.value))
    when = _milliseconds(trial.ended_at)
    found = [Metric(name, value, when, epoch) for epoch, value in points]
    return found + [Metric(n, v, when, last) for n, v in sorted(trial.metrics.items()) if n != name]


def _milliseconds(when: datetime) -> int:
    return round(when.timestamp() * 1000)
