"""Files that other tools wrote, read within limits and without following links out of a folder."""

import json
import math
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import yaml

from knowledge_base.errors import ContributionError, UserError
from knowledge_base.limits import (
    MAX_DOCUMENT_BYTES,
    MAX_LINE_BYTES,
    MAX_LINES_BYTES,
    check_file_size,
    check_inside,
    read_json,
)
from knowledge_base.types import JsonObject

MAX_YAML_BYTES = 2**20
"""Bytes of a YAML file, which takes much longer to read than JSON."""

MAX_FILES = 200_000
"""Files that are looked at below a folder."""


class _Plain(yaml.SafeLoader):
    """PyYAML's safe loader without aliases, by which a small file can name gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("it has aliases, which are not followed")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


def read_text(path: Path, limit: int = MAX_DOCUMENT_BYTES) -> str:
    """Return the text of a file.

    Raises:
        ContributionError: it is missing, too large, no text in UTF-8, or a link to elsewhere.
    """
    try:
        check_inside(path)
        check_file_size(path, limit)
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ContributionError(f"{path} is no text in UTF-8.") from error
    except OSError as error:
        raise ContributionError(f"{path} cannot be read: {error.strerror}.") from error
    except UserError as error:
        raise ContributionError(str(error)) from error


def read_yaml(path: Path) -> JsonObject:
    """Return the mapping in a YAML file, read by the safe loader.

    Raises:
        ContributionError: it cannot be read, or holds no mapping.
    """
    try:
        found = yaml.load(read_text(path, MAX_YAML_BYTES), _Plain)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ContributionError(f"{path} is no YAML: {reason}.") from error
    return _mapping(found, path)


def read_document(path: Path) -> JsonObject:
    """Return the object in a JSON file; Infinity and NaN are taken as Python writes them.

    Raises:
        ContributionError: it cannot be read, or holds no object.
    """
    try:
        return _mapping(read_json(read_text(path), str(path)), path)
    except ValueError as error:
        raise ContributionError(f"{path} is no JSON: {error}.") from error


def read_lines(path: Path) -> Iterator[tuple[int, JsonObject]]:
    """Yield the objects of a file of JSON lines with the numbers of their lines, from 1.

    Raises:
        ContributionError: a line is too long or no object; the last one may be cut off.
    """
    text = read_text(path, MAX_LINES_BYTES)
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            if len(line) > MAX_LINE_BYTES:
                raise ValueError("it is too long")
            yield number, _mapping(json.loads(line), path)
        except (ValueError, RecursionError) as error:
            if number == len(lines):  # It was being written.
                return
            raise ContributionError(f"{path}: line {number} is no JSON: {error}.") from error


def below(folder: Path, wanted: Callable[[str], bool]) -> list[Path]:
    """Return the files below a folder whose names are wanted, sorted; links are not followed.

    Raises:
        ContributionError: there are too many files.
    """
    found, seen = [], 0
    for top, folders, files in os.walk(folder):
        folders.sort()
        seen += len(files)
        if seen > MAX_FILES:
            raise ContributionError(f"{folder} has more than {MAX_FILES:,} files.")
        found += [Path(top) / name for name in files if wanted(name)]
    return sorted(found)


def number(value: object) -> float | None:
    """Return a number as a float, None for everything else; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def moment(seconds: object) -> datetime | None:
    """Return the time that many seconds after 1970, None where that is no time."""
    found = number(seconds)
    if found is None:
        return None
    try:
        return datetime.fromtimestamp(found, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _mapping(found: object, path: Path) -> JsonObject:
    if not isinstance(found, dict):
        raise ContributionError(f"{path} holds no keys and values.")
    return found
