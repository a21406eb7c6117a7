"""Ray Tune asks the advisor, trains on several workers, and stops trials by ASHA."""

import optuna
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.optuna import OptunaSearch

from advisor.integrations.optuna import AdvisorSampler

EPOCHS = 9


def train(config: dict[str, float]) -> None:
    """Stand for a training: what it ends with, and how fast it gets there."""
    end = (config["momentum"] - 0.6) ** 2
    for epoch in range(1, EPOCHS + 1):
        tune.report({"loss": end + (1 - 20 * config["learning_rate"]) ** (2 * epoch)})


def main(
    trials: int = 20, workers: int = 2, folder: str | None = None
) -> tuple[tune.ResultGrid, optuna.Study]:
    search = OptunaSearch(
        metric="loss",
        mode="min",
        # Ray says "complete" of trials that ASHA stopped; with `epochs` they count as stopped.
        sampler=AdvisorSampler(family="mlp", epochs=EPOCHS),
    )
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
        ),
        run_config=tune.RunConfig(storage_path=folder, verbose=0),
    )
    return tuner.fit(), search._ot_study


if __name__ == "__main__":
    results, _ = main()
    best = results.get_best_result(scope="all")
    print(best.metrics["loss"], best.config)
