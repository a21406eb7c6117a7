"""A knowledge base that has what ships, without some of its tasks."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Collection
from functools import cache
from pathlib import Path

from knowledge_base import KnowledgeBase
from knowledge_base.shipped import write_shipped
from scripts.seed.ship import bundle_without
from scripts.seed.work import SHIPPED


@cache
def shipped_mark() -> str:
    """Return a digest of what ships: what came of other shipped trials is something else."""
    mark = hashlib.sha256()
    for path in sorted(SHIPPED.rglob("*.parquet")):
        mark.update(path.read_bytes())
    return mark.hexdigest()[:12]


def past_without(names: Collection[str], folder: Path) -> KnowledgeBase:
    """Return an otherwise empty knowledge base over what ships without the tasks of these names.

    Its files are written once; what they were made from is the caller's to tell by the folder.
    """
    if not (folder / "seed" / "tasks.parquet").exists():
        new = folder / f"new-{os.getpid()}"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        write_shipped(bundle_without(SHIPPED, names), new)
        with contextlib.suppress(OSError):  # another process was quicker
            new.rename(folder / "seed")
    return KnowledgeBase(folder / "none.duckdb", seed_path=folder / "seed")
