"""The trained networks of a running study's best trials, bounded on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from advisor.predictor.tensors import read_tensors, write_tensors
from advisor.training.outcome import Fitted
from knowledge_base.errors import LOG, UserError
from knowledge_base.records import TrialRecord
from knowledge_base.states import Direction

MOST = 24
"""Trials whose networks are kept; the greedy choice hardly ever takes more than ten."""

MOST_BYTES = 1_000_000_000
"""What they may take together; the best one is kept whatever it takes."""

PREDICTION = "prediction"
EPOCHS = "epochs"


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

    def keep(self, number: int, fitted: Sequence[Fitted]) -> None:
        """Write the networks of a trial, whole on return.

        Args:
            number: of the trial.
            fitted: one per fold that was trained.
        """
        self.folder.mkdir(exist_ok=True)
        arrays: dict[str, np.ndarray] = {}
        for network in fitted:
            arrays[f"{network.fold}/{PREDICTION}"] = network.prediction
            arrays[f"{network.fold}/{EPOCHS}"] = np.array([network.epochs])
            arrays |= {f"{network.fold}/weights/{n}": w for n, w in network.weights.items()}
        write_tensors(self._path(number), arrays)

    def load(self, number: int) -> list[Fitted]:
        """Return the networks of a trial in the order of their folds; none if it has none.

        Raises:
            UserError: the file is damaged.
        """
        path = self._path(number)
        if not path.exists():
            return []
        by_fold: dict[int, dict[str, np.ndarray]] = {}
        for name, array in read_tensors(path).items():
            fold, _, rest = name.partition("/")
            by_fold.setdefault(int(fold) if fold.isdecimal() else -1, {})[rest] = array
        try:
            return [_fitted(fold, by_fold[fold]) for fold in sorted(by_fold)]
        except (KeyError, IndexError, TypeError) as error:
            raise UserError(f"{path} is no file of networks: it lacks {error}.") from error

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
        for path in self.folder.glob("*.safetensors"):
            if path.name not in staying:
                path.unlink(missing_ok=True)

    def numbers(self) -> list[int]:
        """Return the numbers of the trials whose networks are there, in their order."""
        names = (path.stem for path in self.folder.glob("*.safetensors"))
        return sorted(int(name) for name in names if name.isdecimal())

    def whole(self) -> dict[int, list[Fitted]]:
        """Return all networks by the numbers of trials; says what is damaged, and leaves it out."""
        found = {}
        for number in self.numbers():
            try:
                found[number] = self.load(number)
            except UserError as error:
                LOG.warning("%s It does not count for the model.", error)
        return found

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.safetensors"


def _fitted(fold: int, arrays: dict[str, np.ndarray]) -> Fitted:
    weights = {
        name.removeprefix("weights/"): array
        for name, array in arrays.items()
        if name.startswith("weights/")
    }
    return Fitted(weights, arrays[PREDICTION], int(arrays[EPOCHS][0]), fold)
