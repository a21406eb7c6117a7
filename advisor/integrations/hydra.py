"""Hydra: the search behind `hydra/sweeper=advisor`. Extra: `advisor-automl[hydra]`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any  # Configurations and results of Hydra are of any kind.

from advisor.checks import whole
from advisor.directions import said_direction
from advisor.meta.warm_start import MAX_WARM
from advisor.strategies import Exhausted
from advisor.training.outcome import NoNumber, Outcome, number
from advisor.tuning.tuner import Tuner
from knowledge_base import KnowledgeBase
from knowledge_base.durable import write_text
from knowledge_base.errors import LOG, UserError
from knowledge_base.space import SpaceDefinition
from knowledge_base.space.reading import yaml_text
from knowledge_base.states import TrialState
from knowledge_base.types import Config, JsonObject

try:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Override
    from hydra.core.utils import JobReturn
except ImportError as error:
    raise UserError("Hydra is not installed: pip install 'advisor-automl[hydra]'.") from error

RESULTS = "optimization_results.yaml"
"""What a sweep leaves in its folder; its keys are those of Hydra's other sweepers."""

UNNAMED = "value"
"""What is returned where nobody names it."""

CHOICES = (
    "`hydra.sweeper.direction=minimize`, as for a loss or an error, or "
    "`hydra.sweeper.direction=maximize`, as for an accuracy"
)

Launch = Callable[[Sequence[Sequence[str]], int], Sequence[JobReturn]]
"""Runs jobs, each a list of overrides, and numbers them from the second argument on."""


class Sweep:
    """A search over overrides: `interval(a, b)`, `tag(log, interval(a, b))`, `range`, `choice`.

    Whole ends of an interval make whole numbers. Other overrides are passed on to every job. The
    task function returns the value.
    """

    def __init__(
        self,
        overrides: Sequence[str],
        loader: object,
        config: Any,
        *,
        n_trials: int = 20,
        n_jobs: int = 1,
        direction: str | None = None,
        metric: str = UNNAMED,
        family: str | None = None,
        task: str | None = None,
        kb: str | None = None,
        strategy: str = "bayesian",
        n_warm: int = MAX_WARM,
        seed: int = 0,
        contribute: bool = True,
    ) -> None:
        """Read the overrides.

        Args:
            overrides: as on the command line.
            loader: of configurations, as Hydra has it.
            config: of the job, with `hydra.sweep.dir` and `hydra.job.name`.
            n_trials: jobs of the sweep.
            n_jobs: jobs that are launched at once.
            direction, metric, family, strategy, n_warm, seed, contribute: as for `Tuner.create`.
            task: name of the task in the knowledge base. Default: the name of the job.
            kb: file of the knowledge base. Default: the user's own.

        Raises:
            UserError: nothing is searched, or something cannot be, or a number is impossible, or
                the direction is neither said nor that of a metric whose name is known.
        """
        whole("n_trials", n_trials, 1)
        whole("n_jobs", n_jobs, 1)
        self._trials, self._jobs = n_trials, n_jobs
        self._fixed: list[str] = []
        self._texts: dict[str, Mapping[object, str]] = {}
        parser = OverridesParser.create(config_loader=loader)
        given = parser.parse_overrides(list(overrides))
        last = {override.get_key_element(): override for override in given}  # As Hydra has it.
        entries = [entry for override in last.values() for entry in self._entry(override)]
        if not entries:
            raise UserError(
                "The sweep has nothing to search: give overrides such as 'x=interval(0, 1)'."
            )
        name = str(task or config.hydra.job.name)
        space = SpaceDefinition.from_dict(
            {"name": name, "hyperparameters": entries}, where="the overrides of the sweep"
        )
        direction = said_direction(metric if metric != UNNAMED else None, direction,
                                   "what the task function returns", CHOICES)  # fmt: skip
        self._folder = Path(config.hydra.sweep.dir)
        self.tuner = Tuner.create(
            space, kb=KnowledgeBase(kb), name=name, metric=metric, direction=direction,
            family=family, strategy=strategy, n_warm=n_warm, seed=seed, contribute=contribute,
        )  # fmt: skip
        if self.tuner.told:
            LOG.info(f"This search {self.tuner.told}")

    def run(self, launch: Launch) -> list[Sequence[JobReturn]]:
        """Launch jobs until all have ended, and write what was best.

        Returns:
            What the jobs returned, by batch.

        Raises:
            UserError: no job returned a value.
        """
        returned: list[Sequence[JobReturn]] = []
        begun = 0
        self._folder.mkdir(parents=True, exist_ok=True)
        while begun < self._trials:
            try:
                configs = self.tuner.ask(min(self._jobs, self._trials - begun))
            except Exhausted:
                LOG.warning(f"All {begun} configurations of the sweep were tried.")
                break
            jobs = launch([[*self._fixed, *self._overrides(config)] for config in configs], begun)
            returned.append(jobs)
            begun += len(configs)
            for config, job in zip(configs, jobs, strict=True):
                self.tuner.tell(config, _outcome(job))
            self._write()
        if self.tuner.best is None:
            error = self.tuner.trials[-1].error if self.tuner.trials else "none ran"
            raise UserError(f"No job of the sweep returned a value: {error}.")
        return returned

    def _entry(self, override: Override) -> list[JsonObject]:
        """Return what an override searches, as space files have it; nothing if it is passed on."""
        name = str(override.get_key_element())
        if not override.is_sweep_override():
            self._fixed.append(f"{name}={override.get_value_element_as_str()}")
            return []
        value = override.value()
        if override.is_choice_sweep():
            texts = list(override.sweep_string_iterator())
            both = zip(value.list, texts, strict=True)
            plain = [given if type(given) in (int, float) else text for given, text in both]
            self._texts[name] = dict(zip(plain, texts, strict=True))
            return [{"name": name, "type": "categorical", "choices": plain}]
        if override.is_range_sweep():
            step, low = value.step, value.start
            count = len(list(value.range()))
            high = low + (count - 1) * step
            kind = "int" if all(isinstance(v, int) for v in (low, step)) else "float"
            return [{"name": name, "type": kind, "low": low, "high": high, "step": step}]
        if override.is_interval_sweep():
            low, high = value.start, value.end
            kind = "int" if isinstance(low, int) and isinstance(high, int) else "float"
            log = "log" in value.tags
            return [{"name": name, "type": kind, "low": low, "high": high, "log": log}]
        raise UserError(f"The sweep cannot search '{override.input_line}'; give an interval, a "
                        "range or a choice.")  # fmt: skip

    def _overrides(self, config: Config) -> list[str]:
        given = {n: self._texts[n][v] if n in self._texts else repr(v) for n, v in config.items()}
        return [f"{name}={text}" for name, text in given.items()]

    def _write(self) -> None:
        best = self.tuner.best
        if best is not None:
            found = {
                "name": "advisor",
                "best_evaluated_params": dict(best.config),
                "best_evaluated_result": best.value,
                "study_id": self.tuner.study.record.study_id,
            }
            write_text(self._folder / RESULTS, yaml_text(found))


def _outcome(job: JobReturn) -> Outcome:
    """Return what came of a job; one that raised has failed."""
    try:
        returned = job.return_value
    except Exception as error:  # Whatever the task function raises.
        return Outcome(TrialState.FAILED, error=f"{type(error).__name__}: {error}")
    try:
        return Outcome.of(None if returned is None else number(returned, "what the job returned"))
    except NoNumber as error:
        raise UserError(f"{error}; the task function is to return the value.") from error
