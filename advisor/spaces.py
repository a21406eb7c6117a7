"""The name that `advisor.encoding` had until 0.1, for code that was written then."""

from advisor.encoding import (
    Encoder,
    allowed,
    from_configspace,
    neighbours,
    sample,
    sobol,
    to_configspace,
)

__all__ = [
    "Encoder",
    "allowed",
    "from_configspace",
    "neighbours",
    "sample",
    "sobol",
    "to_configspace",
]
