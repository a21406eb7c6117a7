"""What commands cost where the knowledge base is a team's server that grows.

    python -m scripts.benchmarks.team_scale
    python -m scripts.benchmarks.team_scale --sizes 30000 --sizes 3000000

Starts a PostgreSQL of its own for each size; what lies on it is made as for
`scripts.benchmarks.scale`.
"""

import json
import os
import tempfile
from pathlib import Path

import click

from knowledge_base.connection import attached
from knowledge_base.durable import write_json
from knowledge_base.schema import TABLES
from scripts.benchmarks import report
from scripts.benchmarks.scale.made import TRIALS_OF_TASK, WORK, build
from scripts.benchmarks.scale.store import DATA, Cost, contribution, cost
from scripts.checks.team import served

SIZES = (30_000, 300_000)
RESULTS = WORK / "server_costs.json"
ROWS = 20_000
"""Rows that are put on the server at once."""

INTRODUCTION = f"""
PostgreSQL on the same machine holds made trials, {TRIALS_OF_TASK} of each task, that one login
added; another one asks, over the trials that ship. Every command is a process of its own; seconds
are of the processor, those of the command and, behind +, those of the server for it, and memory is
the peak of the command. The first command makes this computer's copy; the others ask what is new.
What the same commands cost on a file: [scale.md](scale.md)."""


def fill(url: str, path: Path, login: str) -> None:
    """Put all rows of a knowledge base file on a server, as if a login had added them.

    Args:
        url: the server, for its administrator: others cannot copy rows to where rules hold.
        path: the file.
        login: whose they are.
    """
    import psycopg

    with attached(path, True, 0.0) as (connection, _), psycopg.connect(url) as there:
        for table, schema in TABLES.items():
            names = [name for name in schema.names if name != "contributor"]
            listed = ", ".join(names)
            rows = connection.execute(f"SELECT {listed} FROM db.{table}")
            into = f"COPY advisor.{table} ({listed}, contributor) FROM STDIN"
            with there.cursor() as cursor, cursor.copy(into) as copy:
                while found := rows.fetchmany(ROWS):
                    for row in found:
                        copy.write_row((*row, login))


def measured(server, url: str, home: Path) -> dict[str, tuple[Cost, float]]:
    """Return what each command costs, and the seconds of the server for it, as one login asks."""
    os.environ["XDG_DATA_HOME"] = str(home)
    given = contribution(home)
    commands = {
        "`kb info`, the first ever": ("kb", "info"),
        "`kb info`": ("kb", "info"),
        "`kb trials --limit 5`": ("kb", "trials", "--limit", "5"),
        "`recommend`, the first ever": ("recommend", DATA),
        "`recommend`": ("recommend", DATA),
        "`contribute`, 100 trials": ("contribute", *given),
        "`recommend` afterwards": ("recommend", DATA),
    }
    found = {}
    for name, command in commands.items():
        before = _spent(server)
        taken = cost(url, *command)
        found[name] = (taken, _spent(server) - before)
    return found


def _spent(server) -> float:
    """Return the processor seconds of a server and of all of its connections that have ended."""
    number = (server.data / "postmaster.pid").read_text().split()[0]
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def costs_of(size: int) -> dict[str, tuple[Cost, float]]:
    """Return what commands cost on a server with so many trials."""
    import psycopg

    path, logins = build(size), {"anna": "writer", "bob": "writer"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(folder, logins) as server:
            fill(server.url(), path, "anna")
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute("ANALYZE")
            (folder / "bob").mkdir()
            return measured(server, server.url("bob"), folder / "bob")


def _stored() -> dict[int, dict[str, tuple[Cost, float]]]:
    if not RESULTS.is_file():
        return {}
    content = json.loads(RESULTS.read_text(encoding="utf-8"))
    return {
        int(size): {name: (Cost(*values[:2]), values[2]) for name, values in of.items()}
        for size, of in content.items()
    }


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--sizes", type=int, multiple=True, default=SIZES, help="Trials on each server.")
@report.report_only_option
@report.write_option
def main(sizes: tuple[int, ...], report_only: bool, write: bool) -> None:
    """Measure, print and write the page; sizes that were measured before are reported too."""
    load, found = os.getloadavg()[0], _stored()
    for size in () if report_only else sizes:
        found[size] = costs_of(size)
        plain = {
            n: {name: [c.seconds, c.memory, s] for name, (c, s) in of.items()}
            for n, of in found.items()
        }
        write_json(RESULTS, {str(n): of for n, of in plain.items()})
    if not found:
        raise report.nothing_finished()
    found = dict(sorted(found.items()))
    heads = ["", *(f"{size:,}" for size in found)]
    names = list(next(iter(found.values())))
    seconds = [
        (n, *(f"{of[n][0].seconds:.1f} + {of[n][1]:.1f}" for of in found.values())) for n in names
    ]
    memory = [(n, *(f"{of[n][0].memory:,.0f}" for of in found.values())) for n in names]
    parts = [
        INTRODUCTION,
        "Processor seconds, by the number of trials:",
        report.table(heads, seconds),
        "Peak memory, MiB:",
        report.table(heads, memory),
        report.measured_under(load, "psycopg", "adbc-driver-postgresql", "duckdb"),
    ]
    page = report.page("A team's server that grows", "team_scale", parts)
    report.publish("team_scale", page, write)


if __name__ == "__main__":
    main()
