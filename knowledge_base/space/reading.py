"""Text of a space file, YAML or JSON, as plain values; hostile and ambiguous files are refused.

PyYAML reads YAML 1.1, in which 1e-3 is a text, `no` is a truth value, 010 is eight, 1:30 is
ninety and 2024-01-01 is a date. Here scalars are what YAML 1.2 and people mean: 1e-3 is a number,
`no`, times and dates are texts, and whole numbers with a leading zero are refused.
"""

import json
import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml

from knowledge_base.errors import SpaceError

MAX_BYTES = 2**20
"""Size of the largest space file that is read."""

MAX_DEPTH = 40
"""Nesting of lists and mappings that is read."""

MAX_VALUES = 100_000
"""Values in one definition, an alias counted as often as it is used."""


class PlainWord(str):
    """A word such as `no` without quotes: a truth value in YAML 1.1, a text in YAML 1.2."""


_SCALARS = (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("!word", r"^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$", "yYnNoO"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+|0b[01]+)$", "-+0123456789"),
    ("!octal", r"^0o[0-7]+$", "0"),
    ("!zero", r"^[-+]?0[0-9_]+$", "-+0"),
    ("tag:yaml.org,2002:float",
     r"^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$"
     r"|^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$",
     "-+0123456789."),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN"),
    ("tag:yaml.org,2002:merge", r"^(?:<<)$", "<"),
)  # fmt: skip


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2, and without keys that come twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"'{key.value}' is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper; texts that either version of YAML reads as something else get quotes.

    Mappings and lists that occur twice are written twice.
    """

    def ignore_aliases(self, data: object) -> bool:
        return True


_Loader.yaml_implicit_resolvers = {}
_Dumper.yaml_implicit_resolvers = {
    first: list(known) for first, known in yaml.SafeDumper.yaml_implicit_resolvers.items()
}
for _kind in (_Loader, _Dumper):
    for _tag, _pattern, _first in _SCALARS:
        for _letter in _first:
            _known = _kind.yaml_implicit_resolvers.setdefault(_letter, [])
            _known.append((_tag, re.compile(_pattern)))
_Loader.yaml_implicit_resolvers.setdefault("", []).append(
    ("tag:yaml.org,2002:null", re.compile(r"^$"))
)


def _leading_zero(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    raise yaml.constructor.ConstructorError(
        None, None, f"{node.value} has a leading zero; put a text into quotes, or leave the zero "
        "of a number out", node.start_mark
    )  # fmt: skip


_Loader.add_constructor("!word", lambda _, node: PlainWord(node.value))
_Loader.add_constructor("!octal", lambda _, node: int(node.value, 8))
_Loader.add_constructor("!zero", _leading_zero)


def read_file(path: Path) -> object:
    """Return what a .json, .yaml or .yml file holds.

    Raises:
        SpaceError: the file is missing, too large, or neither YAML nor JSON.
    """
    if not path.is_file():
        raise SpaceError(f"The space file {path} does not exist.")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise SpaceError(f"The space file {path} is larger than {MAX_BYTES // 2**20} MiB.")
        text = content.decode("utf-8-sig")
        if path.suffix.lower() == ".json":
            return parse_json(text)
        return yaml.load(text, _Loader)
    except RecursionError:
        raise SpaceError(f"{path} is nested too deep; {MAX_DEPTH} levels are read.") from None
    except OSError as error:
        raise SpaceError(f"The space file {path} cannot be read: {error.strerror}.") from error
    # Constructors of PyYAML raise errors of many kinds for tags such as `!!timestamp x`.
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise SpaceError(f"{path} is neither YAML nor JSON: {reason}") from error


def parse_json(text: str) -> object:
    """Return decoded JSON; keys that come twice are refused.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deep.
    """
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{twice!r} is there twice")
    return found


def yaml_text(plain: object) -> str:
    """Return YAML that reads back as the same values, here and in readers of YAML 1.1."""
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def check_size(given: object, where: str) -> None:
    """Refuse what is nested too deep or has too many values, aliases counted as they are used.

    Raises:
        SpaceError: it is so.
    """
    level: list[object] = [given]
    count = 0
    for _ in range(MAX_DEPTH):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list | tuple):
                inner += value
            if count + len(inner) > MAX_VALUES:
                raise SpaceError(f"{where} has more than {MAX_VALUES:,} values.")
        count += len(inner)
        level = inner
        if not level:
            return
    raise SpaceError(f"{where} is nested too deep; {MAX_DEPTH} levels are read.")
