"""The sections of a study's page, in the order in which they are read."""

from advisor.report.charts import (
    contour_charts,
    curves_chart,
    diagnosis_charts,
    evidence_charts,
    history_charts,
    importance_chart,
    judgement_charts,
    parallel_chart,
    slice_charts,
)
from advisor.report.content import History, LeftOut, StudyContent
from advisor.report.content.axes import Axes
from advisor.report.content.curves import Curves
from advisor.report.content.diagnoses import Diagnoses
from advisor.report.content.evidence import Evidence
from advisor.report.content.importance import Importance
from advisor.report.content.judgement import Judgement
from advisor.report.content.reading import DataRead
from advisor.report.content.surface import Surface
from advisor.report.page.filters import config, share
from advisor.report.page.sections import Section, Table


def sections_of(study: StudyContent) -> list[Section]:
    """Return all sections of a study's page after the answer."""
    return [
        _history(study.history),
        _parallel(study.axes),
        _importance(study.importance),
        _slices(study.surface, study.axes),
        _contours(study.surface),
        _curves(study.curves),
        _diagnoses(study.diagnoses),
        _judgement(study.judgement),
        _evidence(study.evidence),
        _data(study.data),
        _trials(study.history),
    ]


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
    columns = ["trial", history.metric, "±", "best so far", "state", "ended after s", "took s",
               "from the past", "expected to beat", "did beat", "configuration",
               "note"]  # fmt: skip
    rows = [
        (s.number, s.value, s.error, s.best, s.state, s.seconds, s.duration,
         "yes" if s.warm else "", share(s.expected), share(s.reached), config(s.config), s.note)
        for s in history.steps
    ]  # fmt: skip
    table = Table(f"All trials: {len(rows)}", columns, rows, "all-trials", True)
    return Section(anchor, title, tables=[table])


def _parallel(axes: Axes | LeftOut) -> Section:
    anchor, title = "parallel", "Parallel coordinates"
    if isinstance(axes, LeftOut):
        return Section(anchor, title, axes.reason)
    how = (
        "Drag over an axis to brush trials, or use the fields below; what is brushed is marked in "
        "the other charts, and the table of all trials shows nothing else. A double click shows "
        "all again."
    )
    return Section(anchor, title, lines=[how], charts=[parallel_chart(axes)])


def _importance(importance: Importance | LeftOut) -> Section:
    anchor, title = "importance", "What matters"
    if isinstance(importance, LeftOut):
        return Section(anchor, title, importance.reason)
    lines = [
        "Functional ANOVA (Hutter, Hoos and Leyton-Brown 2014) by a forest of the trials "
        "(extremely randomised trees, Geurts, Ernst and Wehenkel 2006). "
        "Trials of a search crowd where it is good, so that few of them say little; the bars' "
        "lines are the spread over trees, and over past tasks."
    ]
    return Section(anchor, title, lines=lines, charts=[importance_chart(importance)])


def _slices(surface: Surface | LeftOut, axes: Axes | LeftOut) -> Section:
    anchor, title = "slices", "Slices"
    if isinstance(surface, LeftOut):
        return Section(anchor, title, surface.reason)
    if isinstance(axes, LeftOut):
        return Section(anchor, title, axes.reason)
    past = "with the past in it" if surface.informed else "without a past"
    lines = [
        f"What the surrogate ({past}) expects along each hyperparameter, all else as in trial "
        f"{surface.best}, with its 80% interval; green is where the past was good."
    ]
    return Section(anchor, title, lines=lines, charts=slice_charts(surface, axes), grid=True)


def _contours(surface: Surface | LeftOut) -> Section:
    anchor, title = "contours", "Pairs"
    if isinstance(surface, LeftOut):
        return Section(anchor, title, surface.reason)
    if not surface.contours:
        return Section(anchor, title, "Only one hyperparameter varies, so there are no pairs.")
    lines = ["What the surrogate expects over each pair of those that matter most, and how "
             "uncertain it is of that."]  # fmt: skip
    return Section(anchor, title, lines=lines, charts=contour_charts(surface), grid=True)


def _curves(curves: Curves | LeftOut) -> Section:
    anchor, title = "curves", "Learning curves"
    if isinstance(curves, LeftOut):
        return Section(anchor, title, curves.reason)
    lines = [curves.note] if curves.note else []
    if not any(one.stopped for one in curves.curves):
        lines.append("No trial ended early.")
    return Section(anchor, title, lines=lines, charts=[curves_chart(curves)])


def _diagnoses(diagnoses: Diagnoses | LeftOut) -> Section:
    anchor, title = "diagnoses", "What went wrong"
    if isinstance(diagnoses, LeftOut):
        return Section(anchor, title, diagnoses.reason)
    counted = [(name, count) for name, count in diagnoses.counts.items()]
    if not counted:
        return Section(anchor, title, "Nothing went wrong that the trials' curves show.")
    rows = [
        (one.number, one.value, finding.title, finding.evidence,
         "; ".join([*(r.text for r in finding.remedies), *finding.advice]))
        for one in diagnoses.diagnosed
        for finding in one.findings
    ]  # fmt: skip
    lines = [f"Trials with a curve that shows nothing: {diagnoses.healthy}."]
    tables = [
        Table("How many trials show what", ["what", "trials"], counted),
        Table("All findings", ["trial", "value", "what", "evidence", "what helps"], rows,
              sortable=True),
    ]  # fmt: skip
    charts = diagnosis_charts(diagnoses)
    return Section(anchor, title, lines=lines, charts=charts, tables=tables, grid=True)


def _judgement(judgement: Judgement | LeftOut) -> Section:
    anchor, title = "judgement", "What the model says of validation rows"
    if isinstance(judgement, LeftOut):
        return Section(anchor, title, judgement.reason)
    return Section(anchor, title, charts=judgement_charts(judgement), grid=True)


def _evidence(evidence: Evidence | LeftOut) -> Section:
    anchor, title = "evidence", "The evidence of the past"
    if isinstance(evidence, LeftOut):
        return Section(anchor, title, evidence.reason)
    lines = []
    if evidence.together is None:
        lines.append("Too few trials have a value to say whether the past was right.")
    else:
        lines.append(
            f"What all of them together expected agrees with {evidence.told} trials by a rank "
            f"correlation of {evidence.together:.2f}; a search that follows the past tries little "
            "of what it thinks bad, so that this is no fair sample."
        )
    if not evidence.named:
        lines.append("The study keeps no names of past tasks, as those of earlier versions.")
    return Section(anchor, title, lines=lines, charts=evidence_charts(evidence))


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
