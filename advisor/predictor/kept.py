"""The trained networks of a running study's best trials, bounded on disk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from advisor.predictor.tensors import read_tensors, write_tensors
from advisor.training.outcome import Fitted
from knowledge_base.errors import LOG, UserError
from knowledge_base.identity import canonical_json
from knowledge_base.limits import read_json
from knowledge_base.records import TrialRecord
from knowledge_base.states import Direction
from knowledge_base.types import Config

MOST = 24
"""Trials whose networks are kept; the greedy choice hardly ever takes more than ten."""

MOST_BYTES = 1_000_000_000
"""What they may take together; the best one is kept whatever it takes."""

PREDICTION = "prediction"
TESTED = "tested"
EPOCHS = "epochs"
CONFIG, VALUE = "config", "value"


DEFAULT, KNOWN, REFITTED = "default", "known", "refitted"
"""Names of what is trained beside the trials: the library default, the best of what the store knew
of the very task, and the best configuration on all known rows, which is no candidate."""


@dataclass(frozen=True)
class Candidate:
    """A configuration with its trained networks.

    Attributes:
        name: number of its trial as a text, or one of the names above.
        config: its active hyperparameters.
        value: the validation metric.
        networks: of its folds, in their order.
    """

    name: str
    config: Config
    value: float
    networks: Sequence[Fitted]


class KeptNetworks:
    """A folder with one file per trial: the networks of its folds, and what they predicted."""

    def __init__(self, folder: Path, direction: str) -> None:
        """Name the folder; it is made with the first network.

        Args:
            folder: in the directory of the study.
            direction: "minimize" or "maximize" the values of trials.
        """
        self.folder = folder
        self._sign = 1.0 if direction == Direction.MAXIMIZE else -1.0
        self._written: set[int | str] = set()

    def keep(self, name: int | str, config: Config, value: float, fitted: Sequence[Fitted]) -> None:
        """Write the networks of a configuration, whole on return.

        Args:
            name: number of its trial, or `DEFAULT` or `KNOWN`.
            config: its active hyperparameters.
            value: the validation metric.
            fitted: one per fold that was trained.
        """
        self.folder.mkdir(exist_ok=True)
        text = canonical_json(dict(config)).encode()
        arrays = {CONFIG: np.frombuffer(text, dtype=np.uint8), VALUE: np.array([value])}
        for network in fitted:
            arrays[f"{network.fold}/{PREDICTION}"] = network.prediction
            if network.tested is not None:
                arrays[f"{network.fold}/{TESTED}"] = network.tested
            arrays[f"{network.fold}/{EPOCHS}"] = np.array([network.epochs])
            arrays |= {f"{network.fold}/weights/{n}": w for n, w in network.weights.items()}
        write_tensors(self._path(name), arrays)
        self._written.add(name)

    def has(self, name: int | str) -> bool:
        """Return whether something is kept under a name; nothing is read."""
        return self._path(name).exists()

    def load(self, name: int | str) -> Candidate | None:
        """Return what was kept under a name, None if nothing was.

        Raises:
            UserError: the file is damaged.
        """
        path = self._path(name)
        if not path.exists():
            return None
        by_fold: dict[int, dict[str, np.ndarray]] = {}
        arrays = read_tensors(path)
        try:
            config = read_json(arrays.pop(CONFIG).tobytes(), "the configuration")
            if not isinstance(config, dict):
                raise ValueError("the configuration is no object")
            value = float(arrays.pop(VALUE)[0])
            if not isfinite(value):
                raise ValueError(f"a value of {value}")
            for full, array in arrays.items():
                fold, _, rest = full.partition("/")
                by_fold.setdefault(int(fold), {})[rest] = array
            networks = [_fitted(fold, by_fold[fold]) for fold in sorted(by_fold)]
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            raise UserError(f"{path} is no file of networks: {error!r}.") from error
        return Candidate(str(name), config, value, networks)

    def prune(self, trials: Sequence[TrialRecord]) -> None:
        """Remove the files of all but the best trials, and of what is no trial.

        Args:
            trials: all of the study so far.
        """
        if not self.folder.exists():
            return
        valued = [trial for trial in trials if trial.value is not None]
        ranked = sorted(valued, key=lambda t: (-self._sign * (t.value or 0.0), t.number))
        staying: set[str] = set()
        size = 0
        for trial in ranked:
            path = self._path(trial.number)
            if len(staying) == MOST or not path.exists():
                continue
            size += path.stat().st_size
            if staying and size > MOST_BYTES:
                break
            staying.add(path.name)
        for number in self.numbers():
            if self._path(number).name not in staying:
                self._path(number).unlink(missing_ok=True)

    def numbers(self) -> list[int]:
        """Return the numbers of the trials whose networks are there, in their order."""
        names = (path.stem for path in self.folder.glob("*.safetensors"))
        return sorted(int(name) for name in names if name.isdecimal())

    def candidates(self, check: Callable[[Candidate], None] | None = None) -> list[Candidate]:
        """Return what is kept of trials, of the store and of the default, best first.

        The order is the same in every process. What is damaged is left out with a word.

        Args:
            check: raises a `UserError` of what does not fit the search; what was written by this
                very object does, and is not checked.
        """
        found = []
        names: list[int | str] = [*self.numbers(), KNOWN, DEFAULT]
        for name in names:
            try:
                kept = self.load(name)
                if kept is not None and check is not None and name not in self._written:
                    check(kept)
            except UserError as error:
                LOG.warning("%s It does not count for the model.", error)
                continue
            if kept is not None and kept.networks:
                found.append(kept)
        return sorted(found, key=lambda kept: -self._sign * kept.value)

    def _path(self, name: int | str) -> Path:
        stem = f"{name:06d}" if isinstance(name, int) else name
        return self.folder / f"{stem}.safetensors"


def _fitted(fold: int, arrays: dict[str, np.ndarray]) -> Fitted:
    weights = {
        name.removeprefix("weights/"): array
        for name, array in arrays.items()
        if name.startswith("weights/")
    }
    epochs = int(arrays[EPOCHS][0])
    return Fitted(weights, arrays[PREDICTION], epochs, fold, arrays.get(TESTED))
