"""The page of a study."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from advisor.report.charts import history_charts
from advisor.report.content import History, LeftOut, StudyContent, study_content
from advisor.report.content.answer import TITLES
from advisor.report.content.reading import DataRead
from advisor.report.page.filters import config
from advisor.report.page.render import page
from advisor.report.page.sections import Section, Table, figures_of
from advisor.report.page.writing import write_page


def study_page(study: StudyContent) -> str:
    """Return the page of a study as HTML.

    Raises:
        UserError: the charting library is not installed.
    """
    sections = [_history(study.history), _trials(study.history), _data(study.data)]
    charts = [chart for section in sections for chart in section.charts]
    return page(
        "study.html.j2",
        figures_of(charts),
        title=f"Study {study.name}",
        kind="Study",
        sections=[("answer", "The answer"), *((s.anchor, s.title) for s in sections)],
        parts_shown=sections,
        study=study,
        titles=TITLES,
        charts=[],
        version=version("advisor-automl"),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def write_study_page(folder: Path, path: Path) -> Path:
    """Write the page of the study in a folder; return where it lies.

    Raises:
        UserError: there is no study, it cannot be read, or the page cannot be written.
    """
    return write_page(path, study_page(study_content(folder)))


def _history(history: History | LeftOut) -> Section:
    anchor, title = "history", "History"
    if isinstance(history, LeftOut):
        return Section(anchor, title, history.reason)
    lines = []
    if not history.timed:
        lines.append("When the trials ended was not stored, so they are shown by number alone.")
    if not history.informed:
        lines.append("The search began without a past, so nothing was expected of its trials.")
    return Section(anchor, title, lines=lines, charts=history_charts(history))


def _trials(history: History | LeftOut) -> Section:
    anchor, title = "trials", "All trials"
    if isinstance(history, LeftOut):
        return Section(anchor, title, history.reason)
    columns = ["trial", history.metric, "±", "state", "seconds", "from the past", "configuration",
               "note"]  # fmt: skip
    rows = [
        (s.number, s.value, s.error, s.state, s.duration, "yes" if s.warm else "", config(s.config),
         s.note)
        for s in history.steps
    ]  # fmt: skip
    table = Table(f"All {len(rows)} trials", columns, rows, "all-trials", True)
    return Section(anchor, title, tables=[table])


def _data(data: DataRead | LeftOut) -> Section:
    anchor, title = "data", "What was read of the data"
    if isinstance(data, LeftOut):
        return Section(anchor, title, data.reason)
    lines, tables = [], []
    if data.intake is None:
        sizes = ((data.rows, "rows"), (data.features, "features"), (data.classes, "classes"))
        lines.append(
            "The study keeps no account of what was read, as those of earlier versions; of the "
            f"data it knows {', '.join(f'{n} {what}' for n, what in sizes if n)}."
        )
    else:
        lines += [f"{data.intake.name}: {data.intake.size}; target {data.intake.target}."]
        rows = [(kind, ", ".join(names)) for kind, names in data.intake.columns.items() if names]
        rows += [(f"left out: {name}", reason) for name, reason in data.intake.left_out.items()]
        rows += [("note", note) for note in data.intake.notes]
        rows += [("warning", warning) for warning in data.intake.warnings]
        tables.append(Table("What was read as what", ["read as", "columns"], rows))
    numbers = sorted(data.metafeatures.items())
    if numbers:
        tables.append(Table("The data set in numbers", ["metafeature", "value"], numbers))
    return Section(anchor, title, lines=lines, tables=tables)
