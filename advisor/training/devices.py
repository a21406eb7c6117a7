"""Where trainings run, and in what precision; refused before anything is trained."""

from contextlib import AbstractContextManager, nullcontext

import torch

from knowledge_base.errors import UserError

HALF = "bf16"
"""The precision with operations in bfloat16 where PyTorch's autocast has them. Weights, losses,
optimisers and evaluations are in single precision all the same."""


def place_of(device: str | None) -> torch.device:
    """Return the device of that name; without one CUDA when present."""
    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


def gpus(device: str | None) -> list[torch.device]:
    """Return whose random state a training on a device changes besides the CPU's."""
    place = place_of(device)
    return [place] if place.type == "cuda" else []


def check_device(device: str | None, precision: str | None = None) -> torch.device:
    """Return the device that is meant, once it is there and trains in that precision.

    Args:
        device: "cpu", "cuda", "cuda:1" and so on, or "mps"; None for CUDA when present.
        precision: "32" or "bf16"; None for single precision.

    Raises:
        UserError: the device is not there, and what there is; or it has no such precision.
    """
    there = devices()
    wanted = device or ("cuda" if any(name.startswith("cuda") for name in there) else "cpu")
    if wanted not in there and not (wanted == "cuda" and "cuda:0" in there):
        seen = ", ".join(name if name == what else f"{name} ({what})"
                         for name, what in there.items())  # fmt: skip
        raise UserError(
            f"`device={wanted}` is not on this machine, as far as PyTorch "
            f"{torch.__version__} sees; it has: {seen}."
        )
    place = torch.device(wanted)
    if precision == HALF and place.type != "cuda":
        raise UserError(
            f"`precision=bf16` is for graphics cards of CUDA; this search trains on {place.type}. "
            "Leave it out."
        )
    if precision == HALF and not _has_half(place):
        raise UserError(
            f"`precision=bf16` is not for {described(place)}, which has no bfloat16. Leave it out."
        )
    return place


def devices() -> dict[str, str]:
    """Return what PyTorch can train on here: names with what they are."""
    found = {"cpu": "cpu"}
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            found[f"cuda:{number}"] = torch.cuda.get_device_name(number)
    if torch.backends.mps.is_available():
        found["mps"] = "mps"
    return found


def described(place: torch.device) -> str:
    """Return what a device is, as studies store it: "cpu", "mps", or the name of the card."""
    return torch.cuda.get_device_name(place) if place.type == "cuda" else place.type


def computing(precision: str | None, place: torch.device) -> AbstractContextManager[object]:
    """Return the context in which a network and its loss compute.

    Args:
        precision: as for `check_device`, which says whether the device has it.
        place: where they are.
    """
    if precision != HALF:
        return nullcontext()
    return torch.autocast(place.type, dtype=torch.bfloat16)


def _has_half(place: torch.device) -> bool:
    """Return whether a card computes in bfloat16 itself; older ones only imitate it, slowly."""
    with torch.cuda.device(place):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
