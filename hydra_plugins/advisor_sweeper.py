"""The sweeper `advisor` of Hydra. Hydra imports this at every start, so it imports nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Dict, List, Optional  # noqa: UP035  As OmegaConf reads them.

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class AdvisorSweeperConf:
    """What `hydra.sweeper` takes; see `advisor.integrations.hydra.Sweep`."""

    _target_: str = "hydra_plugins.advisor_sweeper.AdvisorSweeper"
    n_trials: int = 20
    n_jobs: int = 1
    direction: Optional[str] = None  # noqa: UP045
    metric: str = "value"
    family: Optional[str] = None  # noqa: UP045
    task: Optional[str] = None  # noqa: UP045
    kb: Optional[str] = None  # noqa: UP045
    strategy: str = "bayesian"
    n_warm: int = 3
    seed: int = 0
    contribute: bool = True
    params: Optional[Dict[str, str]] = None  # noqa: UP006, UP045


ConfigStore.instance().store(
    group="hydra/sweeper", name="advisor", node=AdvisorSweeperConf, provider="advisor"
)


class AdvisorSweeper(Sweeper):
    """Asks the advisor what to launch next, and tells it what the jobs returned."""

    def __init__(self, params: Optional[Dict[str, str]] = None, **options: Any) -> None:  # noqa: UP006, UP045
        """Take `hydra.sweeper`; `params` are overrides that a command line need not repeat."""
        self.params, self.options = dict(params or {}), options
        self.config: Optional[DictConfig] = None  # noqa: UP045
        self.launcher: Any = None
        self.hydra_context: Optional[HydraContext] = None  # noqa: UP045

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what is launched, and how."""
        from hydra.core.plugins import Plugins

        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: List[str]) -> Any:  # noqa: UP006
        """Search over the overrides that name intervals, ranges or choices."""
        from hydra.errors import CompactHydraException

        from advisor.integrations.hydra import Sweep
        from knowledge_base.errors import UserError

        assert self.config is not None
        assert self.hydra_context is not None
        given = [f"{name}={value}" for name, value in self.params.items()] + list(arguments)
        try:
            sweep = Sweep(given, self.hydra_context.config_loader, self.config, **self.options)
            return sweep.run(self._launch)
        except UserError as error:  # Of these Hydra shows one line.
            raise CompactHydraException(str(error)) from None

    def _launch(self, batch: Sequence[Sequence[str]], first: int) -> Any:
        self.validate_batch_is_legal(batch)
        return self.launcher.launch(batch, initial_job_idx=first)
