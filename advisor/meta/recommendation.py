"""What the meta-learner answers: recommendations with their evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from advisor.meta.durations import Durations
from advisor.units import seconds_text
from knowledge_base.types import Config, JsonObject

HERE, ELSEWHERE, PAST_TASKS = "this machine", "a machine like that of the past trials", "past tasks"
"""Where a training takes what is expected of it."""

LIKELY = 0.6
"""Probability of beating the library default from which it is said to be likely."""


SHIPPED_BY = "advisor"
"""The contributor of what ships, who is not named each time."""


@dataclass(frozen=True)
class Evidence:
    """A past task that speaks for a recommendation.

    Attributes:
        task: display name of the past task.
        task_id: its identity in the knowledge base.
        weight: its share in the recommendation, in [0, 1]; all past tasks sum to 1.
        score: share of random configurations that this configuration beat there.
        observed: whether it was tried there, or predicted from the task's other trials.
        value: metric it reached there, if it was tried.
        same_dataset: whether the past task is about the very same data.
        contributors: names of whoever contributed its trials, as they say.
    """

    task: str
    task_id: str
    weight: float
    score: float
    observed: bool
    value: float | None = None
    same_dataset: bool = False
    contributors: tuple[str, ...] = ()

    @property
    def standing(self) -> str:
        """Why it counts, and how much."""
        same = "this very data set, " if self.same_dataset else ""
        others = [name for name in self.contributors if name != SHIPPED_BY]
        whose = f"by {', '.join(others)}, " if others else ""
        return f"{same}{whose}weight {self.weight:.0%}"

    @property
    def said(self) -> str:
        """What it says of the configuration."""
        return f"{'beat' if self.observed else 'is predicted to beat'} {self.score:.0%}"


@dataclass(frozen=True)
class Recommendation:
    """A configuration to start from.

    Attributes:
        rank: 1 is the first to try.
        config: active hyperparameters.
        expected: share of random configurations it should beat, in [0, 1].
        interval: 80% interval of that share.
        confidence: how sure it is that random configurations are beaten: "high", "medium",
            "low", or "none" where there is no history. It says nothing about the default.
        beats_default: probability of beating the library default, None without history.
        seconds: what one training of it is expected to take, None if unknown.
        seconds_on: of which machine that is: "this machine", "a machine like that of the past
            trials" where this one was not measured, "past tasks" where it is what it took there.
        quick: whether that is at most a third of what the first recommendation takes, or the
            library default where that takes longer.
        evidence: past tasks that speak for it, strongest first.
        risk: what went wrong with similar trials, None where next to nothing did.
        unlike: whether the data are unlike anything in the store; then `expected` is what the
            configuration did on other data, the interval claims nothing, and the confidence
            is "low".
        told_apart: whether metafeatures, outcomes or trials on the very data said which past
            tasks are like it; where all count evenly, the confidence is "medium" at most.
        predictable: whether the simplest learners predict the target better than a constant;
            where they do not, the confidence is "medium" at most.
    """

    rank: int
    config: Config
    expected: float
    interval: tuple[float, float]
    confidence: str
    beats_default: float | None = None
    seconds: float | None = None
    evidence: tuple[Evidence, ...] = ()
    risk: str | None = None
    unlike: bool = False
    told_apart: bool = True
    predictable: bool = True
    seconds_on: str | None = None
    quick: bool = False

    @property
    def takes(self) -> str | None:
        """What one training takes and where, as people read it; None if unknown."""
        if self.seconds is None:
            return None
        where = f"on {self.seconds_on or PAST_TASKS}"
        quick = "quick: " if self.quick else ""
        return f"{quick}a training takes about {seconds_text(self.seconds)} {where}"

    @property
    def against_default(self) -> str | None:
        """How it compares with the default, which the word for confidence is not about."""
        chance = self.beats_default
        if chance is None:
            return None
        word = "likely better" if chance >= LIKELY else "about even"
        word = "likely worse" if chance <= 1 - LIKELY else word
        return f"against the library default: {word} (better with probability {chance:.0%})"

    def to_dict(self) -> JsonObject:
        """Return the recommendation as plain JSON-able types."""
        plain = asdict(self)
        plain["config"] = dict(self.config)
        plain["interval"] = list(self.interval)
        plain["evidence"] = [asdict(item) for item in self.evidence]
        return plain


@dataclass(frozen=True)
class Query:
    """What is known about the new task when a recommendation is asked for.

    Attributes:
        metafeatures: metafeatures of its data set; None where there is no data set.
        dataset_id: fingerprint of its data set, if any.
        target: name of the target column, if any.
        task_id: identity of the task, if it may already be in the knowledge base.
        outcomes: configurations tried on it, at whatever fidelity, and how good they were
            (larger is better, None for failures): they say which past tasks are alike.
        seconds: that one training may take, None for as many as it needs.
        durations: what configurations take on its data; None leaves that to past tasks.
    """

    metafeatures: Mapping[str, float] | None = None
    dataset_id: str | None = None
    target: str | None = None
    task_id: str | None = None
    outcomes: Sequence[tuple[Config, float | None]] = ()
    seconds: float | None = None
    durations: Durations | None = None
