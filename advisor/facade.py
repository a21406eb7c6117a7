"""The facade: one object that recommends, tunes, compares, contributes and diagnoses."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.advising import advice_in, advice_on
from advisor.checks import limit, whole
from advisor.keywords import known_keywords
from advisor.meta.advice import Advice
from advisor.models import ModelFamily, ModuleFamily, get_family
from advisor.problem import DataProblem, data_problem
from advisor.problem.parts import space_of
from advisor.settings import Settings
from advisor.strategies import get_strategy
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.server.address import is_address
from knowledge_base.space import SpaceDefinition

if TYPE_CHECKING:
    import pandas as pd

    from advisor.comparison import Comparison
    from advisor.data import Dataset
    from advisor.diagnosis import StudyDiagnosis
    from advisor.predictor.predictor import Predictor
    from advisor.tuning import Search, Tuner
    from advisor.tuning.progress import Progress
    from advisor.tuning.runner import OnTrial
    from knowledge_base.importers.contribution import ContributionReport
    from knowledge_base.records import TrialRecord


class Advisor:
    """Recommends, tunes, compares, contributes and diagnoses, with one knowledge base.

    >>> advisor = Advisor()
    >>> advice = advisor.recommend("data.csv", target="label", n=5)
    >>> advice.recommendations[0].config
    >>> search = advisor.tune("data.csv", "label", trials=30, only=["learning_rate", "dropout"])
    >>> search.tuner.best.config
    """

    def __init__(
        self,
        kb: KnowledgeBase | str | Path | None = None,
        family: str | ModelFamily | None = None,
    ) -> None:
        """Open the knowledge base (default: the user's own).

        Args:
            kb: knowledge base, its path, or the address of a team's server.
            family: model family or its name; default by the data, such as `mlp` for tables.

        Raises:
            UserError: no such family, or the file is not a usable knowledge base.
        """
        if isinstance(kb, str | Path):
            # A training may change the working directory.
            kb = KnowledgeBase(kb if is_address(kb) else Path(kb).absolute())
        self.kb = kb or KnowledgeBase()
        self.family = get_family(family) if isinstance(family, str) else family

    @known_keywords
    def problem(
        self,
        data: "str | Path | pd.DataFrame | Dataset",
        target: str | None = None,
        metric: str | None = None,
        kind: str | None = None,
        seed: int = 0,
        *,
        text: str | None = None,
        time: str | None = None,
        series: str | None = None,
        horizon: int | None = None,
        drop: Sequence[str] | str | None = None,
        keep: Sequence[str] | str | None = None,
        as_types: Mapping[str, str] | None = None,
        size: int | Sequence[int] | None = None,
        group: str | None = None,
    ) -> DataProblem:
        """Load a data set and derive its task; nothing is trained.

        Args:
            data, target, metric, kind, seed, text, time, series, horizon, drop, keep, as_types,
                size, group: as for `advisor.problem.data_problem`.

        Raises:
            UserError: the data cannot be used, the metric does not fit the target, or the
                family does not take such data.
        """
        return data_problem(
            data, target, metric=metric, kind=kind, family=self.family, seed=seed,
            text=text, time=time, series=series, horizon=horizon, drop=drop, keep=keep,
            as_types=as_types, size=size, group=group,
        )  # fmt: skip

    @known_keywords
    def recommend(
        self,
        data: "str | Path | pd.DataFrame | Dataset | DataProblem | None" = None,
        target: str | None = None,
        n: int = 5,
        metric: str | None = None,
        kind: str | None = None,
        seed: int = 0,
        exclude_datasets: Sequence[str] = (),
        probe: float | None = None,
        *,
        space: str | Path | SpaceDefinition | None = None,
        text: str | None = None,
        time: str | None = None,
        series: str | None = None,
        horizon: int | None = None,
        drop: Sequence[str] | str | None = None,
        keep: Sequence[str] | str | None = None,
        as_types: Mapping[str, str] | None = None,
        size: int | Sequence[int] | None = None,
        group: str | None = None,
    ) -> Advice:
        """Recommend `n` starting configurations in seconds, without training unless asked to.

        Args:
            data: file of a table or of images, folder of images, built-in name such as
                "sklearn:digits", frame, pair (X, y), or whatever else
                `advisor.data.load_dataset` takes; or a loaded data set. With `space` it may be
                left out.
            target: column to predict.
            n: how many configurations.
            metric: what to optimise; default accuracy, rmse or mase.
            kind: "classification" or "regression"; default by the target's values.
            seed: of the sample that metafeatures are computed on.
            exclude_datasets: fingerprints of data sets whose trials are not to be used.
            probe: seconds for a few short trainings, whose outcomes choose between past tasks.
            space: search space of the user's own network, or a file with it, to recommend in;
                default that of the family.
            text, time, series, horizon: columns of texts, or of times and the names of series,
                and how many steps ahead, as in `DataRequest`.
            drop, keep, as_types, size, group: which columns of a table are used and as what,
                the size of images, and which rows belong together, as for
                `advisor.data.load_dataset`.

        Raises:
            UserError: bad data, target, metric or knowledge base.
        """
        whole("n", n, 1)
        whole("seed", seed, 0)
        if data is None and space is None:
            raise UserError("Give a data set, `space=FILE` for a space of your own, or both.")
        about = {"target": target, "metric": metric, "kind": kind, "text": text, "time": time,
                 "series": series, "horizon": horizon, "drop": drop, "keep": keep,
                 "as_types": as_types, "size": size, "group": group}  # fmt: skip
        if data is None and (name := next((k for k, v in about.items() if v), None)):
            raise UserError(f"`{name}` is about a data set, and none is given.")
        if space is not None and probe is not None:
            raise UserError("`probe` trains a built-in family; it does not go with `space`.")
        problem = None if data is None else (
            data
            if isinstance(data, DataProblem)
            else self.problem(
                data, target, metric, kind, seed, text=text, time=time, series=series,
                horizon=horizon, drop=drop, keep=keep, as_types=as_types, size=size, group=group,
            )
        )  # fmt: skip
        if space is not None:
            return advice_in(space_of(space), problem, self.kb, n, None, exclude_datasets)
        assert problem is not None
        return advice_on(problem, self.kb, n, seed, exclude_datasets, probe)

    def search(
        self,
        data: "str | Path | pd.DataFrame | Dataset | None" = None,
        target: str | None = None,
        *,
        name: str | None = None,
        root: Path | None = None,
        contribute: bool = True,
        resume: bool = False,
        join: bool = False,
        timeout: float | None = None,
        **settings: object,
    ) -> "Search":
        """Return a search that is ready to run: a new study, or one that goes on.

        Args:
            data: as for `recommend`; without it, `objective` and `space` are needed.
            target: column to predict.
            name: of the study; default from the data set.
            root: folder of studies; default beside the knowledge base.
            contribute: whether each finished trial goes into the knowledge base at once.
            resume: go on with the study `name`, or the newest that was started with the same
                arguments. `trials`, if given, is its new length, and `final` what its model is.
            join: the same, also where another process is running it: both work on it then.
            timeout: seconds that `Search.run` is going to have; a new search begins with
                configurations that leave time for others, and has no other end where `trials`
                is not given.
            **settings: further fields of `Settings`, such as trials=30, strategy="random",
                only=["learning_rate"], fix={"units": 64}, or module=build with space=space.

        Raises:
            UserError: no such setting, the data, space or function cannot be used, or there is
                no such study to go on with.
        """
        from advisor.tuning import search

        limit("timeout", timeout)
        timed = {} if timeout is None or resume or join else {"trials": None}
        asked = self._settings(data, target, {**timed, **settings})
        if not (resume or join):
            return search.start(asked, self.kb, name, root, contribute, timeout=timeout)
        trials = asked.trials if "trials" in settings else None
        final = asked.final if "final" in settings else None
        return search.resume(asked, self.kb, name, root, contribute, trials, final=final, join=join)

    def tune(
        self,
        data: "str | Path | pd.DataFrame | Dataset | None" = None,
        target: str | None = None,
        *,
        timeout: float | None = None,
        on_trial: "OnTrial | None" = None,
        progress: bool | None = None,
        name: str | None = None,
        root: Path | None = None,
        contribute: bool = True,
        resume: bool = False,
        join: bool = False,
        **settings: object,
    ) -> "Search":
        """Run a warm-started search to its end, and return it.

        Args:
            data, target, name, root, contribute, resume, join, **settings: as for `search`.
            timeout: seconds for this run; without `trials` only they end a new search.
            on_trial: called with every finished trial and the tuner.
            progress: whether to show it: a bar in a notebook, elsewhere a line for each trial on
                standard error; default in notebooks alone. The logger "advisor.trials" is told
                of every trial in any case.

        Warns:
            UserWarning: a trial failed, once per kind of error; or the search ended since its
                trials failed or had too little time.

        Raises:
            UserError: as for `search`.
        """
        from advisor.tuning.progress import in_python

        limit("timeout", timeout)
        found = self.search(
            data, target, name=name, root=root, contribute=contribute, resume=resume, join=join,
            timeout=timeout, **settings,
        )  # fmt: skip
        for note in found.notes:
            warnings.warn(note, stacklevel=2)
        with in_python(progress, found.settings.trials, found.tuner.ended) as shown:
            result = found.run(timeout, _warning(found.path, on_trial, shown))
        if result.reason in ("failures", "budget"):  # Nobody else says it to who calls from Python.
            warnings.warn(result.message, stacklevel=2)
        return found

    @known_keywords
    def model(
        self, study: str | Path, *, root: Path | None = None, module: object | None = None
    ) -> "Predictor":
        """Return the model that a search left.

        Args:
            study: its name, as a search says it, its folder, or the folder of a model.
            root: folder of studies; default beside the knowledge base.
            module: what built the networks of a model of the user's own, as for `search`.

        Raises:
            UserError: there is no such study, it has no model, or that is damaged.
        """
        from advisor.predictor.loading import find_model, load

        return load(find_model(study, root or self.kb.studies_root), module)

    @known_keywords
    def export(
        self, study: str | Path, folder: str | Path, to: str = "torch", *, root: Path | None = None
    ) -> None:
        """Write the model that a search left to a folder that needs PyTorch alone.

        Args:
            study, root: as for `model`.
            folder: where; it must be new or empty.
            to: as for `Predictor.export`.

        Raises:
            UserError: as for `model` and `Predictor.export`.
        """
        from advisor.predictor.export import check_exportable
        from advisor.predictor.loading import find_model, load

        path = find_model(study, root or self.kb.studies_root)
        check_exportable(path)
        load(path).export(folder, to)

    def comparison(
        self,
        data: "str | Path | pd.DataFrame | Dataset | None" = None,
        target: str | None = None,
        *,
        strategies: Sequence[str] | None = None,
        seeds: int = 1,
        warm: bool = False,
        timeout: float | None = None,
        name: str | None = None,
        root: Path | None = None,
        resume: bool = False,
        **settings: object,
    ) -> "Comparison":
        """Return a comparison of strategies that is ready to run, or to go on.

        Args:
            data, target, **settings: as for `search`; `trials` is for each strategy with each
                seed, 20 unless said otherwise.
            strategies: names of strategies, from a cold start; with the suffix "+warm" from
                the knowledge base. Default: grid, random, bayesian and evolution.
            seeds: repetitions with other seeds, and so other splits; averaged.
            warm: let all start warm.
            timeout: seconds for each study.
            name: of the comparison; default from the data set.
            root: folder of comparisons; default that of studies, beside the knowledge base.
            resume: go on with the comparison `name`, or the newest of the same arguments.

        Raises:
            UserError: a strategy, the settings, the data or the objective cannot be used.
        """
        from advisor.comparison import comparison
        from advisor.comparison.plan import DEFAULT_STRATEGIES, DEFAULT_TRIALS, Plan, named

        whole("seeds", seeds, 1)
        limit("timeout", timeout)
        asked = self._settings(data, target, {"trials": DEFAULT_TRIALS, "folds": 1, **settings})
        if asked.trials is None:
            raise UserError("Studies are compared at equal numbers of trials: give `trials`.")
        chosen = DEFAULT_STRATEGIES if strategies is None else strategies
        plan = Plan(asked, named(chosen, warm), seeds, timeout)
        if not resume:
            return comparison.start_comparison(plan, self.kb, name, root)
        trials = asked.trials if "trials" in settings else None
        return comparison.resume_comparison(plan, self.kb, name, root, trials, timeout)

    def compare(
        self,
        data: "str | Path | pd.DataFrame | Dataset | None" = None,
        target: str | None = None,
        **options: object,
    ) -> "Comparison":
        """Run a whole comparison of strategies, and return it.

        Args:
            data, target, **options: as for `comparison`.

        Warns:
            UserWarning: a trial failed, once per kind of error; or what ended a study early.

        Raises:
            UserError: as for `comparison`.
        """
        found = self.comparison(data, target, **options)  # type: ignore[arg-type]
        found.run(on_trial=_warning(found.path / "*", None))
        for problem in found.problems:
            warnings.warn(problem, stacklevel=2)
        return found

    @known_keywords
    def contribute(
        self,
        source: object,
        *,
        importer: str | None = None,
        dataset: "str | Path | pd.DataFrame | Dataset | None" = None,
        target: str | None = None,
        space: str | Path | SpaceDefinition | None = None,
        metric: str | None = None,
        direction: str | None = None,
        family: str | None = None,
        task_name: str | None = None,
        study_name: str | None = None,
        metrics_file: str | None = None,
        dry_run: bool = False,
        seed: int = 0,
        group: str | None = None,
    ) -> "ContributionReport":
        """Add the finished runs of a file, folder or storage to the knowledge base.

        Args:
            source: CSV, JSON Lines, study directory, knowledge base, Optuna storage, runs of
                another tool (see `knowledge_base.importers`), or a study of Optuna.
            importer: its name; default by the source.
            dataset, target: the data behind the trials, if they are at hand.
            space: search space, or a file with it; default that of the family for tables, and
                for other tools the one that they keep, or what was tried.
            metric, direction: what the trials optimise; the direction of a known metric is
                known.
            family: model family; default that of this advisor.
            task_name: name of the task, without a data set.
            study_name: which study of an Optuna storage, or experiment of another tool.
            metrics_file: the file with the metrics in each folder of a job of Hydra.
            dry_run: report only.
            seed: of the sample for metafeatures.
            group: the column of the data whose rows were not split apart, as for `search`.

        Raises:
            UserError: the source as a whole cannot be used.
        """
        from advisor.contribution import contribute_source

        own = None if self.family is None else self.family.name
        return contribute_source(
            self.kb, source, importer=importer, dataset=dataset, target=target,
            space=space, metric=metric, direction=direction, family=family or own,
            task_name=task_name, study_name=study_name, metrics_file=metrics_file,
            dry_run=dry_run, seed=seed, group=group,
        )  # fmt: skip

    @known_keywords
    def diagnose(
        self, study: str | Path, trial: int | None = None, root: Path | None = None
    ) -> "StudyDiagnosis":
        """Say what went wrong in the trials of a study, by their curves, and what to change.

        Args:
            study: its name, as a search says it, or its folder.
            trial: number of the only trial to look at.
            root: folder of studies; default beside the knowledge base.

        Raises:
            UserError: there is no such study or trial.
        """
        from advisor.diagnosis import diagnose_study

        return diagnose_study(study, trial, root, self.kb)

    def report(
        self,
        study: str | Path,
        path: str | Path | None = None,
        root: Path | None = None,
        seed: int = 0,
    ) -> Path:
        """Write what a study shows as one HTML page that needs no network; return its path.

        Args:
            study: its name, as a search says it, or its folder.
            path: of the page; default the study's name with `.html`, in the working directory.
            root: folder of studies; default beside the knowledge base.
            seed: of the forests that the importance of hyperparameters is told from.

        Raises:
            UserError: there is no such study, or the page cannot be written there.
        """
        from advisor.diagnosis.study import folder_of
        from advisor.report.page import write_study_page

        folder = folder_of(study, root, self.kb)
        return write_study_page(folder, Path(path or f"{folder.name}.html"), seed)

    def _settings(
        self,
        data: "str | Path | pd.DataFrame | Dataset | None",
        target: str | None,
        given: dict[str, object],
    ) -> Settings:
        """Return typed settings; the family of this advisor counts where they name none."""
        own = self.family
        if isinstance(own, ModuleFamily):
            given = {"module": own, **given}
        elif own is not None:
            given = {"family": own.name, **given}
        asked = Settings(data=data, target=target, **given)  # type: ignore[arg-type]
        get_strategy(asked.strategy)  # An unknown name is refused before anything is loaded.
        return asked


def tune(
    data: "str | Path | pd.DataFrame | Dataset | None" = None,
    target: str | None = None,
    kb: KnowledgeBase | str | Path | None = None,
    **options: object,
) -> "Search":
    """Run a whole warm-started search and return it: `Advisor(kb).tune(...)` in one call.

    Args:
        data, target, **options: as for `Advisor.tune`.
        kb: knowledge base or its path; default the user's own.

    Raises:
        UserError: as for `Advisor.search`.
    """
    return Advisor(kb).tune(data, target, **options)  # type: ignore[arg-type]


def _warning(where: Path, on_trial: "OnTrial | None", shown: "Progress | None" = None) -> "OnTrial":
    """Return what warns of trials that fail as they end, once per kind of error.

    Args:
        where: folder of the study.
        on_trial: called then.
        shown: shows how far the search is, if anything does.
    """
    from advisor.tuning.failures import Kinds

    kinds = Kinds(where)

    def told(trial: "TrialRecord", tuner: "Tuner") -> None:
        if shown is not None:
            shown.update(trial, tuner)
        if (line := kinds.new(trial, tuner.best is not None)) is not None:
            warnings.warn(line, stacklevel=2)
        if on_trial is not None:
            on_trial(trial, tuner)

    return told
