"""The estimator for numbers."""

from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import assert_all_finite, column_or_1d

from advisor.estimators.base import AdvisorEstimator
from advisor.estimators.errors import EstimatorError


class AdvisorRegressor(RegressorMixin, AdvisorEstimator):  # type: ignore[misc]
    """A warm-started search for a regressor of tables, as an estimator of scikit-learn.

    >>> model = AdvisorRegressor(trials=15, random_state=0).fit(X, y)
    >>> model.predict(X_new), model.score(X_test, y_test)

    `score` is R², as of every regressor of scikit-learn; `metric` is what is searched for. The
    parameters are told by `help(AdvisorRegressor.__init__)`.

    Attributes:
        model_, best_config_, best_value_, trials_, study_, n_features_in_, feature_names_in_: as
            of `AdvisorClassifier`.
    """

    _kind: ClassVar[str] = "regression"

    def predict(self, X: object) -> np.ndarray:
        """Return a number for each row in the unit of the training's target, (rows,).

        Args:
            X: frame or array with the columns of the training, (rows, columns).

        Raises:
            EstimatorError, ValueError: the rows are not what they were in training.
        """
        return self._raw(X)

    def _target(self, y: object) -> np.ndarray:
        label = np.asarray(column_or_1d(y, warn=True))
        try:
            numbers = label.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise EstimatorError(f"y holds no numbers, as a regression needs: {error}.") from error
        assert_all_finite(numbers, input_name="y")
        return numbers
