"""The base of all symptoms: what a trial shows, and what helps."""

from abc import ABC, abstractmethod
from typing import ClassVar

from advisor.diagnosis.curve import Curve
from advisor.encoding.remedies import Remedy


class Symptom(ABC):
    """One thing that can go wrong.

    Attributes:
        name: what labels call it; the module is called so, too.
        title: what people read.
        needs: columns of the curve that have to be there.
        shortest: epochs without which it cannot be judged.
        hides: names of symptoms that are only consequences of this one.
        remedies: what helps, by usual names of hyperparameters; what to try first comes first.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    shortest: ClassVar[int] = 1
    hides: ClassVar[tuple[str, ...]] = ()
    remedies: ClassVar[tuple[Remedy, ...]] = ()

    @abstractmethod
    def see(self, curve: Curve) -> str | None:
        """Return the evidence with numbers and epochs, None where there is none."""

    def missing(self, curve: Curve) -> str | None:
        """Return what the curve lacks for a judgement, None if nothing."""
        lacking = [name for name in self.needs if not curve.known(name)]
        if lacking:
            return f"no {' and no '.join(lacking)} in its curve"
        if curve.epochs < self.shortest:
            return f"its curve has {curve.epochs} of at least {self.shortest} epochs"
        return None


def more(name: str, text: str) -> Remedy:
    """Return the remedy of a larger number."""
    return Remedy(name, "more", (), text)


def less(name: str, text: str) -> Remedy:
    """Return the remedy of a smaller number."""
    return Remedy(name, "less", (), text)


def choose(name: str, choices: str, text: str) -> Remedy:
    """Return the remedy of another choice; `choices` are separated by spaces."""
    return Remedy(name, None, tuple(choices.split()), text)
