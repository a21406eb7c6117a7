"""How well the simplest learners do: what kind of structure a data set has."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from advisor.metafeatures import learners
from advisor.metafeatures.base import MetafeatureGroup
from advisor.metafeatures.sampling import halves, sample_rows
from advisor.metafeatures.table_view import TableView

MAX_ROWS = 2_000
MIN_ROWS = 4

LEARNERS = {
    "one_nn": learners.nearest_neighbour,
    "best_node": learners.best_node,
    "linear": learners.linear,
    "naive_bayes": learners.naive_bayes,
}


class Landmarking(MetafeatureGroup[TableView]):
    """Landmarkers (Pfahringer, Bensusan & Giraud-Carrier 2000), by two-fold cross-validation.

    Each is the share of the error of the baseline (largest class, mean target) that the learner
    removes on rows it has not seen: 1 is perfect, 0 no better than the baseline, -1 the least
    that is reported. Errors are the misclassification rate and the mean squared error (then
    the share is R squared), so that classification and regression read alike.
    """

    name = "landmarking"
    descriptions: ClassVar[Mapping[str, str]] = {
        "one_nn": "nearest neighbour on standardised features (one_nn)",
        "best_node": "one-level tree on the best single feature, a branch for each level or bin "
        "(best_node; 1R of Holte 1993)",
        "linear": "ridge regression; on class indicators for classification (as linear_discr)",
        "naive_bayes": "naive Bayes on discretised features (naive_bayes; for regression the "
        "mean over target bins, after Frank et al. 2000)",
    }

    def values(self, view: TableView) -> Mapping[str, float]:
        """Return the landmarkers; too few rows or a constant target have none."""
        rng = np.random.default_rng(view.seed)
        rows = sample_rows(view.n_sampled, MAX_ROWS, rng, view.labels)
        if len(rows) < MIN_ROWS or not view.codes or view.target_codes.max() == 0:
            return {}
        encoded = learners.encode(view, rows)
        order = view.labels if view.labels is not None else view.numbers
        half = halves(np.asarray(order)[rows], rng)
        return {
            name: float(np.mean([_removed(learner, encoded, fold) for fold in (half, ~half)]))
            for name, learner in LEARNERS.items()
        }


def _removed(learner: learners.Learner, rows: learners.EncodedRows, train: np.ndarray) -> float:
    """Return the share of the baseline's error that the learner removes, in [-1, 1].

    Where the baseline makes no error (a fold of one class) there is none to remove: 0.
    """
    known, unseen = rows.part(train), rows.part(~train)
    baseline = unseen.error(np.tile(known.outputs.mean(0), (len(unseen.outputs), 1)))
    if baseline == 0:
        return 0.0
    return float(np.clip(1 - unseen.error(learner(known, unseen)) / baseline, -1, 1))
