"""Configurations of a search space in other forms: as numbers, as samples, as those of others.

What a space is, `knowledge_base.space` says; here its configurations are encoded for surrogates
(`Encoder`), put into the unit cube and read back from it (`cube`), drawn (`sample`, `sobol`,
`neighbours`), converted to and from ConfigSpace, and recognised by other names (`aliases`).
"""

from advisor.encoding.configspace import from_configspace, to_configspace
from advisor.encoding.cube import allowed
from advisor.encoding.encoder import Encoder
from advisor.encoding.sampling import drawn_plainly, neighbours, sample, sobol

__all__ = [
    "Encoder",
    "allowed",
    "drawn_plainly",
    "from_configspace",
    "neighbours",
    "sample",
    "sobol",
    "to_configspace",
]
