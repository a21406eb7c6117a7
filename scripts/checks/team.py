"""Eight people write to a team's server while four read; nothing may fail, get lost or come twice.

    python -m scripts.checks.team

Starts a PostgreSQL of its own. Each writer has a login and a home, and adds trials one by one as a
search does: into its outbox, its copy, and to the server. Readers open the knowledge base anew each
time, as commands do. Then everything dies in turn while they do so (`team_kills`).
"""

import logging
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import contextmanager
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path

import click

from knowledge_base import Bundle, KnowledgeBase
from scripts.checks.stress_contributions import records

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))


def write(
    url: str, home: str, process: int, trials: int, one_by_one: bool, said: "SimpleQueue[object]"
) -> None:
    """Add the trials of one writer; put seconds of each, or what went wrong, into `said`."""
    os.environ["XDG_DATA_HOME"] = home
    try:
        kb = KnowledgeBase(url, seed=False)
        kb.synchronise()  # A search reads before it writes.
        seconds, begun = [], time.time()
        steps = [range(n, n + 1) for n in range(trials)] if one_by_one else [range(trials)]
        for step in steps:
            bundle = Bundle.from_records(records(process, step))
            start = time.perf_counter()
            kb.append(bundle)
            seconds.append(time.perf_counter() - start)
        assert kb.synchronise(), kb.warnings
        said.put(("span", (begun, time.time())))
        said.put(("write", seconds))
    except Exception as error:
        said.put(("wrong", f"writer {process}: {type(error).__name__}: {error}"))


def read(url: str, home: str, over: Event, said: "SimpleQueue[object]") -> None:
    """Open the knowledge base again and again until it is over."""
    logging.disable(logging.WARNING)
    os.environ["XDG_DATA_HOME"] = home
    seconds, last = [], 0
    try:
        while not over.is_set():
            start = time.perf_counter()
            found = len(KnowledgeBase(url, seed=False).query("SELECT trial_id FROM trials"))
            seconds.append(time.perf_counter() - start)
            if found < last:
                said.put(("wrong", f"a reader saw {found} trials after {last}"))
            last = found
            time.sleep(0.1)
        said.put(("read", seconds))
    except Exception as error:
        said.put(("wrong", f"reader: {type(error).__name__}: {error}"))


def crowd(server, folder: Path, writers: int, readers: int, trials: int, one_by_one: bool):
    """Return the seconds of the writing, those of each addition and look, and what went wrong."""
    context = multiprocessing.get_context("spawn")
    said, over = context.SimpleQueue(), context.Event()
    looking = [
        context.Process(target=read, args=(server.url("r"), str(folder / f"r{n}"), over, said))
        for n in range(readers)
    ]
    adding = [
        context.Process(
            target=write,
            args=(server.url(f"w{n}"), str(folder / f"w{n}"), n, trials, one_by_one, said),
        )
        for n in range(writers)
    ]
    found = {"write": [], "read": [], "wrong": []}
    spans = []
    for process in (*looking, *adding):
        process.start()
    ended = 0
    while ended < writers + readers:
        kind, value = said.get()
        if kind == "span":
            spans.append(value)
            continue
        if kind == "wrong" and "saw" in value:
            found[kind].append(value)
            continue
        found[kind] += value if isinstance(value, list) else [value]
        ended += 1
        if ended == writers:
            over.set()
    for process in (*looking, *adding):
        process.join()
    seconds = max(end for _, end in spans) - min(begun for begun, _ in spans) if spans else 1.0
    return seconds, found


@contextmanager
def served(folder: Path, logins: Mapping[str, str]):
    """Give a PostgreSQL of its own for a team whose logins have these roles."""
    import psycopg
    from postgresql import PostgreSQL

    from knowledge_base.server.administration import grant, init_server

    folder.chmod(0o755)
    with PostgreSQL(folder / "pg", safe=True) as server:
        init_server(server.url())
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for login, role in logins.items():
                connection.execute(f"CREATE ROLE {login} LOGIN")
                grant(server.url(), login, role)
        yield server


def lacking(server, home: Path, total: int) -> tuple[list[str], float]:
    """Return what is not as it should be on the server and in a new copy; seconds of that."""
    import psycopg

    with psycopg.connect(server.url()) as connection:
        ((there, distinct),) = connection.execute(
            "SELECT count(*), count(DISTINCT (study_id, number)) FROM advisor.trials"
        )
    os.environ["XDG_DATA_HOME"] = str(home)
    start = time.perf_counter()
    seen = len(KnowledgeBase(server.url("r"), seed=False).trials())
    late = time.perf_counter() - start
    if there == distinct == seen == total:
        return [], late
    told = f"{there} trials on the server, {distinct} different ones, {seen} in a new copy"
    return [f"{told}, not {total}"], late


@click.command()
@click.option("--writers", default=8)
@click.option("--readers", default=4)
@click.option("--trials", default=1000, help="Trials of each writer.")
def main(writers: int, readers: int, trials: int) -> None:
    """Share a server, one by one, in bulks and in a storm; exit code 1 if anything went wrong."""
    from scripts.checks.team_kills import stormy

    failed, total = False, writers * trials
    logins = {**{f"w{n}": "writer" for n in range(writers)}, "r": "reader"}
    for one_by_one in (True, False):
        with tempfile.TemporaryDirectory() as name, served(Path(name), logins) as server:
            seconds, found = crowd(server, Path(name), writers, readers, trials, one_by_one)
            wrong, late = lacking(server, Path(name) / "late", total)
        problems = [*found["wrong"], *wrong]
        click.echo(
            f"{writers} writers, {trials} trials each, {'one by one' if one_by_one else 'a bulk'}; "
            f"{readers} readers: {len(found['write']) / seconds:,.0f} commits/s, "
            f"median {1e3 * statistics.median(found['write'] or [0]):,.0f} ms to add, "
            f"{1e3 * statistics.median(found['read'] or [0]):,.0f} ms to open and read "
            f"({len(found['read'])} times), all into a new copy {late:.1f} s; "
            f"{'; '.join(problems) or f'all {total} trials there, once'}"
        )
        failed = failed or bool(problems)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name, served(Path(name), logins) as server:
        storm, looks = stormy(server, Path(name), writers, readers, trials)
        wrong, _ = lacking(server, Path(name) / "late", total)
    problems = [*storm.problems, *wrong]
    click.echo(
        f"{writers} writers, {trials} trials each, one by one, while these died: "
        f"{', '.join(storm.done)}; {readers} readers looked {looks} times; "
        f"{time.perf_counter() - start:.0f} s; "
        f"{'; '.join(problems) or f'all {total} trials there, once'}"
    )
    raise SystemExit(failed or bool(problems))


if __name__ == "__main__":
    main()
