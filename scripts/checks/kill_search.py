"""Kill -9 a search at random moments, resume it each time, and count what is there at the end.

    python -m scripts.checks.kill_search [--workers 2]

With workers, the search is killed, or one of its worker processes, or both.

The objective trains the `mlp` family on a real data set and keeps its own account of what it
began, independent of the study. A search that nobody killed says what should have come out.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import click

from knowledge_base.durable import whole_lines
from knowledge_base.types import JsonObject

OBJECTIVE = """
import json, os
from advisor.data import load_dataset, prepare
from advisor.models import get_family
from advisor.training import train as fit

data, family = prepare(load_dataset("sklearn:breast_cancer"), 0), get_family("mlp")

def train(config, report):
    with open("begun.jsonl", "a") as file:
        file.write(json.dumps(config, sort_keys=True) + "\\n")
    return fit(family, config, data, metric="accuracy", seed=0, max_epochs=EPOCHS).value
"""

SLEEPING = """
import json, random, time

def train(config, report):
    with open("begun.jsonl", "a") as file:
        file.write(json.dumps(config, sort_keys=True) + "\\n")
    time.sleep(random.Random(str(config)).uniform(0.1, 0.5))
    return config["learning_rate"]
"""
"""What leaves the processor to others: the moments of the kills count, not what is trained."""


def command(study: str, trials: int, resume: bool, workers: int = 1) -> list[str]:
    """Return the `advisor tune` of the search, or of going on with it."""
    advisor = str(Path(sys.executable).with_name("advisor"))
    options = ["--objective", "train.py:train", "--space", "space.yaml", "--direction", "maximize"]
    options += ["--trials", str(trials), "--study", study, "--studies-dir", "studies"]
    options += [
        "--family",
        "killed",
        "--strategy",
        "random",
        "--warm",
        "0",
        "--kb",
        f"{study}.duckdb",
    ]
    options += ["--workers", str(workers)] if workers > 1 else []
    return [advisor, "tune", *options, *(["--resume"] if resume else [])]


def stored(folder: Path, study: str) -> list[JsonObject]:
    """Return the whole lines of a study's trials."""
    return [json.loads(line) for line in whole_lines(folder / "studies" / study / "trials.jsonl")]


def begun(folder: Path) -> list[str]:
    """Return the configurations that the objective began, in order."""
    path = folder / "begun.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def workers_of(search: int) -> list[int]:
    """Return the worker processes of a search: all that it started and that are alive."""
    found = subprocess.run(["pgrep", "-P", str(search)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def kill_once(
    folder: Path, trials: int, after: float, early: bool, workers: int = 1, victims: str = "search"
) -> list[str]:
    """Start or resume the search, kill it, and return what went wrong.

    Args:
        folder: where everything lies.
        trials: of the whole study.
        after: seconds from the start if `early`, else from the first trial begun.
        early: whether the kill may hit the start of the program, too.
        workers: processes that train.
        victims: what is killed: "search", "worker", after which the search goes on for as long
            again, or "both".
    """
    before, account = stored(folder, "killed"), len(begun(folder))
    resume = (folder / "studies/killed/study.json").exists()
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(
            command("killed", trials, resume, workers), cwd=folder, stdout=output, stderr=output
        )
        while not early and process.poll() is None and len(begun(folder)) == account:
            time.sleep(0.005)
        time.sleep(after)
        started = workers_of(process.pid)
        if victims != "search" and started:
            with suppress(ProcessLookupError):
                os.kill(started[0], signal.SIGKILL)
            if victims == "worker":
                time.sleep(after)
                started = workers_of(process.pid)
        alive = process.poll() is None
        process.kill()
        process.wait()
        left = still_there(started)
    now, new = stored(folder, "killed"), begun(folder)[account:]
    since = "start" if early else "first trial"
    counts = f"{len(before)} -> {len(now)} trials stored, {len(new)} begun"
    click.echo(f"{victims} killed {after:.2f} s after the {since}: {counts}")
    problems = [f"worker {pid} outlived its search" for pid in left]
    problems += [] if now[: len(before)] == before else ["a finished trial changed or was lost"]
    done = {json.dumps(row["config"], sort_keys=True) for row in before}
    problems += [f"run twice: {config}" for config in new if config in done]
    problems += [f"run twice: {config}" for config in set(new) if new.count(config) > 1]
    if not alive and process.returncode not in (0, -signal.SIGKILL):
        problems.append(f"exit code {process.returncode}: {(folder / 'output.txt').read_text()}")
    return problems


def still_there(processes: list[int]) -> list[int]:
    """Return which processes live half a minute after their search was killed; some only load."""
    ends = time.monotonic() + 30.0
    while (alive := [p for p in processes if _alive(p)]) and time.monotonic() < ends:
        time.sleep(0.05)
    return alive


def _alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def check_end(folder: Path, trials: int, workers: int = 1) -> list[str]:
    """Resume to the end; compare with a search that nobody killed.

    What several workers end first depends on time, so that only what is there is compared.
    """
    begun_before = (folder / "studies/killed/study.json").exists()
    for study, resume in (("killed", begun_before), ("whole", False)):
        count = workers if study == "killed" else 1
        if study == "killed" or workers == 1:
            subprocess.run(
                command(study, trials, resume, count), cwd=folder, check=True, capture_output=True
            )
    from knowledge_base import KnowledgeBase

    killed, whole = stored(folder, "killed"), stored(folder, "whole")
    problems = []
    if [row["number"] for row in killed] != list(range(trials)):
        problems.append(f"{len(killed)} trials instead of {trials}")
    if workers == 1 and [(r["config"], r["value"]) for r in killed] != [
        (r["config"], r["value"]) for r in whole
    ]:
        problems.append("other trials than in a search that nobody killed")
    configs = [json.dumps(row["config"], sort_keys=True) for row in killed]
    if len(set(configs)) < len(configs):
        problems.append("a configuration is there twice")
    count = len(KnowledgeBase(folder / "killed.duckdb", seed=False).trials())
    if count != trials:
        problems.append(f"{count} trials in the knowledge base instead of {trials}")
    return problems


@click.command()
@click.option("--kills", default=10)
@click.option("--trials", default=100)
@click.option("--workers", default=1)
@click.option("--epochs", default=8, help="Most epochs of a trial; 0 only sleeps.")
@click.option("--seconds", default=4.0, help="Most seconds until a kill.")
@click.option(
    "--seed", default=None, type=int, help="Seed of the moments; default others each time."
)
def main(
    kills: int, trials: int, workers: int, epochs: int, seconds: float, seed: int | None
) -> None:
    """Kill, resume, compare."""
    from advisor.models import get_family

    moments, problems = random.Random(seed), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        objective = OBJECTIVE.replace("EPOCHS", str(epochs)) if epochs else SLEEPING
        (folder / "train.py").write_text(objective)
        get_family("mlp").space().write(folder / "space.yaml")
        for _ in range(kills):
            early = moments.random() < 0.2
            victims = moments.choice(("search", "worker", "both")) if workers > 1 else "search"
            after = moments.uniform(0.0, seconds)
            problems += kill_once(folder, trials, after, early, workers, victims)
        problems += check_end(folder, trials, workers)
    click.echo("\n".join(problems) or f"{kills} kills: {trials} trials at the end, none twice.")
    raise SystemExit(bool(problems))


if __name__ == "__main__":
    main()
