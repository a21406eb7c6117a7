"""What every part of a report may be instead: left out, with the reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """A section that a study has no data for.

    Attributes:
        reason: one sentence for the user that says why, and what would bring it.
    """

    reason: str
