"""The page of a study."""

from pathlib import Path

from advisor.report.charts import Chart, standings_chart
from advisor.report.content import StudyContent, study_content
from advisor.report.content.answer import TITLES, Answer
from advisor.report.page.render import page
from advisor.report.page.sections import figures_of
from advisor.report.page.study_sections import sections_of
from advisor.report.page.writing import check_page_file, write_page


def study_page(study: StudyContent) -> str:
    """Return the page of a study as HTML.

    Raises:
        UserError: the charting library is not installed.
    """
    sections = sections_of(study)
    beside = _standings(study)
    charts = [chart for section in sections for chart in section.charts]
    return page(
        "study.html.j2",
        figures_of([*beside, *charts]),
        title=f"Study {study.name}",
        kind="Study",
        sections=[("answer", "The answer"), *((s.anchor, s.title) for s in sections)],
        parts_shown=sections,
        study=study,
        titles=TITLES,
        charts=beside,
    )


def _standings(study: StudyContent) -> list[Chart]:
    answer = study.answer
    if not isinstance(answer, Answer):
        return []
    chart = standings_chart(answer.standings, answer.metric, answer.direction, TITLES)
    return [] if chart is None else [chart]


def write_study_page(folder: Path, path: Path, seed: int = 0) -> Path:
    """Write the page of the study in a folder; return where it lies.

    Args:
        folder: of the study.
        path: of the page.
        seed: of the forests that importance is told from.

    Raises:
        UserError: there is no study, it cannot be read, or the page cannot be written.
    """
    check_page_file(path)
    return write_page(path, study_page(study_content(folder, seed)))
