"""The estimator for classes."""

import warnings
from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, column_or_1d

from advisor.data.inference import MIN_PER_CLASS
from advisor.data.intake import counted
from advisor.estimators.base import AdvisorEstimator


class AdvisorClassifier(ClassifierMixin, AdvisorEstimator):  # type: ignore[misc]
    """A warm-started search for a classifier of tables, as an estimator of scikit-learn.

    >>> model = AdvisorClassifier(trials=15, random_state=0).fit(X, y)
    >>> model.predict(X_new), model.predict_proba(X_new), model.score(X_test, y_test)

    `score` is the accuracy, as of every classifier of scikit-learn; `metric` is what is searched
    for. The parameters are told by `help(AdvisorClassifier.__init__)`.

    Attributes:
        classes_: the classes in their order, (classes,). A class of one or two rows is among
            them, but too rare to be learnt: `fit` warns of it, and it is never predicted.
        model_: the `Predictor` that the search left.
        best_config_, best_value_: hyperparameters of the best trial, and its mean over the folds.
        trials_: a frame with a row for each finished trial.
        study_: folder of the study, where `directory` keeps it.
        n_features_in_, feature_names_in_: as of every estimator.
    """

    _kind: ClassVar[str] = "classification"

    def predict(self, X: object) -> np.ndarray:
        """Return the likeliest class of each row, (rows,).

        Args:
            X: frame or array with the columns of the training, (rows, columns).

        Raises:
            EstimatorError, ValueError: the rows are not what they were in training.
        """
        shares = self.predict_proba(X)
        chosen: np.ndarray = self.classes_[shares.argmax(1)]
        return chosen

    def predict_proba(self, X: object) -> np.ndarray:
        """Return probabilities in the order of `classes_`, (rows, classes).

        Args:
            X: as for `predict`.

        Raises:
            EstimatorError, ValueError: as `predict`.
        """
        shares = self._raw(X)
        # The model's classes are of pandas and may have another order; their texts are the same.
        places = {str(label): place for place, label in enumerate(self.classes_.tolist())}
        found = np.zeros((len(shares), len(self.classes_)))
        found[:, [places[str(label)] for label in self.model_.classes or ()]] = shares
        return found

    def _target(self, y: object) -> np.ndarray:
        label: np.ndarray = column_or_1d(y, warn=True)
        assert_all_finite(label, input_name="y")
        check_classification_targets(label)
        self.classes_ = np.unique(label)
        return label

    def _learnable(self, label: np.ndarray) -> np.ndarray:
        classes, places, counts = np.unique(label, return_inverse=True, return_counts=True)
        rare = counts < MIN_PER_CLASS
        if rare.any() and not rare.all():
            # A split of a cross-validation may leave a row of a class; that must not end it all.
            rows = counted(int(counts[rare].sum()), "row")
            warnings.warn(
                f"Left out: {rows} of classes with less than {MIN_PER_CLASS} rows, the first being "
                f"{classes[rare].tolist()[0]!r}; their probability is always 0.",
                stacklevel=3,
            )
            return ~rare[places]
        return super()._learnable(label)
