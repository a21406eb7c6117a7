"""Configurations that every data set of a family is trained with besides the Sobol ones.

`portfolio.json` has the earlier library default first, then variants of it that
docs/findings.md suggested, then what `propose.py` proposed: what all past tasks
together expect to be best. Unlike what a search finds on one data set, they are known on all.
"""

import json
from pathlib import Path

from knowledge_base.durable import write_text
from knowledge_base.types import ConfigDict

PORTFOLIO = Path(__file__).with_name("portfolio.json")


def portfolio_of(family: str) -> list[ConfigDict]:
    """Return the shared configurations of a family, none of an unknown one."""
    return list(json.loads(PORTFOLIO.read_text()).get(family, []))


def write_portfolio(portfolio: dict[str, list[ConfigDict]]) -> None:
    """Replace the file, one configuration per line."""
    families = (
        f' "{family}": [\n' + ",\n".join("  " + json.dumps(c, sort_keys=True) for c in configs)
        for family, configs in portfolio.items()
    )
    write_text(PORTFOLIO, "{\n" + "\n ],\n".join(families) + "\n ]\n}\n")
