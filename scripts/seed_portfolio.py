"""Configurations that every data set of a family is trained with besides the Sobol ones.

`seed_portfolio.json` has the earlier library default first, then variants of it that
docs/findings.md suggested, then what `propose_portfolio.py` proposed: what all past tasks
together expect to be best. Unlike what a search finds on one data set, they are known on all.
"""

import json
from pathlib import Path
from typing import Any

PORTFOLIO = Path(__file__).resolve().parent / "seed_portfolio.json"


def portfolio_of(family: str) -> list[dict[str, Any]]:
    """Return the shared configurations of a family, none of an unknown one."""
    return list(json.loads(PORTFOLIO.read_text()).get(family, []))


def write_portfolio(portfolio: dict[str, list[dict[str, Any]]]) -> None:
    """Replace the file, one configuration per line."""
    families = (
        f' "{family}": [\n' + ",\n".join("  " + json.dumps(c, sort_keys=True) for c in configs)
        for family, configs in portfolio.items()
    )
    PORTFOLIO.write_text("{\n" + "\n ],\n".join(families) + "\n ]\n}\n")
