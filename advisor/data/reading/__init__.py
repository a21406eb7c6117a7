"""Readings: how a file was read, as a value with which new rows are read the same way."""

from advisor.data.reading.base import NewRows, Reading
from advisor.data.reading.strict import Fields, NotAReadingError
from knowledge_base.errors import UserError
from knowledge_base.registry import Registry

READINGS: Registry[type[Reading[object]]] = Registry(
    "reading of data",
    {
        "table": "advisor.data.reading.table:TableReading",
        "image": "advisor.data.reading.image:ImageReading",
        "text": "advisor.data.reading.text:TextReading",
        "series": "advisor.data.reading.series:SeriesReading",
    },
)
"""All readings by the modality of their data."""

__all__ = ["READINGS", "NewRows", "Reading", "reading_from_dict"]


def reading_from_dict(stored: object) -> Reading[object]:
    """Return what `Reading.to_dict` gave, after whatever happened to it on disk.

    Args:
        stored: decoded JSON; a stranger may have written it.

    Raises:
        UserError: it is no reading; says what is wrong with it.
    """
    try:
        fields = Fields(stored, "the reading")
        return READINGS[fields.text("modality", tuple(READINGS))].from_fields(fields)
    except NotAReadingError as error:
        raise UserError(
            f"This is not an account of how data are read: {error}. Take it anew from the data set."
        ) from error
