"""Registries: parts by their names, imported when they are first asked for."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

from knowledge_base.errors import UserError
from knowledge_base.naming import try_these

Part = TypeVar("Part")


class Registry(Mapping[str, Part], Generic[Part]):
    """Parts of one kind by name, in the order in which they were listed.

    Parts are named as "module:attribute", so that listing them imports none of them.
    """

    def __init__(self, kind: str, places: Mapping[str, str]) -> None:
        """Take the places of the parts.

        Args:
            kind: kind of the parts, for errors ("No search strategy is called ...").
            places: "module:attribute" by name.
        """
        self.kind = kind
        self._places = dict(places)

    def __getitem__(self, name: str) -> Part:
        """Import and return a part.

        Raises:
            KeyError: there is no part of that name.
        """
        module, attribute = self._places[name].split(":")
        return cast(Part, getattr(import_module(module), attribute))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        # The inherited method would import the part.
        return name in self._places

    def find(self, name: str) -> Part:
        """Return the part that a user named.

        Raises:
            UserError: there is no such part; the nearest name, or all, are suggested.
        """
        if name not in self._places:
            raise UserError(
                f"No {self.kind} is called '{name}'. {try_these(name, sorted(self._places))}"
            )
        return self[name]
