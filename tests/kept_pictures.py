"""Pictures of pages for docs/, which tests make where they are told a folder for them."""

import os
from pathlib import Path

FOLDER = os.environ.get("ADVISOR_SCREENSHOTS")
"""Folder that pictures of the pages are written to; none are without it."""

MAX_BYTES = 200_000


def keep_picture(page, name):
    """Write what is seen of a page of the browser, in few colours."""
    if FOLDER is None:
        return
    from PIL import Image

    path = Path(FOLDER) / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(64)
    few.save(path, optimize=True)
    assert path.stat().st_size < MAX_BYTES
