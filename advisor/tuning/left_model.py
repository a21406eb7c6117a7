"""The model that a search leaves: made of the networks that are kept, and saved beside them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.metrics import get_metric
from advisor.predictor.judged import JudgedRows
from advisor.predictor.kept import KNOWN, Candidate
from advisor.predictor.predictor import Predictor
from advisor.predictor.saving import FOLDER
from advisor.problem import DataProblem, Problem
from advisor.settings import Settings
from advisor.training.objective import FamilyObjective, Objective
from advisor.tuning.batches import Watch, over
from advisor.tuning.final import Final
from advisor.tuning.study import Study
from knowledge_base.durable import reason_of
from knowledge_base.errors import LOG, UserError

if TYPE_CHECKING:
    from advisor.data import NewRows


@dataclass
class LeftModel:
    """Makes the model of a study, and saves it in the study's directory.

    Attributes:
        settings: what was asked for; `final` says what the model is made of.
        study: where networks are kept.
        path: its directory.
        problem: what is searched.
        trainer: what trained the networks.
        test: rows of the user's own that the model is measured on.
        choice_ends: when the choice of what is averaged is to end; None lets it take its time.
    """

    settings: Settings
    study: Study
    path: Path
    problem: Problem
    trainer: Objective
    test: "NewRows[object] | None" = None
    choice_ends: float | None = field(default=None, init=False)
    _read: Sequence[Candidate] | None = field(default=None, init=False, repr=False)
    _judged: JudgedRows | None = field(default=None, init=False, repr=False)

    @cached_property
    def predictor(self) -> Predictor:
        """What was trained, as one model for new rows; made when first asked for.

        Raises:
            UserError: no network is kept, as of the user's own function, which keeps its own.
        """
        final = self.final
        read, self._read = self._read, None
        if read is None:
            read = final.candidates()
        model = final.predictor(self.settings.final, read)
        self._judged = final.judged(model, read)
        return model

    @cached_property
    def final(self) -> Final:
        """What makes the model.

        Raises:
            UserError: as `predictor`.
        """
        problem = self.problem
        if not isinstance(self.trainer, FamilyObjective) or not isinstance(problem, DataProblem):
            raise UserError(
                "The user's own function keeps its models itself; there is none to take away."
            )
        reading = problem.dataset.reading
        if reading is None:
            raise UserError(
                "A data set that was made in Python has no account of how new rows are read; "
                "give a file or a frame instead."
            )
        assert self.study.networks is not None
        metric = get_metric(self.study.task.metric)
        whole = problem.whole(self.settings) if self.settings.final == "single" else None
        return Final(
            self.trainer,
            self.study.networks,
            metric,
            reading,
            self.test,
            whole,
            problem.further_folds(self.settings) if self.settings.final == "ensemble" else (),
            lambda: over(self.choice_ends),
        )

    def refit(self, deadline: float | None) -> None:
        """Train the best configuration on all known rows, if one network is to be taken away.

        What was read of the kept networks for that is what `save` makes the model of.

        Args:
            deadline: when the training ends, and nothing of it is kept.
        """
        if self.settings.final != "single" or not self._trained or over(deadline):
            return
        with suppress(Exception):  # The network of a fold is taken then, with a word.
            self._read = self.final.candidates()
            self.final.refit(Watch(None, deadline), self._read)

    def save(self) -> None:
        """Save the model of the trials so far, if there is any network."""
        self.__dict__.pop("predictor", None)
        if not self._trained:
            return
        try:
            model = self.predictor
        except UserError as error:  # such as networks that are all damaged
            LOG.warning("%s", error)
        else:
            model.save(self.path / FOLDER)
            try:
                if self._judged is not None:
                    self._judged.save(self.path)
            except OSError as error:
                told = reason_of(error)
                LOG.warning("What the model says of validation rows is not kept: %s.", told)

    @property
    def saved(self) -> Predictor | None:
        """The model that lies in the study's directory, None where there is none to take away."""
        return self.predictor if (self.path / FOLDER).is_dir() else None

    @property
    def _trained(self) -> bool:
        """Whether there are networks of which a model for new rows can be made."""
        networks = self.study.networks
        if networks is None or not (networks.numbers() or networks.has(KNOWN)):
            return False
        return isinstance(self.problem, DataProblem) and self.problem.dataset.reading is not None
