"""The state of a training that was put aside: all that it takes to go on exactly."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from knowledge_base.checksums import sealed, unsealed
from knowledge_base.errors import UserError
from knowledge_base.records import EpochRecord
from knowledge_base.types import JsonObject

FACTS, DIGEST = "facts", "arrays"
"""Name of the array that holds the facts as a text, and of the fact that is the others' digest."""


class StateLost(UserError):
    """The state of a paused training is damaged, or that of another training."""


@dataclass(frozen=True)
class Paused:
    """A training that stands after an epoch.

    Attributes:
        facts: what is no array, as JSON.
        arrays: weights, moments of the optimiser, random states and the like, by name.
    """

    facts: JsonObject
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """Bytes of the arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    @classmethod
    def of_parts(cls, facts: JsonObject, parts: Mapping[int, "Paused"]) -> "Paused":
        """Return several trainings as one, such as those of folds by their places."""
        arrays = {
            f"{place}/{name}": array
            for place, part in parts.items()
            for name, array in part.arrays.items()
        }
        each = {str(place): part.facts for place, part in parts.items()}
        return cls({**facts, "parts": each}, arrays)

    def parts(self) -> dict[int, "Paused"]:
        """Return what `of_parts` put together, by places.

        Raises:
            StateLost: it was not made of parts.
        """
        try:
            facts = {int(place): dict(own) for place, own in self.facts["parts"].items()}
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise StateLost("The state of a paused training is not one of folds.") from error
        return {place: Paused(own, self.within(f"{place}/")) for place, own in facts.items()}

    def within(self, prefix: str) -> dict[str, np.ndarray]:
        """Return the arrays whose names begin so, by the rest of their names."""
        return {
            name.removeprefix(prefix): array
            for name, array in self.arrays.items()
            if name.startswith(prefix)
        }

    def packed(self) -> dict[str, np.ndarray]:
        """Return facts and arrays as arrays, for a file."""
        text = sealed(json.dumps({**self.facts, DIGEST: _digest(self.arrays)}))
        return {**self.arrays, FACTS: np.frombuffer(text.encode(), dtype=np.uint8)}

    @classmethod
    def unpacked(cls, arrays: Mapping[str, np.ndarray]) -> "Paused":
        """Return what `packed` gave.

        Raises:
            StateLost: it is damaged.
        """
        own = {name: array for name, array in arrays.items() if name != FACTS}
        try:
            facts = unsealed(arrays[FACTS].tobytes(), "it", must=True)
            if facts.pop(DIGEST) != _digest(own):
                raise ValueError("the digest of its arrays is another")
        except (KeyError, ValueError) as error:
            raise StateLost(f"The state of a paused training is damaged: {error}.") from error
        return cls(facts, own)


def curve_as_json(curve: tuple[EpochRecord, ...] | list[EpochRecord]) -> list[JsonObject]:
    """Return a learning curve as JSON, without what is not known of its epochs."""
    return [{k: v for k, v in asdict(epoch).items() if v is not None} for epoch in curve]


def curve_of_json(rows: object) -> list[EpochRecord]:
    """Return the curve that `curve_as_json` wrote.

    Raises:
        StateLost: it is none.
    """
    try:
        return [EpochRecord(**row) for row in rows]  # type: ignore[attr-defined]
    except TypeError as error:
        raise StateLost(f"The curve of a paused training is damaged: {error}.") from error


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    made = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        made.update(f"{name} {array.dtype.str} {arrays[name].shape};".encode())
        made.update(array.tobytes())
    return made.hexdigest()
