"""How the user wants a source read: its modality, and what its columns mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from advisor.data.names import plain_name
from knowledge_base.errors import UserError
from knowledge_base.naming import try_these

MODALITIES = ("table", "image", "text", "series")

MIN_SIDE, MAX_SIDE = 4, 512
"""Pixels that a side of an image may have."""

COLUMN_TYPES = ("category", "number", "date", "text", "drop")
"""As what a user may want a column read."""


@dataclass(frozen=True)
class DataRequest:
    """What is known of a data set besides where it is.

    Attributes:
        target: column to predict.
        kind: "classification" or "regression"; None infers it.
        modality: one of `MODALITIES`; None infers it.
        text: column with the texts.
        time: column with the points in time.
        series: column that says which of several series a row belongs to.
        horizon: steps ahead to forecast.
        drop: columns of a table to leave out.
        keep: columns of a table to use although they look like identifiers.
        as_types: as what columns of a table are to be read, one of `COLUMN_TYPES` by name.
        size: width and height to resize images to; None keeps them if they are all of one size.
        literal: columns whose cells are texts as they stand in a file without types.
        labelled: whether there has to be a target; new rows need none.
        group: column that says which rows belong together, and are not split apart.
    """

    target: str | None = None
    kind: str | None = None
    modality: str | None = None
    text: str | None = None
    time: str | None = None
    series: str | None = None
    horizon: int | None = None
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
    as_types: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    literal: Sequence[str] = ()
    labelled: bool = True
    group: str | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            UserError: columns of two modalities, or an impossible horizon.
        """
        if self.text and (self.time or self.series or self.horizon):
            raise UserError("`text` is for texts; `time`, `series` and `horizon` for time series.")
        if (self.series or self.horizon) and not self.time and self.modality != "series":
            raise UserError("`series` and `horizon` need `time`, the column with the times.")
        if self.horizon is not None and self.horizon < 1:
            raise UserError(f"`horizon` must be at least 1, not {self.horizon}.")
        if self.group and (self.time or self.modality in ("series", "image")):
            raise UserError(
                "`group` is for tables and texts; series are split in the order of time, each of "
                "them a group of its own, and images have no columns."
            )
        for parameter in ("drop", "keep", "as_types"):
            if self.group is not None and self.group in getattr(self, parameter):
                raise UserError(
                    f"'{self.group}' says which rows belong together and is no feature; leave it "
                    f"out of `{parameter}`."
                )
        named = "text" if self.text else "series" if self.time else None
        if named and self.modality not in (None, named):
            raise UserError(
                f"`{'text' if self.text else 'time'}` does not go with a family for "
                f"{self.modality} data; leave one of them out."
            )

        for column, kind in self.as_types.items():
            if kind not in COLUMN_TYPES:
                raise UserError(
                    f"No type of columns is called '{kind}', as `as_types={column}={kind}` has it. "
                    f"{try_these(kind, COLUMN_TYPES)}"
                )

    @classmethod
    def of(
        cls,
        target: object = None,
        kind: str | None = None,
        modality: str | None = None,
        text: object = None,
        time: object = None,
        series: object = None,
        horizon: int | None = None,
        drop: Sequence[object] | str | None = None,
        keep: Sequence[object] | str | None = None,
        as_types: Mapping[str, str] | None = None,
        size: int | Sequence[int] | None = None,
        group: object = None,
    ) -> "DataRequest":
        """Return what a user asks for, who may name columns by whatever they are called.

        Args:
            target, kind, modality, text, time, series, horizon, group: as the attributes, or
                names of columns that are no texts.
            drop, keep: one name or several.
            as_types: types by name.
            size: one number for squares, or width and height.

        Raises:
            UserError: something else was given.
        """
        named = [
            None if name is None else plain_name(name)
            for name in (target, text, time, series, group)
        ]
        return cls(
            named[0], kind, modality, named[1], named[2], named[3], horizon,
            _names("drop", drop), _names("keep", keep), _types(as_types), _size(size),
            group=named[4],
        )  # fmt: skip

    @property
    def dropped(self) -> tuple[str, ...]:
        """The columns of a table to leave out, however the user said so."""
        said = (name for name, kind in self.as_types.items() if kind == "drop")
        return tuple(dict.fromkeys((*self.drop, *said)))

    @property
    def of_frame(self) -> str:
        """Modality to read a frame of columns as."""
        named = "text" if self.text else "series" if self.time else None
        return self.modality or named or "table"


def _names(parameter: str, given: Sequence[object] | str | None) -> tuple[str, ...]:
    if given is None:
        return ()
    if isinstance(given, str):
        return (given,)
    try:
        return tuple(plain_name(name) for name in given)
    except TypeError:
        raise UserError(f"`{parameter}` takes names of columns, not {given!r}.") from None


def _types(given: Mapping[str, str] | None) -> dict[str, str]:
    if given is not None and not isinstance(given, Mapping):
        raise UserError("`as_types` takes types by name, such as {'zip': 'category'}.")
    return {plain_name(name): str(kind) for name, kind in (given or {}).items()}


def _size(given: int | Sequence[int] | None) -> tuple[int, int] | None:
    """Return width and height.

    Raises:
        UserError: it is neither a number nor two, or they are too small or large.
    """
    if given is None:
        return None
    numbers = (given, given) if isinstance(given, int) else given
    whole = isinstance(numbers, list | tuple) and all(type(n) is int for n in numbers)
    if not whole or len(numbers) != 2 or not all(MIN_SIDE <= n <= MAX_SIDE for n in numbers):
        raise UserError(
            f"`size` is the side of an image in pixels, or width and height, each from {MIN_SIDE} "
            f"to {MAX_SIDE}, not {given!r}."
        )
    return numbers[0], numbers[1]
