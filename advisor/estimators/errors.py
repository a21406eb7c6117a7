"""Errors as users of scikit-learn expect them."""

from collections.abc import Iterator
from contextlib import contextmanager

from knowledge_base.errors import UserError


class EstimatorError(UserError, ValueError):
    """Bad input of an estimator: a `UserError`, and the `ValueError` that scikit-learn expects."""


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Raise every `UserError` of the code inside as an `EstimatorError` of the same words.

    Raises:
        EstimatorError: in place of a `UserError`.
    """
    try:
        yield
    except UserError as error:
        raise EstimatorError(str(error)) from error
