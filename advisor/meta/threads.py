"""One thread for linear algebra: the matrices of past tasks are many and small.

More threads wait for each other longer than they work. With two, on two cores in use by others,
learning what ships took 52 seconds instead of 8.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Use one thread of the BLAS library in the block; other libraries keep theirs."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
