"""What went wrong in a user's own code, in one line."""

import traceback
from pathlib import Path

OURS = Path(__file__).resolve().parent


def fault(error: BaseException) -> str:
    """Return kind, message and, if it is in the user's code, the place of an exception.

    >>> fault(ValueError("units must be even"))
    'ValueError: units must be even'
    """
    told = f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or OURS in Path(frames[-1].filename).resolve().parents:
        return told
    return f"{told} ({Path(frames[-1].filename).name}:{frames[-1].lineno})"
