"""What went wrong in the code of others, a user's or a library's, in one line."""

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


def one_line(error: Exception) -> str:
    """Return what an error of a library says, on one line and without a full stop.

    >>> one_line(ValueError("bad magic number,\\n  file is cut off."))
    'bad magic number, file is cut off'
    """
    return " ".join(str(error).split()).rstrip(".")
