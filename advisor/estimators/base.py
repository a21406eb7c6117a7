"""What both estimators have in common: their parameters, a search, and the model that it leaves."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar, Self, cast

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from advisor.checks import limit, whole
from advisor.data.reading.table import TableReading
from advisor.data.request import DataRequest
from advisor.estimators.errors import EstimatorError, as_value_errors
from advisor.estimators.rows import new_rows, training_rows
from advisor.estimators.saved import from_saved_form, saved_form
from advisor.estimators.telling import progress, table_of, tell
from advisor.facade import Advisor
from knowledge_base import KnowledgeBase

if TYPE_CHECKING:
    from advisor.predictor.predictor import Predictor
    from advisor.tuning import Search
    from knowledge_base.types import ConfigDict

MODEL = "model_"

SETTINGS = (
    "metric", "trials", "folds", "final", "strategy", "n_warm", "only", "fix", "max_epochs",
    "per_second", "stopping", "memory_limit", "exclude_datasets", "drop", "keep", "as_types",
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
        per_second: bool | None = None,
        stopping: bool | None = None,
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
        """Take the parameters; they are looked at when the estimator is fitted.

        Those that `Advisor.tune` has, too, are called and mean what they do there, but for its
        `seed`, which scikit-learn calls `random_state`.

        Args:
            family: model family.
            metric: what is optimised; default accuracy or rmse.
            trials: configurations to try.
            timeout: seconds for trying them and for the model of them, in each fit: a
                cross-validation fits often. Reading the data comes before.
            folds: splits that a configuration is judged on; None chooses by what they are worth.
                All rows are used; measure on rows of your own, or with `cross_val_score`.
            final: what the model is made of, "ensemble" or "folds".
            strategy: name of the search strategy.
            n_warm: configurations to take from the past; None picks by `trials`.
            only: the hyperparameters to search; None searches all.
            fix: values of others by name.
            max_epochs: most epochs per trial.
            per_second: prefer configurations that are quick; None does so with a `timeout`.
            stopping: whether the strategy may put trials aside before their end; None as for
                `Advisor.tune`.
            memory_limit: bytes that a training may need; None takes a share of what is free.
            exclude_datasets: fingerprints of data sets that the warm start must not use.
            drop, keep, as_types: which columns are used and as what, as for `load_dataset`. The
                columns of an array are called x0, x1 and so on.
            kb: knowledge base, or its path, that says where to begin; default the user's own.
            contribute: whether finished trials go into `kb`. Not by default, other than in
                `Advisor.tune`: each split of a cross-validation would count as a task of its own.
            directory: folder in which each fit leaves the directory of its study; None keeps
                none once the model is made.
            random_state: seed of splits, training and search, or a generator that draws one;
                None draws another for each fit, as scikit-learn has it.
            verbose: say on standard error what was read as what, and a line for each trial.
        """
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
        self.stopping = stopping
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
            frame = frame[learnable].reset_index(drop=True)
            frame[name] = label[learnable]
            with _folder(self.directory) as root:
                self._search(frame, name, root)
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
            reading = cast(TableReading, self.model_.reading)
            return self.model_.raw(self.model_.read(new_rows(self, X, reading)))

    def _search(self, frame: pd.DataFrame, target: str, root: Path) -> None:
        limit("timeout", self.timeout)
        search = Advisor(self.kb, self.family).search(
            frame, target, root=root, contribute=self.contribute, kind=self._kind,
            seed=self._seed(), all_rows=True, timeout=self.timeout, **self._settings(),  # type: ignore[arg-type]
        )  # fmt: skip
        dropped = DataRequest.of(drop=self.drop, as_types=self.as_types).dropped
        tell(search.intake, dropped, self.verbose)
        result = search.run(self.timeout, progress if self.verbose else None)
        if result.reason == "failures":
            warnings.warn(result.message, stacklevel=3)
        self.model_: Predictor = self._model_of(search)
        best = search.tuner.best
        self.best_config_: ConfigDict | None = None if best is None else dict(best.config)
        self.best_value_: float | None = None if best is None else best.value
        self.trials_ = table_of(search.tuner.trials)
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
            whole("random_state", self.random_state, 0)
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
