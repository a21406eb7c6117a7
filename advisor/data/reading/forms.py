"""Forms of amounts and dates, to and from plain JSON."""

import warnings

import pandas as pd

from advisor.data.amounts import AmountForm
from advisor.data.dates import ALWAYS, PARTS, DateForm, PointForm
from advisor.data.reading.strict import Fields
from knowledge_base.types import JsonObject

MAX_UNITS = 100
MAX_FORMAT = 100
"""Characters of the form of a date."""


def amount_to_dict(form: AmountForm) -> JsonObject:
    """Return a form as plain JSON."""
    return {
        "decimal": form.decimal,
        "units": sorted(form.units),
        "several": form.several,
        "currency": form.currency,
    }


def amount_from(fields: Fields) -> AmountForm:
    """Return what `amount_to_dict` wrote.

    Raises:
        NotAReadingError: it did not write that.
    """
    decimal = fields.optional_text("decimal")
    if decimal not in (None, ".", ","):
        raise fields.wrong("decimal", "is neither a point nor a comma")
    units = frozenset(fields.texts("units", MAX_UNITS))
    form = AmountForm(decimal, units, fields.flag("several"), fields.text("currency"))
    fields.done()
    return form


def point_to_dict(form: PointForm) -> JsonObject:
    """Return a form as plain JSON."""
    return {"format": form.format, "day_first": form.day_first, "each": form.each}


def point_from(fields: Fields) -> PointForm:
    """Return what `point_to_dict` wrote.

    Raises:
        NotAReadingError: it did not write that.
    """
    written = fields.optional_text("format")
    if written is not None and not _is_format(written):
        raise fields.wrong("format", "is not the form of a date")
    form = PointForm(written, fields.flag("day_first"), fields.flag("each"))
    fields.done()
    return form


def optional_point(fields: Fields, name: str) -> PointForm | None:
    """Return the form of points in time that a field holds, if it holds one."""
    return None if fields.get(name) is None else point_from(fields.inner(name))


def date_to_dict(form: DateForm) -> JsonObject:
    """Return a form as plain JSON."""
    points = None if form.points is None else point_to_dict(form.points)
    return {"what": form.what, "points": points, "parts": list(form.parts)}


def date_from(fields: Fields) -> DateForm:
    """Return what `date_to_dict` wrote.

    Raises:
        NotAReadingError: it did not write that.
    """
    what = fields.text("what", tuple(PARTS))
    points = optional_point(fields, "points")
    parts = fields.texts("parts", len(PARTS[what]))
    fields.done()
    known = [part for part in PARTS[what] if part in parts]
    if list(parts) != known or not set(ALWAYS[what]) <= set(parts):
        raise fields.wrong("parts", "are not the parts of a date")
    return DateForm(what, points, parts)


def _is_format(written: str) -> bool:
    if not written.isprintable() or not 0 < len(written) <= MAX_FORMAT or "%" not in written:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pd.to_datetime(pd.Series(["x"]), format=written, errors="coerce", utc=True)
    except ValueError:
        return False
    return True
