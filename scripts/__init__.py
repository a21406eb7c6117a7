"""What builds, measures and documents the project; no part of the package that is installed.

Everything runs from the root of the repository: `python -m scripts.seed.build`,
`python -m scripts.benchmarks.transfer`, `python -m scripts.pages`. `seed/` makes what ships,
`benchmarks/` has one file or folder for each page of docs/benchmarks, `checks/` tries what may
never fail, and `pages/` writes the other pages that are made and not written.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

BUILD = ROOT / ".build"
"""What was fetched and computed, so that what was cut off goes on; never committed."""

DOCS = ROOT / "docs"
