"""A team's knowledge base on PostgreSQL against a file: adding, reading, recommending.

    python -m scripts.benchmarks.team

Starts a PostgreSQL of its own, which flushes what it commits to disk. First a crowd writes and
reads (see `scripts.checks.team`); then the same trials lie on the server and in a file, and
commands on both are timed in turn, each in a new process.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import click
import psycopg

from knowledge_base import KnowledgeBase, StudyRecord, TaskRecord
from knowledge_base.server.administration import grant, init_server
from scripts.benchmarks import report
from scripts.benchmarks.cli import ADVISOR, make_csv
from scripts.benchmarks.store import SPACE, make_frame
from scripts.benchmarks.timing import in_turn, seconds
from scripts.checks.team import crowd

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))

from postgresql import PostgreSQL

INTRODUCTION = """
PostgreSQL {version} on the same machine, which flushes each commit to disk; the copies lie on the
same disk. Medians, in milliseconds unless said otherwise."""

CROWD = """
## {writers} who write while {readers} read

Each writer adds {trials:,} trials one by one, as a search does: into its outbox, its copy and to
the server. Readers open the knowledge base anew each time."""

COMMANDS = """
## A server against a file

{tasks} tasks of {each} trials on the server and in a file, both over the shipped trials;
{pairs} new processes of each, timed in turn, on a table of 10,000 rows. *Cold*: without
`.experience`, what was learned of past tasks. *First*: without a copy, which is made."""

QUERY = "import sys; from knowledge_base import KnowledgeBase; KnowledgeBase(sys.argv[1]).trials()"


def median_ms(times: list[float]) -> str:
    """Return the median of seconds in milliseconds."""
    return f"{1e3 * statistics.median(times):,.0f}"


def worst_ms(times: list[float]) -> str:
    """Return what 99 of 100 stay below, in milliseconds."""
    return f"{1e3 * sorted(times)[int(0.99 * (len(times) - 1))]:,.0f}"


def people(server: PostgreSQL, logins: list[str]) -> None:
    """Make the knowledge base, and a writer of each login."""
    init_server(server.url())
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for login in logins:
            connection.execute(f"CREATE ROLE {login} LOGIN")
    for login in logins:
        grant(server.url(), login, "writer")


def crowded(folder: Path, writers: int, readers: int, trials: int) -> str:
    """Return the table of the crowd.

    Raises:
        ClickException: a trial was lost, or something else went wrong.
    """
    with PostgreSQL(folder / "crowd", safe=True) as server:
        people(server, [*(f"w{n}" for n in range(writers)), "r"])
        taken, found = crowd(server, folder / "crowd-homes", writers, readers, trials, True)
        with psycopg.connect(server.url()) as connection:
            row = connection.execute("SELECT count(*) FROM advisor.trials").fetchone()
    if found["wrong"] or row != (writers * trials,):
        raise click.ClickException(f"{row} trials on the server; {found['wrong']}")
    rows = [
        ("trials, all there once", f"{writers * trials:,}"),
        ("commits/s", f"{writers * trials / taken:,.0f}"),
        ("to add a trial", median_ms(found["write"])),
        ("99 of 100 below", worst_ms(found["write"])),
        ("to open and read all", median_ms(found["read"])),
        ("99 of 100 below", worst_ms(found["read"])),
    ]
    return report.table(("", ""), rows)


def fill(kb: KnowledgeBase, tasks: int, each: int) -> None:
    """Add the trials of all tasks, a study for each."""
    frame = make_frame(tasks * each)
    for number in range(tasks):
        task = TaskRecord(f"task {number}", "accuracy", "maximize", "mlp")
        study = StudyRecord(f"study-{number}", task.task_id, SPACE.space_id, name=f"s{number}")
        part = frame.iloc[number * each : (number + 1) * each].reset_index(drop=True)
        kb.add_trials(part, task=task, space=SPACE, study=study)
    kb.try_fold(10.0)


def removed(folder: Path, pattern: str) -> None:
    """Remove what is found below a folder."""
    for path in folder.rglob(pattern):
        subprocess.run(["rm", "-rf", str(path)], check=True)


def compared(folder: Path, tasks: int, each: int, pairs: int) -> tuple[str, str]:
    """Return the table of commands on a server and on a file, and the server's version."""
    make_csv(folder / "data.csv", 10_000)
    home, file = folder / "anna", str(folder / "file" / "kb.duckdb")
    os.environ["XDG_DATA_HOME"] = str(home)
    with PostgreSQL(folder / "pg", safe=True) as server:
        people(server, ["anna"])
        url = server.url("anna")
        filled = {
            "server": seconds(lambda: fill(KnowledgeBase(url), tasks, each)),
            "file": seconds(lambda: fill(KnowledgeBase(file), tasks, each)),
        }
        recommend = [ADVISOR, "recommend", "data.csv", "--target", "label", "--kb"]
        query = [sys.executable, "-c", QUERY]

        def run(command: list[str], kb: str) -> float:
            done = partial(subprocess.run, [*command, kb], cwd=folder, check=True,
                           capture_output=True)  # fmt: skip
            return seconds(done)

        def timed(command: list[str], rounds: int, forget: str | None = None) -> list[str]:
            times: dict[str, list[float]] = {"file": [], "server": []}
            for _ in range(rounds):
                for name, kb in (("file", file), ("server", url)):
                    if forget is not None:
                        removed(folder if name == "file" else home, forget)
                    times[name].append(run(command, kb))
            return [median_ms(times["file"]), median_ms(times["server"])]

        for each_kb in (file, url):
            run(recommend, each_kb)
        rows = [
            (f"adding {tasks} studies of {each}, s", f"{filled['file']:.1f}",
             f"{filled['server']:.1f}"),
            ("`recommend`, warm", *timed(recommend, pairs)),
            ("`recommend`, cold", *timed(recommend, 2, "*.experience")),
            ("all trials in Python", *timed(query, pairs)),
        ]  # fmt: skip
        kb = KnowledgeBase(url)
        asked = statistics.median(in_turn({"ask": partial(_ask, kb)}, 50)["ask"])
        rows.append(("asking what is new, once connected", "", f"{1e3 * asked:.1f}"))
        first = []
        for _ in range(2):
            removed(home, "teams")
            first.append(run(query, url))
        rows.append(("all trials in Python, first", "", median_ms(first)))
        with psycopg.connect(server.url()) as connection:
            version = connection.info.server_version // 10_000
    return report.table(("", "file", "server"), rows), str(version)


def _ask(kb: KnowledgeBase) -> None:
    assert kb.team is not None
    kb.team.news(empty=False)


@click.command()
@click.option("--writers", default=8)
@click.option("--readers", default=4)
@click.option("--trials", default=200, help="Trials of each writer.")
@click.option("--tasks", default=50, help="Tasks of the comparison with a file.")
@click.option("--each", default=200, help="Trials of each task.")
@click.option("--pairs", default=3, help="Processes of each kind.")
@report.write_option
def main(
    writers: int, readers: int, trials: int, tasks: int, each: int, pairs: int, write: bool
) -> None:
    """Measure, print and write the page."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "crowd-homes").mkdir()
        adding = crowded(folder, writers, readers, trials)
        commands, version = compared(folder, tasks, each, pairs)
    parts = [
        INTRODUCTION.format(version=version),
        CROWD.format(writers=writers, readers=readers, trials=trials),
        adding,
        COMMANDS.format(tasks=tasks, each=each, pairs=pairs),
        commands,
        report.measured_under(load, "psycopg", "adbc-driver-postgresql", "duckdb"),
    ]
    report.publish("team", report.page("A team's knowledge base", "team", parts), write)


if __name__ == "__main__":
    main()
