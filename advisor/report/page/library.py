"""The charting library on a page: Plotly's bundle out of its package, packed."""

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
    """Return the bundle as gzip in base64: a third of its size, which browsers unpack themselves.

    Raises:
        UserError: as `bundle_path`.
    """
    return b64encode(gzip.compress(bundle_path().read_bytes(), mtime=0)).decode("ascii")
