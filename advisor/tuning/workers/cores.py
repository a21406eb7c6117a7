"""How many threads each of several processes takes."""

import os


def threads_of_each(count: int) -> int:
    """Return how many threads each process takes, so that all together have the cores.

    What OMP_NUM_THREADS says, as far as it does, is how many there are for all of them.

    Args:
        count: how many processes there are.
    """
    from joblib import cpu_count

    said = os.environ.get("OMP_NUM_THREADS", "")
    cores = int(said) if said.isdecimal() and int(said) else cpu_count()
    return max(cores // count, 1)
