"""What a study stores about where it ran: package versions and the machine."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("advisor-automl", "torch", "scikit-learn", "numpy", "pandas")


def package_versions() -> dict[str, str]:
    """Return the installed version of every package that matters for a result."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def machine(**more: str) -> dict[str, str | int]:
    """Return a description of the machine; nothing that identifies its owner.

    Args:
        **more: what else is told of it, such as the device that was trained on.
    """
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 1,
        **more,
    }
