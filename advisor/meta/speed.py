"""How quickly the machine at hand trains, measured once and kept in the user's cache folder.

Measuring takes a second, and PyTorch: it is done when something is to be trained anyway. A
recommendation only reads what is known, of the device that is taken without being named. What is
measured holds for a version of PyTorch, a number of threads and a device; under others it is
measured anew.
"""

import json
import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from math import inf
from pathlib import Path

import platformdirs

from advisor.meta.durations import Speed, law_of
from advisor.models import get_family
from advisor.training.pace import SAMPLES, VERSION
from knowledge_base.durable import private_folder, write_json
from knowledge_base.identity import digest

ENVIRONMENT = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
"""Variables that change how quickly PyTorch trains."""

ROUNDS = 50
LEAST = 0.1
"""Share of what a sample took that its own kind of work took at least."""


def known_speed(family: str) -> Speed:
    """Return how this machine compares for a family, as far as that was measured before."""
    return _from_samples(family, _stored().get(family))


def measured_speed(family: str, device: str | None = None) -> Speed:
    """Return the same; where nothing is known yet, it is measured, which loads PyTorch.

    Nothing is measured for families without a law, nor where PyTorch fails, as on a full device. A
    file that cannot be written costs measuring again.

    Args:
        family: whose networks are trained.
        device: where, as for `advisor.training.devices.check_device`.

    Raises:
        UserError: the device is not there.
    """
    if family not in SAMPLES:
        return Speed()
    name = family if device is None else _name(family, device)
    known = _from_samples(family, _stored().get(name))
    if known.measured:
        return known
    from advisor.training.pace import seconds_of

    try:
        samples = seconds_of(family, device)
    except RuntimeError:
        return Speed()
    path = _path()
    if path is not None:
        with suppress(OSError):
            private_folder(path.parent)
            write_json(path, {**_stored(), name: samples}, private=True)
    return _from_samples(family, samples)


def _name(family: str, device: str) -> str:
    """Return under which name the seconds of a family on a device are stored."""
    from advisor.training.devices import check_device

    return family if check_device(device) == check_device(None) else f"{family} on {device}"


def speed_from(family: str, small: float, large: float) -> Speed:
    """Return how a machine compares that took so long for the samples of a family.

    Two factors explain two measurements: each is what is left of its own sample when the other's
    work there is taken away, in turn until both agree.

    Args:
        family: one of `SAMPLES`.
        small: seconds of the small network, nearly all of it calls.
        large: of the large one, nearly all of it numbers.
    """
    law, sample = law_of(family), SAMPLES[family]
    assert law is not None, "each family with a sample has a law"
    parts = []
    for config in sample.configs(family):
        effort = get_family(family).effort(config, sample.about)
        assert effort is not None, "the sample says how large its data are"
        of_calls, of_numbers = law.of_epoch(effort)
        parts.append((config["epochs"] * of_calls + law.begin, config["epochs"] * of_numbers))
    (small_calls, small_numbers), (large_calls, large_numbers) = parts
    calls = small / (small_calls + small_numbers)
    numbers = large / (large_calls + large_numbers)
    for _ in range(ROUNDS):
        calls = max(small - numbers * small_numbers, LEAST * small) / small_calls
        numbers = max(large - calls * large_calls, LEAST * large) / large_numbers
    return Speed(calls, numbers, measured=True)


def _from_samples(family: str, samples: object) -> Speed:
    """Return the speed that stored seconds say; what is damaged says nothing."""
    if family not in SAMPLES or not isinstance(samples, list) or len(samples) != 2:
        return Speed()
    if not all(isinstance(taken, float) and 0 < taken < inf for taken in samples):
        return Speed()
    return speed_from(family, *samples)


def _stored() -> dict[str, object]:
    """Return the seconds of the samples by family, none where they cannot be read."""
    path = _path()
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path is not None else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _path() -> Path | None:
    """Return where the speed of this machine is kept, None for a user without a home."""
    try:
        folder = Path(platformdirs.user_cache_dir("advisor"))
    except RuntimeError:
        return None
    return folder / f"speed-{_machine()[:16]}.json" if folder.is_absolute() else None


def _machine() -> str:
    """Return a digest of what decides how quickly PyTorch trains here."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = "unknown"
    # Several machines may share a home.
    place = [platform.node(), platform.machine(), os.cpu_count(), torch, VERSION]
    return digest("speed", *place, *(os.environ.get(name, "") for name in ENVIRONMENT))
