"""The charting library on a page, and what it draws: packed, so that browsers unpack them."""

import gzip
from base64 import b64encode
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from knowledge_base.errors import UserError

BUNDLE = Path("package_data") / "plotly.min.js"
"""Where the bundle lies in the package `plotly`."""


def bundle_path() -> Path:
    """Return the file of Plotly's bundle in the installed package.

    Raises:
        UserError: the package is not installed, or lacks the bundle.
    """
    found = find_spec("plotly")  # Importing it would take longer than the report.
    path = None if found is None or found.origin is None else Path(found.origin).parent / BUNDLE
    if path is None or not path.is_file():
        raise UserError(
            "Reports are drawn by Plotly, which is not installed: pip install 'plotly>=6'."
        )
    return path


@cache
def packed_bundle() -> str:
    """Return the bundle, packed: two fifths of its size.

    Raises:
        UserError: as `bundle_path`.
    """
    return packed(bundle_path().read_bytes())


def packed(content: bytes) -> str:
    """Return bytes as gzip in base64, which may stand in a script element."""
    return b64encode(gzip.compress(content, 6, mtime=0)).decode("ascii")
