"""What several workers of Ray gain: `python scaling.py WORKERS [TRIALS] [SECONDS]`.

A trial sleeps instead of training, so that what is measured is the search and Ray, not the cores of
the machine; Ray is told of as many cores as there are workers. Prints one row of docs/scaling.md.
"""

import sys
import tempfile
import time
from pathlib import Path

import ray
from ray import tune
from ray.tune.search import ConcurrencyLimiter

from advisor import KnowledgeBase
from advisor.integrations.ray import AdvisorSearch


def measure(workers: int, trials: int, seconds: float, folder: Path) -> str:
    """Return a row of docs/scaling.md, of a search whose trials sleep."""

    def train(config: dict[str, float]) -> None:
        began = time.time()
        time.sleep(seconds)
        x, y, z = (config[name] for name in "xyz")
        loss = (x - 0.3) ** 2 + (y - 0.6) ** 2 + 0.2 * (z - 0.5) ** 2
        tune.report({"loss": loss, "began": began, "ended": time.time()})

    search = AdvisorSearch(KnowledgeBase(folder / "kb.duckdb", seed=False))
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        param_space={name: tune.uniform(0, 1) for name in "xyz"},
        tune_config=tune.TuneConfig(
            metric="loss",
            mode="min",
            num_samples=trials,
            search_alg=ConcurrencyLimiter(search, workers),
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=str(folder), verbose=0),
    )
    done = tuner.fit().get_dataframe()
    took = done["ended"].max() - done["began"].min()
    asked = len(done[[f"config/{name}" for name in "xyz"]].drop_duplicates())
    cells = [workers, len(done), asked, f"{took:.0f} s", f"{len(done) * seconds / took:.1f}",
             f"{done['loss'].min():.4f}"]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    workers, trials, seconds = (*sys.argv[1:], *("2", "32", "4")[len(sys.argv) - 1 :])
    ray.init(num_cpus=int(workers), include_dashboard=False, log_to_driver=False)
    with tempfile.TemporaryDirectory() as folder:
        print(measure(int(workers), int(trials), float(seconds), Path(folder)))


if __name__ == "__main__":
    main()
