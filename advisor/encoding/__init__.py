"""Search spaces at work: encoding, sampling and conversion."""

from advisor.encoding.configspace import from_configspace, to_configspace
from advisor.encoding.cube import allowed
from advisor.encoding.encoder import Encoder
from advisor.encoding.sampling import neighbours, sample, sobol

__all__ = [
    "Encoder",
    "allowed",
    "from_configspace",
    "neighbours",
    "sample",
    "sobol",
    "to_configspace",
]
