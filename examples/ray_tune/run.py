"""Ray Tune asks the advisor, trains on several workers, and stops trials by ASHA."""

import sys

from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import ConcurrencyLimiter, Searcher
from ray.tune.search.optuna import OptunaSearch

from advisor import KnowledgeBase
from advisor.integrations.optuna import AdvisorSampler
from advisor.integrations.ray import AdvisorSearch

EPOCHS = 9


def train(config: dict[str, float]) -> None:
    """Stand for a training: what it ends with, and how fast it gets there."""
    end = (config["momentum"] - 0.6) ** 2
    for epoch in range(1, EPOCHS + 1):
        tune.report({"loss": end + (1 - 20 * config["learning_rate"]) ** (2 * epoch)})


def by_optuna() -> OptunaSearch:
    # Ray says "complete" of trials that ASHA stopped; with `epochs` they count as stopped.
    return OptunaSearch(
        metric="loss", mode="min", sampler=AdvisorSampler(family="mlp", epochs=EPOCHS)
    )


def main(
    search: Searcher, trials: int = 20, workers: int = 2, folder: str | None = None
) -> tune.ResultGrid:
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        param_space={
            "learning_rate": tune.loguniform(1e-4, 5e-2),
            "momentum": tune.uniform(0, 0.99),
        },
        tune_config=tune.TuneConfig(
            metric="loss",
            mode="min",
            num_samples=trials,
            search_alg=ConcurrencyLimiter(search, workers),
            scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=1, reduction_factor=3),
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=folder, verbose=0),
    )
    return tuner.fit()


if __name__ == "__main__":
    if sys.argv[1:] == ["optuna"]:
        results = main(by_optuna())
    else:
        results = main(AdvisorSearch(KnowledgeBase(), family="mlp", epochs=EPOCHS))
    best = results.get_best_result(scope="all")
    print(best.metrics["loss"], best.config)
