"""Recommendations as text to paste: YAML, and Python that runs."""

from collections.abc import Sequence

from advisor.meta.recommendation import Recommendation
from advisor.models import FAMILIES
from advisor.models.meanings import meanings_of
from knowledge_base.types import Config

INDENT = " " * 4

TRAIN = """

def train(data, target, config, **options):
    \"\"\"Return the finished search of one configuration; its `model` predicts new rows.\"\"\"
    from advisor import Advisor

    return Advisor(family={family}).tune(data, target, fix=config, trials=1, **options)


# search = train("data.csv", "label", configurations[0])
# search.model.predict("new.csv")
"""

OTHERS = """
# A search of Optuna begins with them like this:
# for config in configurations:
#     study.enqueue_trial(config)
"""


def expectation(item: Recommendation) -> str:
    """Return in words what is expected of a recommendation."""
    low, high = item.interval
    if item.unlike:
        return (
            f"beat {item.expected:.0%} of random configurations on other data "
            f"(confidence {item.confidence})"
        )
    return (
        f"should beat {item.expected:.0%} of random configurations "
        f"(80% interval {low:.0%} to {high:.0%}, confidence {item.confidence})"
    )


def to_yaml(about: str, family: str, items: Sequence[Recommendation]) -> str:
    """Return a YAML document: a list with one mapping of hyperparameters per recommendation.

    What is expected of them, and what the hyperparameters mean, stands in comments.

    Args:
        about: what they were recommended for.
        family: whose configurations they are.
        items: best first.
    """
    import yaml

    lines = _head(about, family, items)
    for item in items:
        lines += map(_comment, _about(item))
        # It quotes what another reader would take for a number or a truth value, and writes
        # 1.0e-05, which all take for a number, rather than 1e-05.
        text = yaml.safe_dump(_plain(item.config), sort_keys=True, width=1000)
        first, *rest = text.splitlines()
        lines += [f"- {first}", *(f"  {line}" for line in rest)]
    return "\n".join(lines) + "\n"


def to_python(about: str, family: str, items: Sequence[Recommendation]) -> str:
    """Return Python code that runs: a list of dicts, and a function that trains one of them.

    What is expected of them, and what the hyperparameters mean, stands in comments.

    Args:
        about, family, items: as for `to_yaml`.
    """
    lines = [*_head(about, family, items), "configurations = ["]
    for item in items:
        lines += [f"{INDENT}{_comment(line)}" for line in _about(item)]
        lines.append(f"{INDENT}{{")
        plain = {_literal(name): _literal(value) for name, value in _plain(item.config).items()}
        lines += [f"{INDENT * 2}{name}: {plain[name]}," for name in sorted(plain)]
        lines.append(f"{INDENT}}},")
    lines.append("]")
    train = TRAIN.format(family=_literal(family)) if family in FAMILIES else ""
    return "\n".join(lines) + "\n" + train + OTHERS


def _head(about: str, family: str, items: Sequence[Recommendation]) -> list[str]:
    """Return comments on the data and the hyperparameters."""
    meanings = meanings_of(family)
    used = sorted({name for item in items for name in item.config})
    lines = [about, *(f"  {name}: {meanings[name]}" for name in used if name in meanings)]
    return [*map(_comment, lines), ""]


def _about(item: Recommendation) -> list[str]:
    """Return what is known of a recommendation, in two lines at most."""
    more = []
    if item.beats_default is not None:
        more.append(f"better than the library default with probability {item.beats_default:.0%}")
    if item.takes is not None:
        more.append(item.takes)
    if item.risk is not None:
        more.append(f"risk: {item.risk}")
    first = f"{item.rank}: {expectation(item)}"
    return [first, f"   {'; '.join(more)}"] if more else [first]


def _literal(value: object) -> str:
    """Return a text or a number as Python has it, in ASCII."""
    text = ascii(value)
    # As most people quote, where nothing has to be escaped.
    return f'"{value}"' if text == f"'{value}'" and '"' not in text else text


def _comment(text: str) -> str:
    """Return a comment on one line, whatever a name holds."""
    return "# " + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _plain(config: Config) -> dict[str, object]:
    """Return a configuration without numbers of NumPy."""
    return {
        str(name): value.item() if hasattr(value, "item") else value
        for name, value in config.items()
    }
