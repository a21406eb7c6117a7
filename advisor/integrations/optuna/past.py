"""What a study of Optuna starts from: past tasks of the knowledge base."""

from dataclasses import dataclass, field, replace

from optuna import Study
from optuna.logging import get_logger

from advisor.directions import against_the_name
from advisor.meta import Query
from advisor.meta.warm_start import Start, warm_start
from advisor.models import FAMILIES, get_family
from knowledge_base import KnowledgeBase
from knowledge_base.errors import LOG
from knowledge_base.importers.optuna_files import TASK, TASK_PARTS
from knowledge_base.naming import printable
from knowledge_base.records import TaskRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict

OPTUNA = get_logger("optuna.advisor")
"""Says what Optuna says, where it does, and nothing where it is told to be quiet."""

WARM = "advisor:warm:"
"""How system attributes of a study begin that keep its warm start in a space, by its identity."""


@dataclass
class Past:
    """Where the past is, and what of it counts.

    Attributes:
        kb: past trials, None for none.
        family: model family; None for the name of the study, or of its space.
        name: of the task; None for that of the study.
        metric: that is optimised.
        query: what is known about the task.
        n_warm: how many configurations to take from the past.
        per_second: whether past durations are learned from, too.
    """

    kb: KnowledgeBase | None
    family: str | None
    name: str | None
    metric: str
    query: Query | None
    n_warm: int
    per_second: bool
    _starts: dict[tuple[str, str, bool], Start] = field(default_factory=dict, repr=False)
    _said: set[str] = field(default_factory=set, repr=False)

    def task(self, study: str, direction: str, space: SpaceDefinition) -> TaskRecord:
        """Return the task that a study optimises.

        Args:
            study: its name.
            direction: "minimize" or "maximize".
            space: in which it searches.
        """
        return TaskRecord(
            name=printable(self.name or study),
            metric=printable(self.metric),
            direction=direction,
            family=printable(self.family or space.name),
        )

    def keep(self, study: Study, task: TaskRecord) -> None:
        """Let a study say what its task is called, so that whoever reads it later means the same.

        Args:
            study: of Optuna.
            task: that it optimises.
        """
        said = {part: getattr(task, part) for part in TASK_PARTS}
        if study._storage.get_study_system_attrs(study._study_id).get(TASK) != said:
            study._storage.set_study_system_attr(study._study_id, TASK, said)

    def start(self, study: Study, space: SpaceDefinition, curves: bool = False) -> Start:
        """Return where the search of a study begins in a space.

        What it tries first is kept with the study, so that all its processes try the same.

        Args:
            study: of Optuna.
            space: in which it searches.
            curves: whether learning curves of past tasks are looked at, too.
        """
        key = (study.study_name, space.space_id, curves)
        if key not in self._starts:
            self._starts.clear()  # A space that grew is left for good.
            self._starts[key] = self._begun(study, space, curves)
        return self._starts[key]

    def _begun(self, study: Study, space: SpaceDefinition, curves: bool) -> Start:
        task = self.task(study.study_name, study.direction.name.lower(), space)
        self.keep(study, task)
        word = against_the_name(task.metric, task.direction)
        if word is not None:
            LOG.warning(f"{word} So says the study of Optuna '{printable(study.study_name)}'.")
        query = replace(self.query or Query(), task_id=task.task_id)
        default = space.default() if task.family in FAMILIES else None
        start = warm_start(self.kb, space, task.family, query, self.n_warm,
                           costs=self.per_second, default=default, curves=curves)  # fmt: skip
        if curves:
            return start
        if start.told and study.study_name not in self._said:  # A space that grew says no more.
            self._said.add(study.study_name)
            OPTUNA.info(f"The study {printable(study.study_name)!r} {start.told}")
        attribute = f"{WARM}{space.space_id}"
        kept = study._storage.get_study_system_attrs(study._study_id)
        if attribute not in kept:
            warm = [dict(config) for config in start.warm]
            study._storage.set_study_system_attr(study._study_id, attribute, warm)
            kept = study._storage.get_study_system_attrs(study._study_id)
        return Start(kept[attribute], start.prior)

    def hint(self, study: Study) -> ConfigDict:
        """Return what was best in the family's own space, where that of the study is not known yet.

        Args:
            study: of Optuna, at its first trial.
        """
        space = None if self.kb is None or self.family is None else self._own_space()
        if space is None:
            return {}
        task = self.task(study.study_name, study.direction.name.lower(), space)
        query = replace(self.query or Query(), task_id=task.task_id)
        warm = warm_start(self.kb, space, task.family, query, min(self.n_warm, 1)).warm
        return dict(warm[0]) if warm else {}

    def _own_space(self) -> SpaceDefinition | None:
        """Return the space of the family, that of its latest study where it is the user's own."""
        assert self.kb is not None
        if self.family in FAMILIES:
            return get_family(str(self.family)).space()
        found = self.kb.query(
            "SELECT space_id FROM studies JOIN tasks USING (task_id) WHERE family = ? "
            "ORDER BY created_at DESC, study_id LIMIT 1",
            [self.family],
        )
        return None if found.empty else self.kb.space(str(found["space_id"].iloc[0]))
