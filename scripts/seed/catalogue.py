"""The data sets that ship and those that are held out, of all modalities."""

from scripts.seed.images import IMAGES
from scripts.seed.series import SERIES
from scripts.seed.tables import HELD_OUT, SEED
from scripts.seed.texts import TEXTS
from scripts.seed.work import Entry

__all__ = ["ENTRIES", "HELD_OUT", "shipped_entries"]

ENTRIES: dict[str, list[Entry]] = {
    "table": list(SEED),
    "image": list(IMAGES),
    "text": list(TEXTS),
    "series": list(SERIES),
}
"""What ships, by modality; `HELD_OUT` are the tables that never do."""


def shipped_entries() -> list[Entry]:
    """Return everything that ships."""
    return [entry for entries in ENTRIES.values() for entry in entries]
