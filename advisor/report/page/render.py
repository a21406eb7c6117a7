"""From what a study shows to one HTML file that needs no network."""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.report.charts import PALETTES
from advisor.report.page.filters import FILTERS
from advisor.report.page.library import packed, packed_bundle

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"

OWN = ("page.css", "page.js", "parallel.js")
"""What stands in every page as it is."""

_UNSAFE = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""What could end a script element, or a line of a script, within a text of JSON."""


@cache
def environment() -> "Environment":
    """Return what renders the templates: every value is escaped, and a missing one is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    return made


def script_json(value: object) -> str:
    """Return JSON that may stand in a script element: no name in it can end that."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE)


def page(template: str, figures: Mapping[str, object], **shown: object) -> str:
    """Return a whole page.

    Args:
        template: name of its template.
        figures: by the names of charts, what the page's script draws.
        **shown: what the template names.

    Raises:
        UserError: the charting library is not installed.
    """
    from markupsafe import Markup

    own = {name: Markup((TEMPLATES / name).read_text("utf-8")) for name in OWN}
    return environment().get_template(template).render(
        nonce=secrets.token_urlsafe(16),
        style=own["page.css"],
        script=own["parallel.js"] + own["page.js"],
        library=packed_bundle() if figures else "",
        figures=packed(json.dumps(figures, allow_nan=False, separators=(",", ":")).encode()),
        version=version("advisor-automl"),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        palettes=Markup(script_json(PALETTES)),
        **shown,
    )  # fmt: skip
