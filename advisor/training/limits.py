"""How much memory there is for training, and what an error says when it was not enough."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from advisor.units import size_text

SHARE = 0.8
"""Share of what is free; the rest is for what the estimate does not know."""

_CGROUPS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat",
     "total_inactive_file"),
)  # fmt: skip
_WORDS = ("out of memory", "can't allocate memory", "bad_alloc", "not enough memory",
          "alloc_failed")  # fmt: skip


def free_memory(root: Path = Path("/"), device: str | None = None) -> int | None:
    """Return bytes that training may take; None if that is unknown.

    They are the graphics card's that is trained on. Elsewhere they are what the system, the
    container and the limits of the process leave.

    Args:
        root: of the file system.
        device: where trainings run; None for CUDA where PyTorch sees a card.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and (device or "cuda").startswith("cuda"):
        # What PyTorch keeps of its own for the next training is free for that.
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + kept)
    found = (_system(root), _container(root), _address_space(root))
    known = [size for size in found if size is not None]
    return max(min(known), 0) if known else None


def short_reason(error: BaseException) -> str | None:
    """Return one line if an error means that memory ran out, else None."""
    text = " ".join(str(error).split())
    ran_out = isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(word in text.lower() for word in _WORDS)
    )
    if not ran_out:
        return None
    return f"out of memory: {text[:200]}" if text else "out of memory"


def too_much(needed: float, limit: float) -> str:
    """Return why a configuration is not tried."""
    return f"estimated to need {size_text(needed)}, the limit is {size_text(limit)}"


def _system(root: Path) -> int | None:
    """Return what Linux calls available, elsewhere half of what is built in."""
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    names = getattr(os, "sysconf_names", {})
    if root == Path("/") and "SC_PHYS_PAGES" in names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _container(root: Path) -> int | None:
    """Return what the control group leaves; files that it has cached may go."""
    for limit, used, stat, cached in _CGROUPS:
        most, now = (_number(root / "sys/fs/cgroup" / name) for name in (limit, used))
        if most is not None and now is not None:
            lines = (line.split() for line in _lines(root / "sys/fs/cgroup" / stat))
            return most - now + next((int(n) for name, n in lines if name == cached), 0)
    return None


def _address_space(root: Path) -> int | None:
    """Return what `ulimit -v` leaves."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return None
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return None
    pages = next(iter(_lines(root / "proc/self/statm")), "0").split()[0]
    return most - int(pages) * resource.getpagesize()


def _lines(path: Path) -> Iterable[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    text = next(iter(_lines(path)), "")
    return int(text) if text.isdigit() else None
