"""Search spaces at work: encoding, sampling and conversion."""

from advisor.spaces.configspace import from_configspace, to_configspace
from advisor.spaces.cube import allowed
from advisor.spaces.encoding import Encoder
from advisor.spaces.sampling import neighbours, sample, sobol

__all__ = [
    "Encoder",
    "allowed",
    "from_configspace",
    "neighbours",
    "sample",
    "sobol",
    "to_configspace",
]
