"""Whether anything in a data set predicts its target, as far as its landmarkers see.

On random noise all configurations come out alike but for chance, and a high confidence in one
would be about nothing.
"""

from collections.abc import Mapping
from math import exp, isfinite, sqrt

from advisor.metafeatures.groups.landmarking import MAX_ROWS
from advisor.metafeatures.labelled_view import MAX_IMAGES, MAX_TEXTS

ERRORS = 1.5
"""Standard errors by which the best landmarker must be ahead of a constant. Nearly
all tables of noise stay below it, and of the shipped tables all but eight are above it."""

EVEN = 0.95
"""Entropy of the classes from which on the accuracy of a constant is known well enough."""

ACCURACIES = {"image": ("centroid_accuracy", MAX_IMAGES), "text": ("bayes_accuracy", MAX_TEXTS)}
"""Landmarkers of images and texts, on one half of so many rows at most."""


def nothing_predicts(metafeatures: Mapping[str, float] | None) -> bool:
    """Return whether no landmarker does better on a data set than a constant.

    Args:
        metafeatures: of the data set; without landmarkers nothing is said.
    """
    known = {name: value for name, value in (metafeatures or {}).items() if isfinite(value)}
    landmarkers = [value for name, value in known.items() if name.startswith("landmarking.")]
    if landmarkers and "general.log_rows" in known:
        rows = min(exp(known["general.log_rows"]), MAX_ROWS)
        return max(landmarkers) * sqrt(rows) < ERRORS
    for kind, (name, most) in ACCURACIES.items():
        names = [f"{kind}.{n}" for n in (name, "log_rows", "log_classes", "class_entropy",
                                         "minority_share")]  # fmt: skip
        if all(name in known for name in names):
            accuracy, log_rows, log_classes, entropy, minority = (known[name] for name in names)
            # The most frequent of nearly even classes; the others have this share on average.
            constant = (1 - minority) / max(exp(log_classes) - 1, 1)
            error = sqrt(constant * (1 - constant) / (min(exp(log_rows), most) / 2))
            return entropy >= EVEN and accuracy < constant + ERRORS * error
    return False
