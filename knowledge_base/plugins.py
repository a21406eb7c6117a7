"""Parts of other people's packages: what they installed says by entry points what it adds.

Entry points are asked for only where a name is not built in, or where all names are wanted, since
looking through what is installed takes longer than most commands have.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from knowledge_base.errors import LOG, UserError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True)
class Plugin:
    """A part that an installed package adds.

    Attributes:
        group: of the entry point, such as "advisor.strategies".
        name: as users call the part.
        place: "module:attribute".
        package: name and version of the package, as far as it says them.
    """

    group: str
    name: str
    place: str
    package: str

    def load(self, kind: str, base: type | None) -> object:
        """Import the part and return it.

        Args:
            kind: kind of the part, for errors.
            base: class that it must derive from, under its own name; None for anything.

        Raises:
            UserError: it cannot be imported, or is not what it should be.
        """
        from importlib.metadata import EntryPoint

        try:
            part: object = EntryPoint(self.name, self.place, self.group).load()
        except Exception as error:  # Whatever somebody's module raises.
            reason = " ".join(str(error).split())
            raise self.broken(kind, f"{type(error).__name__}: {reason}") from error
        if base is not None and not (isinstance(part, type) and issubclass(part, base)):
            raise self.broken(kind, f"{self.place} is no subclass of {base.__name__}")
        missing = sorted(getattr(part, "__abstractmethods__", ()))
        if missing:
            raise self.broken(kind, f"{self.place} lacks {', '.join(missing)}")
        named = getattr(part, "name", self.name)
        if base is not None and named != self.name:
            raise self.broken(kind, f"{self.place} calls itself {named!r}")
        return part

    def broken(self, kind: str, reason: str) -> UserError:
        """Return the error that says why it is not used."""
        return UserError(f"The {kind} '{self.name}' of {self.package} cannot be used: {reason}.")


@dataclass(frozen=True)
class Found:
    """What the installed packages add to one group.

    Attributes:
        plugins: those that are used, by name.
        refused: why others are not, one line each.
    """

    plugins: Mapping[str, Plugin]
    refused: tuple[str, ...] = ()


@cache
def installed(group: str, kind: str, built_in: tuple[str, ...]) -> Found:
    """Return what the installed packages add to a group; what is refused is logged once.

    A name that is built in stays so; of two packages with one name, the first in the order of
    the alphabet has it, so that the order of folders decides nothing.

    Args:
        group: of entry points.
        kind: kind of the parts, for messages.
        built_in: names that are taken.
    """
    from importlib.metadata import entry_points

    found, refused = sort_out(entry_points(group=group), kind, built_in)
    for line in refused:
        LOG.warning(line)
    return Found(found, tuple(refused))


def sort_out(
    points: "Iterable[EntryPoint]", kind: str, built_in: Iterable[str]
) -> tuple[dict[str, Plugin], list[str]]:
    """Return the plug-ins that entry points name, and why others are refused, one line each."""
    taken, found, refused = set(built_in), dict[str, Plugin](), list[str]()
    plugins = {Plugin(p.group, p.name, p.value, _package(p)) for p in points}
    for plugin in sorted(plugins, key=lambda p: (p.name, p.package, p.place)):
        here = f"The {kind} '{plugin.name}' of {plugin.package} is left out: "
        if plugin.name in taken:
            refused.append(f"{here}the name is taken by one that is built in.")
        elif plugin.name in found:
            refused.append(f"{here}the name is taken by {found[plugin.name].package}.")
        else:
            found[plugin.name] = plugin
    return found, refused


def _package(point: "EntryPoint") -> str:
    if point.dist is None:
        return "an unnamed package"
    return f"{point.dist.name} {point.dist.version}"
