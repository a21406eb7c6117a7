"""One trial of the knowledge base: its configuration, its numbers and its learning curve."""

import json

from starlette.requests import Request
from starlette.responses import Response

from advisor.view.charts import Chart, Series, chart
from advisor.view.site import site_of
from advisor.view.store import plain_rows
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError

CURVES = {"train_metric": "training", "val_metric": "validation"}
LOSSES = {"train_loss": "training", "val_loss": "validation"}

_OF = (
    "SELECT studies.name AS study, strategy, contributor, tasks.name AS task, metric, direction "
    "FROM (SELECT * FROM studies WHERE study_id = ?) AS studies JOIN tasks USING (task_id)"
)


def page(request: Request) -> Response:
    """Show a trial."""
    site, trial_id = site_of(request), request.query_params.get("id", "")
    kb = site.advisor.kb
    rows = plain_rows(kb.trials(where=[("trial_id", "=", trial_id)], limit=1))
    if not rows:
        raise UserError(f"There is no trial '{trial_id[:80]}'; the page of trials lists them.")
    (row,) = rows
    about = next(iter(plain_rows(kb.query(_OF, [row["study_id"]]))), {})
    metrics = json.loads(str(row["metrics"] or "{}"))
    labels = json.loads(str(row["labels"] or "[]"))
    metric = str(about.get("metric", "metric"))
    return site.page(
        request,
        "trial.html",
        title=f"Trial {row['number']}",
        row={**row, **about},
        metrics=metrics,
        labels=labels,
        charts=_charts(kb, str(row["trial_id"]), metric),
    )


def _charts(kb: KnowledgeBase, trial_id: str, metric: str) -> list[Chart]:
    curves = plain_rows(
        kb.query("SELECT * FROM curves WHERE trial_id = ? ORDER BY epoch", [trial_id])
    )
    found = []
    for names, label in ((CURVES, metric), (LOSSES, "loss")):
        series = [
            Series(words, [(float(str(r["epoch"])), float(str(r[name]))) for r in curves
                           if r[name] is not None], "line")
            for name, words in names.items()
        ]  # fmt: skip
        drawn = chart(f"The {label} by epoch", "epoch", label, series)
        if drawn is not None:
            found.append(drawn)
    return found
