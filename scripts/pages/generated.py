"""Every page that is made from the program and from what ships, and what of it is made quickly."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from knowledge_base import KnowledgeBase
from knowledge_base.durable import write_text
from knowledge_base.shipped import SEED, read_shipped
from scripts import DOCS, ROOT


@dataclass(frozen=True)
class Page:
    """A page that is made, not written.

    Attributes:
        path: where it is kept.
        text: makes it, and the plots that it shows, which may take minutes.
        quick: makes as much of it as takes a second; default all.
        part: cuts that much out of the kept page.
    """

    path: Path
    text: Callable[[], str]
    quick: Callable[[], str] | None = None
    part: Callable[[str], str] = str

    def write(self) -> None:
        """Replace the kept page."""
        write_text(self.path, self.text())

    def kept(self) -> str:
        """Return what of the kept page can be compared with `made`."""
        return self.part(self.path.read_text(encoding="utf-8"))

    def made(self) -> str:
        """Return what the kept page should say, as far as it is made in a second."""
        return (self.quick or self.text)()


def shipped() -> KnowledgeBase:
    """Return a knowledge base that has what ships and nothing else."""
    return KnowledgeBase(ROOT / "nowhere" / "none.duckdb")  # only read, so never made


def _cli() -> str:
    from scripts.pages.cli_reference import reference

    return reference()


def _findings() -> str:
    from scripts.pages.findings import page

    return page(shipped())


def _card() -> str:
    from scripts.pages.card import page

    return page(shipped(), DOCS)


def _card_without_importance() -> str:
    from scripts.pages.card import card, trials_of

    return card(trials_of(shipped()), None)


def _without_importance(text: str) -> str:
    from scripts.pages.card import without_importance

    return without_importance(text)


def _readme() -> str:
    from scripts.seed.readme import readme

    return readme(read_shipped(SEED))


PAGES = {
    "cli": Page(DOCS / "cli.md", _cli),
    "findings": Page(DOCS / "findings.md", _findings),
    "card": Page(DOCS / "knowledge_base.md", _card, _card_without_importance, _without_importance),
    "readme": Page(SEED / "README.md", _readme),
}
"""By the names that `python -m scripts.pages` takes; docs/benchmarks has its own commands."""
