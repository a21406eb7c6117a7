"""Messages of protobuf and records of TensorFlow, read without either: the few fields needed.

The wire format is that of protobuf.dev/programming-guides/encoding, the framing that of
tensorflow.org/tutorials/load_data/tfrecord.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from knowledge_base.errors import ContributionError
from knowledge_base.limits import MAX_LINE_BYTES, check_file_size, check_inside

Fields: TypeAlias = dict[int, list[int | bytes]]
"""Fields of a message by their numbers: whole numbers, or bytes of everything else."""

CHECKED_BYTES = 2**16
"""Records up to this size have their checksums compared; larger ones are images and graphs."""

_MASK = 2**32 - 1


def _table() -> list[int]:
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        found.append(value)
    return found


_CRC = _table()


def message(data: bytes) -> Fields:
    """Return the fields of a message.

    Raises:
        ValueError: it is none.
    """
    found: Fields = {}
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind, field = key & 7, key >> 3
        value: int | bytes
        if kind == 0:
            value, place = _varint(data, place)
        else:
            if kind == 2:
                size, place = _varint(data, place)
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
            else:
                raise ValueError("a field of a kind that is not used")
            if place + size > len(data):
                raise ValueError("a field that is cut off")
            value, place = data[place : place + size], place + size
        found.setdefault(field, []).append(value)
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data) and shift < 70:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
    raise ValueError("a number that is cut off")


def inner(fields: Fields, field: int) -> list[Fields]:
    """Return the messages in a field.

    Raises:
        ValueError: one of them is none.
    """
    return [message(value) for value in fields.get(field, ()) if isinstance(value, bytes)]


def text(fields: Fields, field: int) -> str:
    """Return the last text in a field, '' where there is none.

    Raises:
        ValueError: it is no text.
    """
    found = [value for value in fields.get(field, ()) if isinstance(value, bytes)]
    return found[-1].decode("utf-8") if found else ""


def whole(fields: Fields, field: int) -> int:
    """Return the last whole number in a field with its sign, 0 where there is none."""
    found = [value for value in fields.get(field, ()) if isinstance(value, int)]
    value = found[-1] & (2**64 - 1) if found else 0
    return value - 2**64 if value >= 2**63 else value


def real(fields: Fields, field: int) -> float | None:
    """Return the last float or double in a field, None where there is none."""
    found = [value for value in fields.get(field, ()) if isinstance(value, bytes)]
    if not found or len(found[-1]) not in (4, 8):
        return None
    (value,) = struct.unpack("<f" if len(found[-1]) == 4 else "<d", found[-1])
    return float(value)


def records(path: Path) -> Iterator[bytes]:
    """Yield the records of a file; one that was being written ends it.

    Raises:
        ContributionError: the file is damaged, too large, or cannot be read.
    """
    check_inside(path)
    check_file_size(path)
    with path.open("rb") as file:
        while len(head := file.read(12)) == 12:
            size, crc = struct.unpack("<QI", head)
            if masked_crc(head[:8]) != crc:
                raise ContributionError(f"{path} is damaged: a length has another checksum.")
            if size > MAX_LINE_BYTES:
                raise ContributionError(f"{path} has a record of {size:,} bytes.")
            data, tail = file.read(size), file.read(4)
            if len(data) < size or len(tail) < 4:
                return
            if size <= CHECKED_BYTES and masked_crc(data) != struct.unpack("<I", tail)[0]:
                raise ContributionError(f"{path} is damaged: a record has another checksum.")
            yield data


def masked_crc(data: bytes) -> int:
    """Return the checksum of a record: CRC-32C, rotated and shifted."""
    crc = _MASK
    for byte in data:
        crc = _CRC[(crc ^ byte) & 255] ^ (crc >> 8)
    crc ^= _MASK
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & _MASK
