"""Learns how far families of the store speak for spaces of others: advisor/meta/kin.json.

    python -m scripts.seed.kin

Each shipped family is left out in turn and plays somebody's own: random parts of its space, under
a name that nobody knows, are searched among the random trials of one of its tasks, and only the
other families speak. A part has an optimiser that is searched, told or told by nothing, as users'
spaces do. Nothing but shipped trials is looked at.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import click
import numpy as np
import pandas as pd

from advisor.encoding import Encoder
from advisor.encoding.bridge import Partners, partners
from advisor.meta import Query, recall
from advisor.meta.experience import Experience
from advisor.meta.kin import LEARNED, MIN_PARTNERS, Kin, Learned, kin_by, learned
from advisor.meta.kin_learner import KinLearner
from advisor.meta.scores import goodness, normal_share, share_beaten
from advisor.meta.translation import added_since, upgraded
from advisor.models import family_names, get_family
from advisor.surrogates import Prior
from knowledge_base import KnowledgeBase
from knowledge_base.durable import write_text
from knowledge_base.space import SpaceDefinition
from knowledge_base.space.hyperparameter import ROLES
from knowledge_base.types import ConfigDict
from scripts import BUILD
from scripts.searches import Search

KEPT = {"learning_rate": 0.95, "batch_size": 0.75, "weight_decay": 0.75, "units": 0.75,
        "dropout": 0.75, "n_layers": 0.75}  # fmt: skip
"""Probability that a part of a space has a hyperparameter; of all others it is `SELDOM`."""

SELDOM = 0.3
OPTIMIZERS = ("searched", "sgd", "adamw", "told adamw")
"""What a part says of the optimiser; momentum tells SGD, and a constant tells what it says."""

TRUSTS = (0.5, 0.7, 0.9)
OWN_KINDS = (1.0, 3.0, 10.0)
TRIALS = 12
PICKS = 3
"""Recommendations whose outcomes are compared with what was expected."""


@dataclass(frozen=True)
class Case:
    """A task that plays somebody's own.

    Attributes:
        family: that is left out.
        task_id: of the task.
        space: a part of the family's, renamed.
        configs: n random ones of that part.
        scores: larger is better, shape (n,).
    """

    family: str
    task_id: str
    space: SpaceDefinition
    configs: list[ConfigDict]
    scores: np.ndarray

    @property
    def unit(self) -> float:
        """How far the best is from the median."""
        return float(self.scores.max() - np.median(self.scores))

    def regret(self, row: int | np.integer) -> float:
        """Return the regret of a row, at most 3: one that diverged counts as no more."""
        return min(float(self.scores.max() - self.scores[row]) / self.unit, 3.0)


def cases(kb: KnowledgeBase, family: str, count: int) -> Iterator[Case]:
    """Give up to `count` tasks of a family as somebody's own, each with its part of the space."""
    space = get_family(family).space()
    outcomes = upgraded(kb.outcomes(family), added_since(kb.spaces(), space))
    groups = list(outcomes[outcomes["strategy"] == "sobol"].groupby("task_id", sort=True))
    directions = kb.tasks().set_index("task_id")["direction"]
    for place, chosen in enumerate(np.linspace(0, len(groups) - 1, count).round().astype(int)):
        task_id, trials = groups[chosen]
        rng = np.random.default_rng([place, len(space.hyperparameters)])
        said = OPTIMIZERS[place % len(OPTIMIZERS)]
        found = _case(family, str(task_id), trials, str(directions[task_id]), said, rng)
        if found.unit > 1e-9:
            yield found


def _case(
    family: str,
    task_id: str,
    trials: pd.DataFrame,
    direction: str,
    said: str,
    rng: np.random.Generator,
) -> Case:
    space, names = get_family(family).space(), set()
    for name in space.hyperparameters:
        if rng.random() < KEPT.get(name, SELDOM) and name not in ("optimizer", "momentum"):
            names.add(name)
    names |= {"searched": {"optimizer", "momentum"}, "sgd": {"momentum"}}.get(said, set())
    names |= set() if len(names) > 2 else {"learning_rate", "batch_size", "weight_decay"}
    plain = space.to_dict()
    entries = [one for one in plain["hyperparameters"] if one["name"] in names]
    told = said.removeprefix("told ")
    if said != told:
        entries.append({"type": "constant", "name": "optimizer", "value": told})
    conditions = plain["conditions"] if said == "searched" else []
    part = {"name": "somebody's", "hyperparameters": entries, "conditions": conditions}
    configs = [json.loads(text) for text in trials["config"]]
    wanted = [said == "searched" or config["optimizer"] == told for config in configs]
    kept = [{k: v for k, v in config.items() if k in names or (k == "optimizer" and said != told)}
            for config, mine in zip(configs, wanted, strict=True) if mine]  # fmt: skip
    values = trials["value"].to_numpy(dtype=float)[wanted]
    good = goodness(values, (trials["state"] == "complete").to_numpy()[wanted], direction)
    good = np.where(np.isfinite(good), good, good[np.isfinite(good)].min())
    # Errors count by their ratios, and a twentieth of the trials is as bad as any.
    scores = -np.log(-good) if direction == "minimize" else good
    definition = SpaceDefinition.from_dict(part, stored=True)
    return Case(family, task_id, definition, kept, np.maximum(scores, np.quantile(scores, 0.05)))


class Store:
    """The families of the store, each with what it has learned."""

    def __init__(self, kb: KnowledgeBase) -> None:
        """Recall all families."""
        found = {name: recall(kb, get_family(name).space(), name) for name in family_names()}
        self._experience: dict[str, Experience] = {n: e for n, e in found.items() if e is not None}

    def speak(self, case: Case, own: bool = False, without: str | None = None) -> list[Kin]:
        """Return the kin of a case: the other families.

        Args:
            case: whose own family is left out.
            own: whether its family speaks, too, by its other tasks.
            without: a role that nobody may speak of.
        """
        found = []
        for name, experience in self._experience.items():
            shared = partners(case.space, get_family(name).space())
            of = {k: v for k, v in shared.of.items() if k != without}
            if len(of) < MIN_PARTNERS or (name == case.family and not own):
                continue
            if name == case.family:
                others = [t for t, task in enumerate(experience.tasks)
                          if task.task_id != case.task_id]  # fmt: skip
                experience = experience.subset(others)
            found.append(kin_by(get_family(name), experience, case.space, Partners(of, shared.new)))
        return found


def expected_of(kin: Sequence[Kin], case: Case) -> tuple[Prior, np.ndarray] | None:
    """Return the prior of some kin and what their rows expect of a case's configurations."""
    prior = KinLearner(kin, case.space).prior(Query())
    if prior is None:
        return None
    return prior, prior.predict(Encoder(case.space).encode(case.configs))


def residuals(store: Store, every: Sequence[Case]) -> np.ndarray:
    """Return what recommended configurations beat, less what was expected, shape (m,)."""
    found = []
    for case in every:
        if (known := expected_of(store.speak(case), case)) is None:
            continue
        prior, scores = known
        picked = np.argsort(-(prior.weights @ scores), kind="stable")[:PICKS]
        share = share_beaten(case.scores, case.scores)[picked]
        found += (share - prior.weights @ normal_share(scores[:, picked])).tolist()
    return np.array(found)


def best_own_kind(store: Store, every: Sequence[Case]) -> float:
    """Return how much more the family of the same kind of data is to count."""
    regret = {factor: [] for factor in OWN_KINDS}  # type: dict[float, list[float]]
    for case in every:
        own = [kin for kin in store.speak(case, own=True) if kin.family.name == case.family]
        mine, others = (expected_of(kin, case) for kin in (own, store.speak(case)))
        if mine is None or others is None:
            continue
        for factor in OWN_KINDS:
            families = len(store.speak(case))
            together = families * (others[0].weights @ others[1])
            together = together + factor * (mine[0].weights @ mine[1])
            regret[factor].append(case.regret(together.argmax()))
    _say("own kind counts", regret)
    return min(regret, key=lambda factor: float(np.mean(regret[factor])))


def best_trust(store: Store, every: Sequence[Case]) -> float:
    """Return the trust with which searches had the least regret, averaged over their trials."""
    regret = {trust: [] for trust in TRUSTS}  # type: dict[float, list[float]]
    for case in every:
        if (known := expected_of(store.speak(case), case)) is None:
            continue
        for trust in TRUSTS:
            known[0].trust = trust
            regret[trust].append(float(np.mean(_searched(case, known[0]))))
    _say("trust", regret)
    return min(regret, key=lambda trust: float(np.mean(regret[trust])))


def _searched(case: Case, prior: Prior) -> list[float]:
    search = Search(case.space, "maximize", 0, prior, case.configs)
    rows = {json.dumps(config, sort_keys=True): row for row, config in enumerate(case.configs)}
    found: list[float] = []
    for _ in range(TRIALS):
        config = search.ask()
        row = rows[json.dumps(config, sort_keys=True)]
        search.tell(config, float(case.scores[row]))
        found.append(min([case.regret(row), *found[-1:]]))
    return found


def without_roles(store: Store, every: Sequence[Case]) -> None:
    """Say what the first recommendation loses where nobody may speak of one role."""
    regret = {role: [] for role in ("nothing", *ROLES)}  # type: dict[str, list[float]]
    for case in every:
        for role in regret:
            known = expected_of(store.speak(case, without=role), case)
            if known is not None:
                regret[role].append(case.regret((known[0].weights @ known[1]).argmax()))
    _say("left out", regret)


def _say(what: str, regret: dict[float, list[float]] | dict[str, list[float]]) -> None:
    for name, found in regret.items():
        click.echo(f"{what} {name}: regret {np.mean(found):.3f} of {len(found)}")


@click.command()
@click.option("--tasks", default=14, help="Tasks of each family that are left out.")
@click.option("--searches", default=8, help="Of these, with how many searches are made.")
@click.option("--roles", is_flag=True, help="Also say what each role is worth; much longer.")
@click.option("--write/--no-write", default=True, help="Replace advisor/meta/kin.json.")
def main(tasks: int, searches: int, roles: bool, write: bool) -> None:
    """Leave families out, and keep what that has taught."""
    kb = KnowledgeBase(BUILD / "kin.duckdb")
    store = Store(kb)
    every = [list(cases(kb, name, tasks)) for name in family_names()]
    together = [case for of_family in every for case in of_family]
    rest = residuals(store, together)
    low, high = np.quantile(rest, [0.1, 0.9])
    found = Learned(
        trust=best_trust(store, [case for part in every for case in part[:searches]])
        if searches
        else learned().trust,
        shift=round(float(rest.mean()), 3),
        low=round(float(low), 3),
        high=round(float(high), 3),
        own_kind=best_own_kind(store, together),
    )
    if roles:
        without_roles(store, together)
    text = json.dumps(asdict(found), indent=2) + "\n"
    click.echo(text, nl=False)
    if write:
        write_text(LEARNED, text)


if __name__ == "__main__":
    main()
