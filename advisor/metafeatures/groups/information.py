"""What each feature tells about the target, in bits of entropy."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from advisor.metafeatures.base import MetafeatureGroup
from advisor.metafeatures.table_view import TableView

FLOOR = 1e-4
"""Least mutual information, as a share of entropy, that a ratio is taken of."""
INFORMATIVE = 0.01
"""From this share of the target's entropy on, a feature counts as informative."""


class Information(MetafeatureGroup[TableView]):
    """Entropies and mutual information of discretised features and target.

    Definitions of Michie et al. (1994) as in Rivolli et al. (2022, "info-theory"), with three
    changes: mutual information is a share of the entropy of the target (0 to 1), its bias of
    small samples is taken off (Miller 1955), and unbounded ratios are logarithms. Numeric
    features and targets are cut into equal-frequency bins; a missing value is a level.
    """

    name = "information"
    descriptions: ClassVar[Mapping[str, str]] = {
        "target_entropy": "entropy of the classes (or bins of the target) / its largest possible "
        "value (normalised class_ent)",
        "feature_entropy_mean": "mean entropy of the features / its largest possible value "
        "(mean normalised attr_ent)",
        "mutual_information_mean": "mean over features of I(feature; target) / H(target) "
        "(mean mut_inf / class_ent)",
        "mutual_information_max": "largest I(feature; target) / H(target)",
        "mutual_information_std": "standard deviation over features of "
        "I(feature; target) / H(target)",
        "informative_share": "share of features with I(feature; target) of at least 1 % of "
        "H(target)",
        "log_equivalent_features": "log of H(target) / mean I(feature; target) (log eq_num_attr "
        "/ nr_attr), at most log 10,000",
        "log_noise_to_signal": "log(1 + (mean H(feature) - mean I) / mean I) (ns_ratio), at most "
        "log 10,000",
    }

    def values(self, view: TableView) -> Mapping[str, float]:
        """Return the entropies; a constant target has none to explain."""
        if not view.n_sampled:
            return {}
        target = view.target_codes
        found = {"target_entropy": _normalised_entropy(target)}
        pairs = [mutual_information(codes, target) for codes in view.codes]
        total = entropy(np.bincount(target))
        if not pairs or not total:
            return found
        entropies, information = np.array(pairs).T
        shares = information / total
        return {
            **found,
            "feature_entropy_mean": np.mean([_normalised_entropy(codes) for codes in view.codes]),
            "mutual_information_mean": shares.mean(),
            "mutual_information_max": shares.max(),
            "mutual_information_std": shares.std(),
            "informative_share": (shares >= INFORMATIVE).mean(),
            "log_equivalent_features": -np.log(max(shares.mean(), FLOOR)),
            "log_noise_to_signal": _log_noise(entropies.mean(), information.mean()),
        }


def entropy(counts: np.ndarray) -> float:
    """Return the entropy in nats of a table of counts of any shape."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum()) + 0.0


def mutual_information(codes: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Return the entropy of a feature and its mutual information with the target, in nats.

    The expected mutual information of independent variables, (levels - 1)(classes - 1) / 2n, is
    taken off (Miller 1955); the result is at least 0 and at most the entropy of either.

    Args:
        codes: levels of the feature from 0 without gaps, shape (n,).
        target: the same of the target, shape (n,).
    """
    levels, classes = codes.max() + 1, target.max() + 1
    joint = np.bincount(codes * classes + target, minlength=levels * classes)
    joint = joint.reshape(levels, classes)
    own, other = entropy(joint.sum(1)), entropy(joint.sum(0))
    bias = (levels - 1) * (classes - 1) / (2 * len(codes))
    return own, float(np.clip(own + other - entropy(joint) - bias, 0, min(own, other)))


def _normalised_entropy(codes: np.ndarray) -> float:
    counts = np.bincount(codes)
    return entropy(counts) / np.log(len(counts)) if len(counts) > 1 else 0.0


def _log_noise(entropy_mean: float, information_mean: float) -> float:
    if not entropy_mean:
        return float("nan")
    return float(-np.log(max(information_mean / entropy_mean, FLOOR)))
