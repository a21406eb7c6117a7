"""Several strategies on equal budgets, on the user's own data.

Every strategy runs a whole study with each seed, on the same data, splits, training seed and
space. All studies are made before the first of them runs, so that warm starts know nothing of
the comparison itself, and so that what cannot run is refused before anything is trained.
"""

import os
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from advisor.comparison.plan import (
    DEFAULT_STRATEGIES,
    FILE,
    WARM,
    Plan,
    PlannedStudy,
    named,
    stored_signature,
)
from advisor.comparison.plots import save_plot, text_plot
from advisor.comparison.standings import Standing, numbers, standings
from advisor.problem import problem_of
from advisor.settings import CODE, Settings
from advisor.training.report import StopTrial, as_report
from advisor.tuning.begin import check_meant, is_meant
from advisor.tuning.code import check_owner, lies_where_it_lay, runs_code
from advisor.tuning.runner import OnTrial
from advisor.tuning.search import Search, resume, start
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.finding import claim_path, find
from knowledge_base.locking import exclusive
from knowledge_base.records import EpochRecord, TaskRecord
from knowledge_base.showing import html_table
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import JsonObject

OnStudy = Callable[[PlannedStudy, Search], None]


@dataclass
class Comparison:
    """A comparison that is ready to run or to go on.

    Attributes:
        plan: what is compared.
        path: its folder, which holds one study directory per strategy and seed.
        kb: the knowledge base of warm starts.
        problems: what ended studies early, one line each, of the last run.
        named: whether the user named the code that it runs in this call.
        home: working directory that paths in the settings are relative to.
    """

    plan: Plan
    path: Path
    kb: KnowledgeBase
    problems: list[str] = field(default_factory=list)
    named: bool = True
    home: Path = field(default_factory=Path.cwd)

    def run(self, on_study: OnStudy | None = None, on_trial: OnTrial | None = None) -> None:
        """Run every study that is not finished, up to its trials or its time.

        A strategy that cannot go on ends its own study only; `problems` says why.

        Args:
            on_study: called before a study runs.
            on_trial: called after every trial.

        Raises:
            UserError: another process is running it, or its data or space changed.
            KeyboardInterrupt: passed on; everything finished is stored by then.
        """
        self.problems = []
        with exclusive(self.path):
            left = [entry for entry in self.plan.studies if not self._finished(entry)]
            for entry in left:
                os.chdir(self.home)  # The user's file may have gone elsewhere.
                search = self._reopened(entry)
                if entry is left[0]:
                    _warm_up(search)
                if on_study is not None:
                    on_study(entry, search)
                self._run(entry, search, on_trial)

    def standings(self) -> list[Standing]:
        """Return what each strategy found so far, the best first."""
        found = {
            name: [numbers(self.study(e)) for e in self.plan.studies if e.strategy == name]
            for name in self.plan.strategies
        }
        return standings(found, self.task.direction)

    def contribute(self) -> None:
        """Add the trials of all studies to the knowledge base; twice adds nothing."""
        for entry in self.plan.studies:
            self.kb.add(self.study(entry).bundle())

    def study(self, entry: PlannedStudy) -> StudyDirectory:
        """Return the directory of one study."""
        return StudyDirectory.open(self.path / entry.name(self.path.name))

    @property
    def task(self) -> TaskRecord:
        """What is optimised: the task of all studies."""
        return self.study(self.plan.studies[0]).task

    @property
    def n_finished(self) -> int:
        """How many studies have run all their trials or time."""
        return sum(self._finished(entry) for entry in self.plan.studies)

    def to_dict(self) -> JsonObject:
        """Return everything found as plain types, for JSON."""
        return {
            "comparison": self.path.name,
            "path": str(self.path),
            "metric": self.task.metric,
            "direction": self.task.direction,
            "trials": self.plan.settings.trials,
            "timeout": self.plan.timeout,
            "seeds": self.plan.seeds,
            "notes": self.notes,
            "problems": self.problems,
            "strategies": [standing.to_dict() for standing in self.standings()],
        }

    @property
    def notes(self) -> list[str]:
        """What to know when reading the numbers, one line each."""
        studies = [(e.strategy, numbers(self.study(e))) for e in self.plan.studies]
        without = sorted({n for n, s in studies if n.endswith(WARM) and not s.n_warm})
        found = []
        if self.plan.seeds == 1:
            found.append("One seed: differences may be chance; `seeds=3` says more.")
        if without:
            found.append(f"No past trials of this family: {', '.join(without)} started cold.")
        if any(s.trials < self.plan.settings.length for _, s in studies):
            found.append(f"Not all ran {self.plan.settings.trials} trials.")
        return found

    def text_plot(self, width: int) -> str:
        """Return the best value so far against trials as ASCII text of at most `width`."""
        return text_plot(self._curves(), self.task.direction, self.task.metric, width)

    def save_plot(self, path: Path) -> None:
        """Write the best value so far against trials as .svg, .png or .pdf.

        Raises:
            UserError: matplotlib is not installed, or the file cannot be written.
        """
        errors = {s.strategy: s.curve_errors for s in self.standings() if s.curve_errors}
        save_plot(
            path, self._curves(), self.task.direction, self.task.metric, errors, self.path.name
        )

    def report(self, path: str | Path | None = None) -> Path:
        """Write what was found as one HTML page that needs no network; return its path.

        Args:
            path: of the page; default the comparison's name with `.html`, in the working directory.

        Raises:
            UserError: the page cannot be written there.
        """
        from advisor.comparison.reporting import comparison_content
        from advisor.report.page import comparison_page, write_page

        notes = [*self.notes, *self.problems]
        content = comparison_content(
            self.path, self.task, self.plan, self.standings(), self.n_finished, notes
        )
        return write_page(Path(path or f"{self.path.name}.html"), comparison_page(content))

    def _repr_html_(self) -> str:
        """Return the standings as a table, for notebooks."""
        found = self.standings()
        columns = ["strategy", f"best {self.task.metric}", "test", "at trial", "mean rank"]
        rows = [(s.strategy, s.best.mean, s.test.mean, s.found_after.mean, s.mean_rank.mean)
                for s in found]  # fmt: skip
        title = f"Comparison {self.path.name}: {self.task.metric} ({self.task.direction})"
        return html_table(title, columns, rows, self.notes)

    def _curves(self) -> dict[str, list[float | None]]:
        known = {standing.strategy: standing.curve for standing in self.standings()}
        return {name: known[name] for name in self.plan.strategies}

    def _finished(self, entry: PlannedStudy) -> bool:
        trials = self.study(entry).trials()
        return len(trials) >= self.plan.settings.length or self._left(entry) == 0

    def _left(self, entry: PlannedStudy) -> float | None:
        """Return the seconds that a study still has; None for no limit."""
        if self.plan.timeout is None:
            return None
        trained = sum(trial.duration or 0.0 for trial in self.study(entry).trials())
        spent = max(trained, self.plan.spent.get(entry.name(self.path.name), 0.0))
        return max(self.plan.timeout - spent, 0.0)

    def _reopened(self, entry: PlannedStudy) -> Search:
        name, trials = entry.name(self.path.name), self.plan.settings.trials
        settings = self.plan.settings
        if not self.named:  # Then the code must be what each study was made with.
            settings = settings.without_code()
        return resume(settings, self.kb, name, self.path, False, trials, reuse=False)

    def _run(self, entry: PlannedStudy, search: Search, on_trial: OnTrial | None) -> None:
        began, left, least = time.monotonic(), self._left(entry), 0.0
        try:
            result = search.run(left, on_trial)
            if result.reason in ("timeout", "budget"):
                least = left or 0.0  # What is left of it is too little for anything.
            ended = result.message if result.reason in ("failures", "budget") else ""
        except UserError as error:  # such as an objective without the gradients it needs
            ended = str(error)
        finally:
            self._spend(search.path.name, max(time.monotonic() - began, least))
        if ended:
            self.problems.append(f"{entry.strategy}, seed {entry.seed}: {ended}")

    def _spend(self, name: str, seconds: float) -> None:
        spent = {**self.plan.spent, name: self.plan.spent.get(name, 0.0) + seconds}
        self.plan = replace(self.plan, spent=spent)
        self.plan.save(self.path)


def compare(
    settings: Settings,
    strategies: Sequence[str] = DEFAULT_STRATEGIES,
    kb: KnowledgeBase | None = None,
    seeds: int = 1,
    warm: bool = False,
    root: Path | None = None,
    timeout: float | None = None,
) -> Comparison:
    """Run a whole comparison and return it.

    Args:
        settings: what to search, and the trials that each strategy gets.
        strategies: names of strategies, all from a cold start; with the suffix "+warm" from
            the knowledge base, as `tune` does.
        kb: knowledge base of warm starts; default the user's own. Nothing is added to it.
        seeds: repetitions with other seeds, and so other splits; averaged.
        warm: let all start warm.
        root: folder of comparisons; default that of studies, beside the knowledge base.
        timeout: seconds for each study.

    Raises:
        UserError: as for `start_comparison`.
    """
    plan = Plan(settings, named(strategies, warm), seeds, timeout)
    comparison = start_comparison(plan, kb or KnowledgeBase(), root=root)
    comparison.run()
    return comparison


def start_comparison(
    plan: Plan, kb: KnowledgeBase, name: str | None = None, root: Path | None = None
) -> Comparison:
    """Make all studies of a new comparison; nothing is trained yet.

    Args:
        plan: what to compare.
        kb: knowledge base of warm starts.
        name: of the comparison; default from the data set.
        root: folder of comparisons; default that of studies.

    Raises:
        UserError: a strategy, the settings, the data or the objective cannot be used, or a
            strategy cannot search this space.
    """
    plan.check()
    home = Path.cwd()
    folder = (root or kb.studies_root).absolute()
    path = claim_path(folder, plan.settings.label, name, "comparison")
    aside = path.parent / f".{path.name}.{uuid.uuid4().hex}"
    try:
        problem = problem_of(plan.settings)
        for entry in plan.studies:
            os.chdir(home)  # The user's file may have gone elsewhere.
            settings = entry.settings(plan.settings)
            start(
                settings, kb, entry.name(path.name), aside, False, problem, reuse=False,
                timeout=plan.timeout,
            )  # fmt: skip
        plan.save(aside)
        aside.rename(path)  # It takes the place of the empty folder.
    except BaseException:
        with suppress(OSError):
            path.rmdir()
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Comparison(plan, path, kb, home=home)


def resume_comparison(
    plan: Plan,
    kb: KnowledgeBase,
    name: str | None = None,
    root: Path | None = None,
    trials: int | None = None,
    timeout: float | None = None,
) -> Comparison:
    """Reopen a comparison; finished studies are not run again.

    Args:
        plan: as it was started with; with a `name`, defaults mean what is stored.
        kb: as for `start_comparison`.
        name: of the comparison.
        root: folder of comparisons.
        trials: new number of trials of each study; default the stored one.
        timeout: new number of seconds for each study, earlier runs included.

    Raises:
        UserError: there is no such comparison, it is of other strategies or seeds, or its
            file is damaged.
    """

    def signature_of(path: Path) -> str | None:
        study = next(path.glob("*/study.json"), None)
        if study is not None:
            directory = StudyDirectory.open(study.parent)
            meant = is_meant(plan.settings, directory)
            if not (meant and lies_where_it_lay(plan.settings, directory)):
                return None
        return stored_signature(path)

    path = find((root or kb.studies_root).absolute(), FILE, name, plan.signatures, signature_of)
    stored = Plan.load(path)
    if runs_code(stored.settings):
        check_owner(path, FILE)
    for study in path.glob("*/study.json"):
        check_meant(plan.settings, StudyDirectory.open(study.parent))
    stored.require(plan.strategies, plan.seeds)
    settings = stored.settings.given_again(plan.settings)
    settings = replace(settings, trials=trials or stored.settings.trials)
    stored = replace(stored, settings=settings, timeout=timeout or stored.timeout)
    stored.save(path)
    named = any(getattr(plan.settings, name) is not None for name in CODE)
    return Comparison(stored, path, kb, named=named)


def _warm_up(search: Search) -> None:
    """Train the default for one epoch: what PyTorch loads then counts for no strategy."""

    def stop(epoch: EpochRecord) -> None:
        raise StopTrial("that was all")

    if search.settings.objective is None:
        with suppress(Exception):  # if it fails, the trials will say so
            search.objective.evaluate(search.tuner.study.space.default(), as_report(stop))
