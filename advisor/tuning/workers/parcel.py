"""Sends an object to processes on the same machine; its arrays are in memory once for all of them.

The arrays lie in one file, which each process maps into its memory and copies page by page where
it writes (pickle's protocol 5, with buffers out of band). Functions and classes of `__main__`
travel by value, as those of a notebook must, others by the names of their modules. The folder is
this user's only, and only processes that this one started read it.
"""

import mmap
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "advisor-workers-"
"""Begin of the names of folders in the folder for temporary files."""

ALIGNED = 64
"""Bytes at whose multiples arrays begin."""

_LOCK, _HEAD, _ARRAYS = "lock", "head", "arrays"


@contextmanager
def packed(content: object) -> Iterator[Path]:
    """Give the folder of an object until the end of the block.

    Args:
        content: what `unpacked` gives in another process.

    Raises:
        Exception: it cannot be sent; what pickle raises is of any kind.
        OSError: the folder for temporary files cannot be written to, or is full.
    """
    _remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = FileLock(str(folder / _LOCK), thread_local=False)
    try:
        with lock:
            _write(content, folder)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unpacked(folder: Path) -> object:
    """Return the object that `packed` put into a folder.

    Raises:
        Exception: it cannot be made here, such as where a module of it does not import.
    """
    with (folder / _HEAD).open("rb") as file:
        places = pickle.load(file)
        head = file.read()
    buffers: list[memoryview] = []
    if any(size for _, size in places):
        with (folder / _ARRAYS).open("rb") as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
        buffers = [mapped[start : start + size] for start, size in places]
    else:
        buffers = [memoryview(bytearray()) for _ in places]
    return pickle.loads(head, buffers=buffers)


def _write(content: object, folder: Path) -> None:
    import cloudpickle

    buffers: list[pickle.PickleBuffer] = []
    head = cloudpickle.dumps(content, protocol=5, buffer_callback=buffers.append)
    places = []
    with (folder / _ARRAYS).open("wb") as file:
        for buffer in buffers:
            file.write(b"\0" * (-file.tell() % ALIGNED))
            raw = buffer.raw()
            places.append((file.tell(), raw.nbytes))
            file.write(raw)
    with (folder / _HEAD).open("wb") as file:
        pickle.dump(places, file)
        file.write(head)


def _remove_abandoned() -> None:
    """Remove the folders of this user's processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            if hasattr(os, "getuid") and folder.lstat().st_uid != os.getuid():
                continue
            if folder.is_symlink() or not (folder / _HEAD).exists():
                continue  # It is none of ours, or is being made.
            with FileLock(str(folder / _LOCK), timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
