"""Registries: parts by their names, imported when they are first asked for."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

from knowledge_base.errors import LOG, UserError
from knowledge_base.naming import try_these
from knowledge_base.plugins import Found, Plugin, installed

Part = TypeVar("Part")


class Registry(Mapping[str, Part], Generic[Part]):
    """Parts of one kind by name, in the order in which they were listed, then those of plug-ins.

    Parts are named as "module:attribute", so that listing them imports none of them.

    Attributes:
        kind: kind of the parts.
        group: group of entry points by which installed packages add parts; None for no plug-ins.
    """

    def __init__(
        self,
        kind: str,
        places: Mapping[str, str],
        group: str | None = None,
        base: type | None = None,
    ) -> None:
        """Take the places of the parts.

        Args:
            kind: kind of the parts, for errors ("No search strategy is called ...").
            places: "module:attribute" by name.
            group: group of entry points by which installed packages add parts.
            base: class that these must derive from, with their name as `name`.
        """
        self.kind = kind
        self.group = group
        self._places = dict(places)
        self._base = base

    def __getitem__(self, name: str) -> Part:
        """Import and return a part.

        Raises:
            KeyError: there is no part of that name.
            UserError: it is of a plug-in that cannot be used.
        """
        if name in self._places:
            module, attribute = self._places[name].split(":")
            return cast(Part, getattr(import_module(module), attribute))
        return cast(Part, self._plugins()[name].load(self.kind, self._base))

    def __iter__(self) -> Iterator[str]:
        yield from self._places
        yield from self._plugins()

    def __len__(self) -> int:
        return len(self._places) + len(self._plugins())

    def __contains__(self, name: object) -> bool:
        # The inherited method would import the part.
        return name in self._places or name in self._plugins()

    def find(self, name: str) -> Part:
        """Return the part that a user named.

        Raises:
            UserError: there is no such part; the nearest name, or all, are suggested. Or it is of
                a plug-in that cannot be used.
        """
        if name not in self:
            raise UserError(f"No {self.kind} is called '{name}'. {try_these(name, sorted(self))}")
        return self[name]

    def is_built_in(self, name: str) -> bool:
        """Return whether a part is one of ours."""
        return name in self._places

    def usable(self) -> Iterator[Part]:
        """Yield all parts, imported; a plug-in that cannot be used is logged and left out."""
        for name in self:
            try:
                part = self[name]
            except UserError as error:
                LOG.warning(str(error))
                continue
            yield part

    def plugins(self) -> list[tuple[Plugin, str | None]]:
        """Return the parts of plug-ins, and why one cannot be used, None where it can."""
        return [(plugin, self._reason(name)) for name, plugin in self._plugins().items()]

    def refused(self) -> tuple[str, ...]:
        """Return why plug-ins are left out whose names are taken, one line each."""
        return () if self.group is None else self._installed().refused

    def _reason(self, name: str) -> str | None:
        try:
            self[name]
        except UserError as error:
            return str(error)
        return None

    def _plugins(self) -> Mapping[str, Plugin]:
        return {} if self.group is None else self._installed().plugins

    def _installed(self) -> Found:
        assert self.group is not None
        return installed(self.group, self.kind, tuple(self._places))
