"""What both estimators have in common: their parameters, a search, and the model that it leaves."""

import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from advisor.checks import limit
from advisor.data import Intake
from advisor.estimators.errors import EstimatorError, as_value_errors
from advisor.estimators.rows import new_rows, training_rows
from advisor.estimators.saved import from_saved_form, saved_form
from advisor.facade import Advisor
from knowledge_base import KnowledgeBase

if TYPE_CHECKING:
    from advisor.predictor.predictor import Predictor
    from advisor.tuning import Search
    from advisor.tuning.tuner import Tuner
    from knowledge_base.records import TrialRecord
    from knowledge_base.types import ConfigDict

MODEL = "model_"

SETTINGS = (
    "metric", "trials", "folds", "final", "strategy", "n_warm", "only", "fix", "max_epochs",
    "per_second", "memory_limit", "exclude_datasets", "drop", "keep", "as_types",
)  # fmt: skip
"""Parameters that are settings of the search under the same names."""


class AdvisorEstimator(BaseEstimator):  # type: ignore[misc]
    """A search for a model of tables: the base of `AdvisorClassifier` and `AdvisorRegressor`."""

    _kind: ClassVar[str]

    def __init__(
        self,
        *,
        family: str = "mlp",
        metric: str | None = None,
        trials: int = 30,
        timeout: float | None = None,
        folds: int | None = None,
        final: str = "ensemble",
        strategy: str = "bayesian",
        n_warm: int | None = None,
        only: Sequence[str] | None = None,
        fix: Mapping[str, object] | None = None,
        max_epochs: int | None = None,
        per_second: bool = False,
        memory_limit: int | None = None,
        exclude_datasets: Sequence[str] = (),
        drop: Sequence[str] | str | None = None,
        keep: Sequence[str] | str | None = None,
        as_types: Mapping[str, str] | None = None,
        kb: KnowledgeBase | str | Path | None = None,
        contribute: bool = False,
        directory: str | Path | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.family = family
        self.metric = metric
        self.trials = trials
        self.timeout = timeout
        self.folds = folds
        self.final = final
        self.strategy = strategy
        self.n_warm = n_warm
        self.only = only
        self.fix = fix
        self.max_epochs = max_epochs
        self.per_second = per_second
        self.memory_limit = memory_limit
        self.exclude_datasets = exclude_datasets
        self.drop = drop
        self.keep = keep
        self.as_types = as_types
        self.kb = kb
        self.contribute = contribute
        self.directory = directory
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: object, y: object) -> Self:
        """Search, and keep the model that the search leaves. All rows train and validate.

        Args:
            X: frame or array, (rows, columns); missing values are welcome. Columns of a frame are
                read as everywhere in Advisor, and what is left out is warned of; an array of
                numbers holds nothing but numbers.
            y: classes or numbers, (rows,), none missing.

        Warns:
            UserWarning: columns are left out, look suspicious, or may be meant otherwise; or
                trials failed.

        Raises:
            EstimatorError: the data or a parameter cannot be used. It is a `ValueError`.
            ValueError, TypeError: scikit-learn's own checks of X and y.
        """
        with as_value_errors():
            if y is None:
                raise EstimatorError(
                    f"{type(self).__name__} requires y to be passed, but the target y is None."
                )
            frame = training_rows(self, X)
            label = self._target(y)
            check_consistent_length(frame, label)
            name = _free_name(y, frame)
            learnable = self._learnable(label)
            frame, label = frame[learnable].reset_index(drop=True), label[learnable]
            with _folder(self.directory) as root:
                self._search(frame.assign(**{name: label}), name, root)
        return self

    def save(self, path: str | Path) -> None:
        """Write the model to a folder, from which `advisor.load` reads it; nothing is pickled.

        Raises:
            EstimatorError: the folder cannot be written to.
        """
        check_is_fitted(self, MODEL)
        with as_value_errors():
            self.model_.save(path)

    def _target(self, y: object) -> np.ndarray:
        """Return a checked target, (rows,)."""
        raise NotImplementedError

    def _learnable(self, label: np.ndarray) -> np.ndarray:
        """Return which rows can be learnt from, (rows,)."""
        return np.ones(len(label), dtype=bool)

    def _raw(self, X: object) -> np.ndarray:
        """Return probabilities (rows, classes) in the model's order, or numbers (rows,)."""
        check_is_fitted(self, MODEL)
        with as_value_errors():
            return self.model_.raw(self.model_.read(new_rows(self, X)))

    def _search(self, frame: pd.DataFrame, target: str, root: Path) -> None:
        limit("timeout", self.timeout)
        search = Advisor(self.kb, self.family).search(
            frame, target, root=root, contribute=self.contribute, kind=self._kind,
            seed=self._seed(), all_rows=True, **self._settings(),
        )  # fmt: skip
        _tell(search.intake, self.verbose)
        result = search.run(self.timeout, _progress if self.verbose else None)
        if result.reason == "failures":
            warnings.warn(result.message, stacklevel=4)
        self.model_: Predictor = self._model_of(search)
        best = search.tuner.best
        self.best_config_: ConfigDict | None = None if best is None else dict(best.config)
        self.best_value_: float | None = None if best is None else best.value
        self.trials_ = _table(search.tuner.trials)
        self.study_: Path | None = None if self.directory is None else search.path

    def _model_of(self, search: "Search") -> "Predictor":
        networks = search.tuner.study.networks
        if networks is None or not networks.candidates():
            raise EstimatorError(
                "No network was trained to its first validation, so there is no model; give more "
                "`timeout`."
                if self.timeout is not None
                else "No trial left a trained network, so there is no model."
            )
        return search.model

    def _settings(self) -> dict[str, object]:
        given = {name: getattr(self, name) for name in SETTINGS}
        # Grids of parameters are often arrays of NumPy, whose numbers JSON has no form for.
        plain = {n: v.item() if isinstance(v, np.generic) else v for n, v in given.items()}
        return {name: value for name, value in plain.items() if value is not None}

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def __sklearn_tags__(self) -> object:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags

    def __getstate__(self) -> dict[str, object]:
        """Return the state with the model as the files that it is saved as."""
        state: dict[str, object] = dict(super().__getstate__())
        if MODEL in state:
            state[MODEL] = saved_form(self.model_)
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        files = state.get(MODEL)
        if isinstance(files, dict):
            with as_value_errors():
                state = {**state, MODEL: from_saved_form(files)}
        super().__setstate__(state)


@contextmanager
def _folder(given: str | Path | None) -> Iterator[Path]:
    """Yield the folder for the study: the user's, or one that is gone afterwards."""
    if given is not None:
        yield Path(given)
        return
    with TemporaryDirectory(prefix="advisor-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _free_name(y: object, frame: pd.DataFrame) -> str:
    """Return a name for the target that no column has: its own if it has one."""
    own = getattr(y, "name", None)
    name = own if isinstance(own, str) and own else "target"
    while name in frame.columns:
        name += "_"
    return name


def _tell(intake: Intake | None, verbose: bool) -> None:
    """Say what was read as what, and warn of what the user may not expect."""
    if intake is None:
        return
    lines = intake.lines()
    if verbose:
        print("\n".join(lines), file=sys.stderr, flush=True)
        return
    for line in lines:
        if line.startswith(("Left out:", "Note:", "Warning:")):
            warnings.warn(line, stacklevel=5)


def _progress(trial: "TrialRecord", tuner: "Tuner") -> None:
    """Print one line on a finished trial."""
    best = tuner.best
    value = "no value" if trial.value is None else f"{trial.value:.4g}"
    ahead = "" if best is None else f", best {best.value:.4g} (trial {best.number})"
    took = "" if trial.duration is None else f", {trial.duration:.1f} s"
    clock = time.strftime("%H:%M:%S")
    line = f"{clock} trial {trial.number} {trial.state}: {value}{took}{ahead}"
    print(line, file=sys.stderr, flush=True)


def _table(trials: "Sequence[TrialRecord]") -> pd.DataFrame:
    """Return finished trials as a frame, a row each in their order."""
    return pd.DataFrame(
        {
            "number": trial.number,
            "state": str(trial.state),
            "value": trial.value,
            "standard_error": trial.metrics.get("standard_error"),
            "seconds": trial.duration,
            "config": dict(trial.config),
        }
        for trial in trials
    )
