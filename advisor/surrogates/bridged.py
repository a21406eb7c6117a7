"""Models of past tasks of other spaces, as models of tasks in this one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.encoding.bridge import Bridge
from advisor.surrogates.past_models import PastModels


@dataclass(frozen=True)
class BridgedPart:
    """Past tasks of one family, seen from another space.

    Attributes:
        models: of t tasks, in the family's own space.
        bridge: from the space to the family's, with v variants of what the space does not say.
        rows: which of t x g rows count, t for each group in turn, shape (r,).
        groups: the group of each variant, shape (v,), from 0 to g - 1: variants of one group are
            averaged, each group makes rows of its own.
    """

    models: PastModels
    bridge: Bridge
    rows: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(cls, models: PastModels, bridge: Bridge, groups: Sequence[int]) -> "BridgedPart":
        """Return all rows of some models."""
        numbers = np.asarray(groups, dtype=int)
        return cls(models, bridge, np.arange(len(models) * (int(numbers.max()) + 1)), numbers)

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Return the expected normal scores, shape (r, n), of encoded points, shape (n, d)."""
        t, wanted = len(self.models), np.unique(self.rows // len(self.models))
        across = self.bridge.across(points)
        found = np.zeros((int(self.groups.max()) + 1, t, len(points)))
        for group in wanted:
            variants = np.flatnonzero(self.groups == group)
            together = across[variants].reshape(-1, across.shape[2])
            scores = self.models.predict(together).reshape(t, len(variants), len(points))
            found[group] = scores.mean(1)
        predicted: np.ndarray = found.reshape(-1, len(points))[self.rows]
        return predicted

    def subset(self, rows: np.ndarray) -> "BridgedPart":
        """Return the part with some of its rows, and only the models that they need."""
        kept = self.rows[rows]
        tasks = np.unique(kept % len(self.models))
        places = np.searchsorted(tasks, kept % len(self.models))
        again = kept // len(self.models) * len(tasks) + places
        return BridgedPart(self.models.subset(tasks.tolist()), self.bridge, again, self.groups)


class BridgedModels:
    """Predicts how past tasks of several families score any configuration of another space.

    It answers as `PastModels` does, in the encoded columns of that space.
    """

    def __init__(self, parts: Sequence[BridgedPart], lengthscales: np.ndarray) -> None:
        """Take parts, and lengthscales in the space, shape (d,)."""
        self._parts: list[BridgedPart] = list(parts)
        self._lengthscales: np.ndarray = lengthscales
        self._free: np.ndarray | None = None
        self._fixed: np.ndarray | None = None

    @property
    def lengthscales(self) -> np.ndarray:
        """Lengthscales of the columns that points have, shape (d,)."""
        return self._lengthscales if self._free is None else self._lengthscales[self._free]

    def __len__(self) -> int:
        return sum(len(part.rows) for part in self._parts)

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Return the expected normal score in every row, shape (r, n), of points, shape (n, d)."""
        if self._free is not None and self._fixed is not None:
            whole = np.tile(self._fixed, (len(points), 1))
            whole[:, self._free] = points
            points = whole
        return np.vstack([part.predict(points) for part in self._parts])

    def subset(self, rows: Sequence[int]) -> "BridgedModels":
        """Return the models of some of the rows, which stay in their order."""
        wanted, first, parts = np.asarray(rows, dtype=int), 0, []
        assert (np.diff(wanted) > 0).all()
        for part in self._parts:
            last = first + len(part.rows)
            mine = wanted[(wanted >= first) & (wanted < last)] - first
            if len(mine):
                parts.append(part.subset(mine))
            first = last
        found = BridgedModels(parts, self._lengthscales)
        found._free, found._fixed = self._free, self._fixed
        return found

    def within(self, free: np.ndarray, fixed: np.ndarray) -> "BridgedModels":
        """Return the models for points that only have some of the columns.

        Args:
            free: places of their columns among all, shape (e,).
            fixed: a whole point, which says where the others stand, shape (d,).
        """
        found = BridgedModels(self._parts, self._lengthscales)
        found._free, found._fixed = np.asarray(free, dtype=int), np.asarray(fixed, dtype=float)
        return found

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, for a file."""
        arrays: dict[str, np.ndarray] = {
            "bridged": np.array(len(self._parts)),
            "bridged_lengthscales": self._lengthscales,
        }
        if self._free is not None and self._fixed is not None:
            arrays |= {"bridged_free": self._free, "bridged_fixed": self._fixed}
        for place, part in enumerate(self._parts):
            named = {
                **{f"models_{name}": array for name, array in part.models.to_arrays().items()},
                **{f"bridge_{name}": array for name, array in part.bridge.to_arrays().items()},
                "rows": part.rows,
                "groups": part.groups,
            }
            arrays |= {f"part{place}_{name}": array for name, array in named.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "BridgedModels":
        """Return what `to_arrays` wrote."""
        parts = []
        for place in range(int(arrays["bridged"])):
            own = _under(arrays, f"part{place}_")
            models, bridge = _under(own, "models_"), _under(own, "bridge_")
            parts.append(
                BridgedPart(
                    PastModels.from_arrays(models),
                    Bridge.from_arrays(bridge),
                    np.asarray(own["rows"]),
                    np.asarray(own["groups"]),
                )
            )
        found = cls(parts, np.asarray(arrays["bridged_lengthscales"]))
        if "bridged_free" in arrays:
            return found.within(arrays["bridged_free"], arrays["bridged_fixed"])
        return found


def _under(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {n.removeprefix(prefix): array for n, array in arrays.items() if n.startswith(prefix)}
