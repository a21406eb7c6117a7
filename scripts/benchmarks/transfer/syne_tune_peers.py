"""Syne Tune's transfer learning, by its own code."""

import numpy as np

from knowledge_base.types import ConfigDict
from scripts.benchmarks.transfer.methods import Method
from scripts.benchmarks.transfer.peers import columns_of, params_of, point_of
from scripts.benchmarks.transfer.tables import Problem


class _SyneTune(Method):
    needs = ("syne_tune", "xgboost")
    random_start = False

    def _domains(self) -> dict[str, object]:
        from syne_tune.config_space import choice, uniform

        return {
            h.name: choice(list(h.choices)) if h.kind == "categorical" else uniform(0.0, 1.0)
            for h, _ in columns_of(self.problem.space)
        }

    def _evaluations(self) -> dict[str, object]:
        import pandas as pd
        from syne_tune.optimizer.schedulers.transfer_learning.transfer_learning_task_evaluation import (  # noqa: E501
            TransferLearningTaskEvaluations,
        )

        found = {}
        for place, source in enumerate(self.problem.sources):
            frame = pd.DataFrame([params_of(self.problem, row) for row in source.inputs])
            values = -source.scores.reshape(-1, 1, 1, 1)
            found[str(place)] = TransferLearningTaskEvaluations(
                self._domains(), frame, ["loss"], values
            )
        return found


class SyneTuneQuantile(_SyneTune):
    """Quantile-based transfer (Salinas et al. 2020); its candidates are the untried rows."""

    def __init__(self, problem: Problem) -> None:
        import pandas as pd
        from syne_tune.optimizer.schedulers.transfer_learning.quantile_based import (
            quantile_based_searcher as module,
        )

        super().__init__(problem)
        rows = [params_of(problem, row) for row in problem.pool.inputs]

        class PoolSearcher(module.QuantileBasedSurrogateSearcher):
            def _sample_random_config(self) -> ConfigDict:
                return rows[0]  # its 100,000 random candidates are replaced below

        self._searcher = PoolSearcher(
            self._domains(), self._evaluations(), random_seed=problem.seed
        )
        self._frame = pd.DataFrame(rows)
        mean = self._searcher.model_pipeline.predict(self._frame).reshape(-1, 1)
        self._mean, self._deviation = mean, float(self._searcher.sigma_pred.flat[0])

    def choose(self) -> int:
        rows = self.untried
        self._searcher.X_candidates = self._frame.iloc[rows].reset_index(drop=True)
        self._searcher.X_candidates["row"] = rows
        self._searcher.mu_pred = self._mean[rows]
        self._searcher.sigma_pred = np.full_like(self._mean[rows], self._deviation)
        return int(self._searcher.suggest()["row"])


class SyneTuneBox(_SyneTune):
    """Bounding box of the best of each past task (Perrone et al. 2019), then random search."""

    def __init__(self, problem: Problem) -> None:
        import contextlib
        import io

        from syne_tune.optimizer.baselines import RandomSearch
        from syne_tune.optimizer.schedulers.transfer_learning.bounding_box import BoundingBox

        super().__init__(problem)
        with contextlib.redirect_stdout(io.StringIO()):
            self._scheduler = BoundingBox(
                lambda space, metric, do_minimize, seed: RandomSearch(
                    space, [metric], do_minimize=do_minimize, random_seed=seed
                ),
                self._domains(),
                metric="loss",
                do_minimize=True,
                transfer_learning_evaluations=self._evaluations(),
                random_seed=problem.seed,
            )

    def choose(self) -> int:
        return self.nearest(point_of(self.problem, self._scheduler.suggest().config))
