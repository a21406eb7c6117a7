"""The browser in which pages are looked at."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Return where Chromium is installed, None where it is not."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)
