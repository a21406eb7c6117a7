"""The pages of a comparison and of a knowledge base."""

from advisor.report.charts import comparison_charts, families_chart
from advisor.report.content.comparison import ComparisonContent, Mean
from advisor.report.content.store import StoreContent
from advisor.report.page.filters import around
from advisor.report.page.render import page
from advisor.report.page.sections import Section, Table, figures_of


def comparison_page(content: ComparisonContent) -> str:
    """Return the page of a comparison as HTML.

    Raises:
        UserError: the charting library is not installed.
    """
    columns = ["strategy", f"best {content.metric}", "test", "at trial", "mean rank", "trials",
               "epochs", "seconds"]  # fmt: skip
    rows = [
        (one.name, *map(_mean, (one.best, one.test, one.found_after, one.mean_rank, one.trials,
                                one.epochs, one.seconds)))
        for one in content.contestants
    ]  # fmt: skip
    studies = [
        (one.name, name, history.steps[-1].best, len(history.steps))
        for one in content.contestants
        for name, history in one.histories
    ]
    each = f"mean of {content.seeds} seeds ± standard error" if content.seeds > 1 else "one seed"
    return _page(
        f"Comparison {content.name}",
        "Comparison",
        [
            f"{content.metric} ({content.direction}) of {content.task}; {content.trials} trials of "
            f"each strategy, {each}; {content.finished} of {content.studies} studies are finished.",
            content.path,
        ],
        content.sentence,
        [
            Section("history", "History", charts=comparison_charts(content)),
            Section("standings", "Standings", lines=content.notes,
                    tables=[Table("Strategies, the best first", columns, rows, sortable=True)]),
            Section("studies", "Studies",
                    tables=[Table("Every study", ["strategy", "study", "best", "trials"], studies,
                                  sortable=True)]),
        ],
    )  # fmt: skip


def store_page(content: StoreContent) -> str:
    """Return the page of a knowledge base as HTML.

    Raises:
        UserError: the charting library is not installed.
    """
    counts = [
        (name, layers.get("user", 0), layers.get("seed", 0))
        for name, layers in content.counts.items()
    ]
    tasks = [
        (t.name, t.target, t.metric, t.direction, t.family, t.trials, t.best,
         "your own" if t.layer == "user" else "shipped", t.task_id[:12])
        for t in content.tasks
    ]  # fmt: skip
    studies = [
        (s.name, s.strategy, s.source, s.contributor, s.created_at, s.trials, s.study_id[:12])
        for s in content.studies
    ]
    left = content.n_tasks - len(content.tasks)
    more = [f"{left:,} more tasks are in the store."] if left > 0 else []
    none = None if studies else "No study of your own is stored yet; `advisor tune` adds them."
    return _page(
        "Knowledge base",
        "Knowledge base",
        [content.path],
        content.sentence,
        [
            Section("families", "Trials", charts=[families_chart(content.families)],
                    tables=[Table("How many rows there are", ["table", "your own", "shipped"],
                                  counts),
                            Table("How trials ended", ["state", "trials"],
                                  list(content.states.items()))]),
            Section("studies", "Your own studies", none,
                    tables=[Table("The newest first", ["study", "strategy", "source",
                                  "contributor", "begun", "trials", "identity"], studies,
                                  sortable=True)]),
            Section("tasks", "Tasks", lines=more,
                    tables=[Table("Your own first", ["task", "target", "metric", "direction",
                                  "family", "trials", "best", "whose", "identity"], tasks,
                                  sortable=True)]),
        ],
    )  # fmt: skip


def _page(title: str, kind: str, about: list[str], answer: str, sections: list[Section]) -> str:
    charts = [chart for section in sections for chart in section.charts]
    return page(
        "plain.html.j2",
        figures_of(charts),
        title=title,
        kind=kind,
        about=about,
        answer=answer,
        sections=[(section.anchor, section.title) for section in sections],
        parts_shown=sections,
    )


def _mean(mean: Mean) -> str:
    return around(mean.value, mean.error)
