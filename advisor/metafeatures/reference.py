"""The list of metafeatures as a document: `python -m advisor.metafeatures.reference`."""

import inspect

from advisor.metafeatures import VERSION
from advisor.metafeatures.base import AnyGroup
from advisor.metafeatures.registry import all_groups

HEADING = f"""# Metafeatures

Version {VERSION} of the list, by group; those of tables are `advisor.metafeatures.NAMES`.
Written by `python -m advisor.metafeatures.reference > docs/metafeatures.md`; a test compares.

Names in brackets are those of pymfe and of Rivolli et al. (2022) for the same thing. Logarithms
are natural unless said otherwise. What is undefined for a data set is NaN here and null in the
knowledge base. Everything but the counts of rows, features and classes is taken from a seeded
sample: at most about 10,000 rows, with at least 5 of each class where there are as many, and
200 features; landmarkers see 2,000 rows. How fast that is: [benchmark](benchmarks/metafeatures.md).

Values do not depend on the order of the columns. The order of the rows only changes which of
them are sampled and how landmarkers split them. Shifting and rescaling features changes only
`statistical.zero_share` and `statistical.log_scale_spread` (beyond rounding and ties).
"""

REFERENCES = """## References

- Bardenet, Brendel, Kégl, Sebag (2013): Collaborative hyperparameter tuning. ICML.
- Brazdil, van Rijn, Soares, Vanschoren (2022): Metalearning, 2nd edition. Springer.
- Feurer, Springenberg, Hutter (2015): Initializing Bayesian hyperparameter optimization via
  meta-learning. AAAI.
- Frank, Trigg, Holmes, Witten (2000): Naive Bayes for regression. Machine Learning 41.
- Holte (1993): Very simple classification rules perform well on most commonly used datasets.
  Machine Learning 11.
- Joanes, Gill (1998): Comparing measures of sample skewness and kurtosis. The Statistician 47.
- Lorena, Garcia, Lehmann, Souto, Ho (2019): How complex is your classification problem? ACM
  Computing Surveys 52.
- Michie, Spiegelhalter, Taylor (1994): Machine learning, neural and statistical classification.
- Miller (1955): Note on the bias of information estimates.
- Pfahringer, Bensusan, Giraud-Carrier (2000): Meta-learning by landmarking various learning
  algorithms. ICML.
- Rivolli, Garcia, Soares, Vanschoren, de Carvalho (2022): Meta-features for meta-learning.
  Knowledge-Based Systems 240.
- Vanschoren (2018): Meta-learning: a survey. arXiv:1810.03548.
"""


def markdown() -> str:
    """Return the document: a section with a table for each group, and the references."""
    return "\n".join([HEADING, *map(_section, all_groups()), REFERENCES])


def _section(group: AnyGroup) -> str:
    rows = [f"| `{group.name}.{name}` | {text} |" for name, text in group.descriptions.items()]
    table = ["| name | what |", "| --- | --- |", *rows, ""]
    return "\n".join([f"## {group.name}", "", inspect.getdoc(group) or "", "", *table])


if __name__ == "__main__":
    print(markdown(), end="")
