"""Small runs of other tools, as their own libraries write them, for the tests of importers.

    python -m venv VENV
    VENV/bin/pip install mlflow-skinny alembic 'ray[tune]' tensorboardX hydra-core wandb smac
    VENV/bin/python scripts/checks/foreign_runs.py tests/knowledge_base/importers/foreign

Only the standard library and the tools themselves are imported. Each tool gets a folder; what its
readers do not need (logs, code, environments) is removed.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

RATES = (0.1, 0.01, 0.001)
"""Learning rates that are tried."""

EPOCHS = 3
"""Values of a curve."""


def loss(rate: float, width: int, epoch: int) -> float:
    """Return a loss that falls with the epochs."""
    return round(abs(rate - 0.01) * 10 + 1 / width + 1 / (epoch + 1), 6)


def mlflow_runs(folder: Path) -> None:
    """Write an experiment of four runs into a database and into a folder of files."""
    import mlflow

    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    for uri in (f"sqlite:///{folder / 'mlflow.db'}", (folder / "mlruns").as_uri()):
        mlflow.set_tracking_uri(uri)
        made = mlflow.create_experiment("digits", artifact_location=(folder / "none").as_uri())
        client = mlflow.MlflowClient(uri)
        for place, rate in enumerate(RATES):
            run = client.create_run(made, run_name=f"run-{place}")
            for name, value in {"lr": rate, "width": 8 * 2**place, "optimizer": "adam",
                                "nesterov": bool(place)}.items():  # fmt: skip
                client.log_param(run.info.run_id, name, value)
            for epoch in range(EPOCHS):
                client.log_metric(run.info.run_id, "val_loss", loss(rate, 8, epoch), step=epoch)
                client.log_metric(run.info.run_id, "train_loss", 0.5, step=epoch)
            client.set_terminated(run.info.run_id)
        lost = client.create_run(made, run_name="lost")
        client.log_param(lost.info.run_id, "lr", 1.0)
        client.log_param(lost.info.run_id, "width", 8)
        client.log_param(lost.info.run_id, "optimizer", "sgd")
        client.log_param(lost.info.run_id, "nesterov", False)
        client.set_terminated(lost.info.run_id, "FAILED")
    database = folder / "mlflow.db"
    with gzip.GzipFile(folder / "mlflow.db.gz", "wb", mtime=0) as file:
        file.write(database.read_bytes())
    database.unlink()


def ray_runs(folder: Path) -> None:
    """Write an experiment of Ray Tune with a nested configuration, ASHA and a failure."""
    from ray import init, shutdown, tune
    from ray.tune.schedulers import ASHAScheduler

    def train(config: dict) -> None:  # type: ignore[type-arg]
        if config["optimizer"]["lr"] > 0.5:
            raise ValueError("it diverged")
        for epoch in range(4):
            tune.report({"loss": loss(config["optimizer"]["lr"], config["width"], epoch)})

    init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    space = {
        "optimizer": {"lr": tune.grid_search([0.01, 0.1, 1.0])},
        "width": tune.grid_search([8, 16]),
        "shuffle": True,
    }
    tuner = tune.Tuner(
        train,
        param_space=space,
        tune_config=tune.TuneConfig(
            metric="loss", mode="min", max_concurrent_trials=1, reuse_actors=True,
            scheduler=ASHAScheduler(max_t=4, grace_period=1, reduction_factor=2),
        ),
        run_config=tune.RunConfig(name="digits", storage_path=str(folder)),
    )  # fmt: skip
    tuner.fit()
    shutdown()
    unneeded = ("*.pkl", "events.out*", "progress.csv", "basic-variant-state*", "checkpoint_*")
    _remove(folder / "digits", unneeded)


def tensorboard_runs(folder: Path) -> None:
    """Write the runs of `SummaryWriter.add_hparams`, as PyTorch and tensorboardX have it."""
    from torch.utils.tensorboard import SummaryWriter

    for place, rate in enumerate(RATES):
        with SummaryWriter(str(folder / "logs" / f"run-{place}")) as writer:
            for epoch in range(EPOCHS):
                writer.add_scalar("val/loss", loss(rate, 8, epoch), epoch)
            found = {"hparam/loss": loss(rate, 8, EPOCHS - 1)}
            params = {"lr": rate, "width": 8 * 2**place, "optimizer": "adam", "nesterov": True}
            writer.add_hparams(params, found)


HYDRA = """
import hydra

@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    import json
    from pathlib import Path
    from hydra.core.hydra_config import HydraConfig
    folder = Path(HydraConfig.get().runtime.output_dir)
    rate = cfg.optimizer.lr
    if rate > 0.5:
        raise ValueError("it diverged")
    rows = [{"epoch": e, "val_loss": abs(rate - 0.01) * 10 + 1 / (e + 1)} for e in range(3)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(r) + "\\n" for r in rows))
    (folder / "metrics.json").write_text(json.dumps({"val_loss": rows[-1]["val_loss"]}))
    lines = ["epoch,val_loss", *(f"{r['epoch']},{r['val_loss']}" for r in rows)]
    (folder / "metrics.csv").write_text("\\n".join(lines) + "\\n")

if __name__ == "__main__":
    main()
"""


def hydra_runs(folder: Path) -> None:
    """Write a multirun of which one job fails."""
    with tempfile.TemporaryDirectory() as made:
        (Path(made) / "conf").mkdir()
        (Path(made) / "conf" / "config.yaml").write_text(
            "optimizer:\n  name: adam\n  lr: 0.1\nwidth: 8\n"
        )
        (Path(made) / "main.py").write_text(HYDRA)
        subprocess.run(
            [sys.executable, "main.py", "-m", "optimizer.lr=0.01,0.1,1.0", "width=8,16",
             f"hydra.sweep.dir={folder / 'multirun'}"], cwd=made, check=False,
        )  # fmt: skip
    _remove(folder, ("*.log",))


def wandb_runs(folder: Path) -> None:
    """Write offline runs."""
    import wandb

    os.environ["WANDB_MODE"] = "offline"
    for place, rate in enumerate(RATES):
        config = {"optimizer": {"lr": rate}, "width": 8 * 2**place, "nesterov": True}
        run = wandb.init(project="digits", dir=str(folder), config=config, name=f"run-{place}")
        for epoch in range(EPOCHS):
            run.log({"val_loss": loss(rate, 8, epoch), "epoch": epoch})
        run.finish()
    _remove(folder, ("*.log", "*.txt", "wandb-metadata.json", "logs", "latest-run"))


def smac_runs(folder: Path) -> None:
    """Write a run of SMAC3 with a condition and a crash."""
    from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer
    from smac import HyperparameterOptimizationFacade, Scenario

    space = ConfigurationSpace(seed=0)
    rate = Float("lr", (1e-4, 1.0), log=True)
    kind = Categorical("kind", ["sgd", "adam"])
    momentum = Float("momentum", (0.0, 0.9))
    space.add(rate, kind, momentum, Integer("width", (8, 64)))
    space.add(EqualsCondition(momentum, kind, "sgd"))

    def train(config, seed: int = 0) -> float:  # type: ignore[no-untyped-def]
        if config["lr"] > 0.3:
            raise ValueError("it diverged")
        return loss(config["lr"], config["width"], 2)

    scenario = Scenario(space, name="digits", output_directory=folder, n_trials=8, seed=0,
                        deterministic=True)  # fmt: skip
    HyperparameterOptimizationFacade(scenario, train, overwrite=True).optimize()


def _remove(folder: Path, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        for path in folder.rglob(pattern):
            is_folder = path.is_dir() and not path.is_symlink()
            shutil.rmtree(path) if is_folder else path.unlink()


TOOLS: dict[str, Callable[[Path], None]] = {
    "mlflow": mlflow_runs,
    "ray": ray_runs,
    "tensorboard": tensorboard_runs,
    "hydra": hydra_runs,
    "wandb": wandb_runs,
    "smac": smac_runs,
}
"""What writes the runs of each tool into an empty folder."""


def main() -> None:
    """Make the folders of the tools that are named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("tools", nargs="*", choices=[[], *TOOLS])
    given = parser.parse_args()
    for tool in given.tools or TOOLS:
        with tempfile.TemporaryDirectory() as made:
            TOOLS[tool](Path(made))
            target = given.folder / tool
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(made, target, symlinks=False)
        sizes = [path.stat().st_size for path in target.rglob("*") if path.is_file()]
        print(json.dumps({"tool": tool, "files": len(sizes), "bytes": sum(sizes)}))


if __name__ == "__main__":
    main()
