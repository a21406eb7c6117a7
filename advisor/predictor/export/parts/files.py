"""Reading what lies beside the code."""

import json
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

Json: TypeAlias = dict[str, Any]
"""A JSON object."""

HERE = Path(__file__).resolve().parent

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
"""Types of numbers, as safetensors calls them."""


def read_json(path: Path) -> Json:
    """Return the object that a file holds."""
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file in the format safetensors by their names.

    It begins with the length of its header in 8 bytes; the header is JSON that says of each tensor
    its type, its shape, and from where to where its bytes are behind the header.
    """
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header: Json = json.loads(content[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, end = (start + offset for offset in entry["data_offsets"])
        kind, shape = DTYPES[entry["dtype"]], entry["shape"]
        if end == first:
            tensors[name] = torch.empty(shape, dtype=kind)
        else:
            numbers = bytearray(content[first:end])  # a copy, so that it can be written to
            tensors[name] = torch.frombuffer(numbers, dtype=kind).reshape(shape)
    return tensors
