"""What the system refuses: memory, room on the disk, permission. Each is said in one line.

Nothing is imported here that takes memory, because the commands cannot be imported either where
there is too little.
"""

import errno
import os
from contextlib import suppress

FEW_BYTES = 8 * 2**30
"""Bytes of address space (`ulimit -v`) below which threads and their memory are saved."""

LEAST_BYTES = 512 * 2**20
"""Bytes of address space below which no command can do anything: the libraries alone need most of
it, and several end the process without a word where there is too little."""

_MALLOC_ARENAS = -8
"""The parameter M_ARENA_MAX of mallopt(3)."""

_SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_IO_THREADS")

_NO_MEMORY = (
    "cannot allocate memory", "failed to map segment", "bad_alloc", "allocation failure",
    "out of memory", "not enough memory", "unable to allocate", "can't allocate memory",
    "can't start new thread", "failed to launch worker thread", "malloc of size",
)  # fmt: skip
"""What errors of libraries hold, in lower case, where there was too little memory."""

NOT_ENOUGH = "There is not enough memory for this (see ulimit -v); what was stored is whole."

_REFUSED = frozenset({
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE,
    errno.ENFILE, errno.EFBIG, errno.ENAMETOOLONG, errno.EIO, errno.ENOTDIR,
})  # fmt: skip
"""Reasons of the system that are no fault of this program."""


def spare_memory() -> None:
    """Use one thread, and the system's allocator, where little address space is allowed.

    Each thread reserves much more than it uses, and a thread that finds no memory as it starts
    ends the process without a word of ours.

    Raises:
        MemoryError: there is so little that nothing can be done.
    """
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows, which has no such limit
        return
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if allowed == resource.RLIM_INFINITY or allowed >= FEW_BYTES:
        return
    if allowed < LEAST_BYTES:
        raise MemoryError
    for name in _SINGLE:
        os.environ.setdefault(name, "1")
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    import ctypes

    with suppress(OSError, AttributeError):  # The C library has no such function.
        ctypes.CDLL(None).mallopt(_MALLOC_ARENAS, 1)


def refusal(error: BaseException) -> str | None:
    """Return what the system refused in one line, None where an error is of another kind."""
    if isinstance(error, MemoryError) or _is_memory(error):
        return NOT_ENOUGH
    if isinstance(error, OSError) and error.errno in _REFUSED:
        from knowledge_base.durable import reason_of

        where = error.filename2 or error.filename
        subject = f"{os.fsdecode(where)} cannot be used" if where else "The system refused it"
        return f"{subject}: {reason_of(error)}."
    return None


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    if isinstance(error, ValueError | TypeError | KeyError):  # Such words may be the user's own.
        return False
    return any(sign in str(error).lower() for sign in _NO_MEMORY)
