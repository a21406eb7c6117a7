"""Names of columns: whatever a frame calls its columns, they get texts as names."""

import pandas as pd

INNER = "_"
"""What stands between the levels of a name."""


def plain_name(name: object) -> str:
    """Return the name of a column as a text; the levels of a name are joined.

    >>> plain_name(3), plain_name(("a", "x")), plain_name(("label", ""))
    ('3', 'a_x', 'label')
    """
    if isinstance(name, tuple):
        return INNER.join(text for text in map(str, name) if text)
    return str(name)


def with_plain_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose columns have texts as names, and whose rows are simply numbered."""
    plain = frame.set_axis([plain_name(name) for name in frame.columns], axis=1)
    return plain.reset_index(drop=True)


def numbered_names(n: int) -> list[str]:
    """Return names for columns that have none, as scikit-learn makes them."""
    return [f"x{place}" for place in range(n)]
