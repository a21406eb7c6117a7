"""How values are written on a page."""

from collections.abc import Callable, Mapping
from math import isfinite

from advisor.units import seconds_text, size_text
from knowledge_base.types import Config


def number(value: object) -> str:
    """Return a value as a cell: numbers with four digits, nothing for what is missing."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    if isinstance(value, bool | int):
        return str(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def around(value: float | None, error: float | None) -> str:
    """Return a value with its standard error, nothing without a value."""
    if value is None:
        return ""
    return f"{value:.4g}" if error is None else f"{value:.4g} ± {error:.2g}"


def config(value: Config) -> str:
    """Return a configuration on one line, in the order of its names."""
    return " ".join(f"{name}={number(value[name])}" for name in sorted(value))


def share(value: float | None) -> str:
    """Return a share in percent, nothing for a missing one."""
    return "" if value is None else f"{value:.0%}"


def seconds(value: float) -> str:
    """Return a duration as people read it, with milliseconds for short ones."""
    return f"{1000 * value:.2g} ms" if value < 0.1 else seconds_text(value)


FILTERS: Mapping[str, Callable[..., str]] = {
    "number": number,
    "around": around,
    "config": config,
    "share": share,
    "seconds": seconds,
    "size": size_text,
}
