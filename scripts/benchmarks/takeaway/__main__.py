"""Is the model that a search leaves better on new rows than what else one could train?

    scripts/fetch_data.sh
    python -m venv .venv-peers
    .venv-peers/bin/python -m pip install -r scripts/benchmarks/takeaway/peers.txt
    python -m scripts.benchmarks.takeaway --what all --peers-python .venv-peers/bin/python

On tables of 4,000 rows and more, of which 1,600 are known, our searches are compared with
RealMLP, TabM, LightGBM, scikit-learn's boosting and Optuna's TPE; on images, texts and series,
the final model with the single network that a search left before; and searches with folds with
searches on one split. Contenders run one after another, so that their seconds can be compared:
nothing else should run beside them, unless `--clock cpu` makes seconds and limits those of
the processor. Each result is a line in .build/takeaway/, written as it comes, so that a run that
was cut off goes on; what failed is run again. The lines that the page is of lie in
docs/benchmarks/results/takeaway/: another machine goes on from them, or begins `--anew`. Parts of
the page without any line stay.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from knowledge_base.types import JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.takeaway import page
from scripts.benchmarks.takeaway.contenders import ENTRANTS
from scripts.benchmarks.takeaway.data import entries
from scripts.benchmarks.takeaway.peers import CPU
from scripts.benchmarks.takeaway.runs import Place, Unit, available, keep, planned, run_all

SEEDS = 3
RESULTS = report.FOLDER / "results" / "takeaway"
"""The lines that the page is of."""

ALL = "all"
PEERS = {entrant.name for entrants in ENTRANTS.values() for entrant in entrants if not entrant.way}


@click.command()
@click.option(
    "--what", "asked", multiple=True, type=click.Choice([ALL, *ENTRANTS]), default=("tables",),
    help="Which questions; default tables.",
)  # fmt: skip
@click.option("--seeds", default=SEEDS, help="Seeds of split, training and search.")
@click.option("--only", multiple=True, help="Names of data sets; default all.")
@click.option("--contender", "contenders", multiple=True, help="Who runs; default all.")
@click.option("--peers-python", default=sys.executable, help="Interpreter that has the peers.")
@click.option("--threads", default=2, help="Threads of each contender.")
@click.option(
    "--clock", type=click.Choice(["wall", CPU]), default="wall",
    help="What seconds and time limits are of; cpu where other work runs on the machine.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Run again what other code of ours reached.")
@click.option("--anew", is_flag=True, help="Run also what the page has lines of already.")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=BUILD / "takeaway",
    help="Where results and rows are kept; default .build/takeaway.",
)  # fmt: skip
@report.report_only_option
@report.write_option
def main(
    asked: tuple[str, ...],
    seeds: int,
    only: tuple[str, ...],
    contenders: tuple[str, ...],
    peers_python: str,
    threads: int,
    clock: str,
    fresh: bool,
    anew: bool,
    folder: Path,
    report_only: bool,
    write: bool,
) -> None:
    """Run what is missing, then write the page."""
    questions = list(ENTRANTS) if ALL in asked else list(dict.fromkeys(asked))
    # A name without a slash is looked up; with one it is meant from where the command was given.
    python = str(Path(peers_python).absolute()) if "/" in peers_python else peers_python
    before = None if anew else RESULTS
    place = Place(folder.absolute(), python, threads, clock, fresh, before)
    peers = available(place.peers_python)
    gone = _lacking(peers)
    unknown = [name for name in only if not any(entries(what, [name]) for what in questions)]
    if unknown:
        raise click.UsageError(f"No data set is called {' or '.join(unknown)}.")
    if not report_only:
        units = [u for what in questions for u in _units(what, only, seeds, contenders, gone)]
        for count, (unit, line) in enumerate(run_all(units, place), start=1):
            click.echo(f"{count} of at most {len(units)}: {_said(unit, line)}", err=True)
    found = {what: list(place.lines(what).values()) for what in ENTRANTS}
    found = {what: lines for what, lines in found.items() if lines}
    if not found:
        raise report.nothing_finished()
    ran = {line["contender"] for lines in found.values() for line in lines}
    words = [f"Left out: {name} ({why})." for name, why in gone.items() if name not in ran]
    for word in words:
        click.echo(word, err=True)
    text = page.make(found, peers["versions"], words, report.written("takeaway"))
    whole = write and not only and not contenders
    if whole:
        keep(found, RESULTS)
    report.publish("takeaway", text, whole)


def _units(
    what: str,
    only: Sequence[str],
    seeds: int,
    contenders: Sequence[str],
    gone: dict[str, str],
) -> list[Unit]:
    units = planned(what, entries(what, only), seeds, contenders)
    return [unit for unit in units if unit.entrant.name not in gone]


def _lacking(peers: JsonObject) -> dict[str, str]:
    """Return why peers cannot run, by name."""
    if "failed" in peers:
        return dict.fromkeys(PEERS, peers["failed"])
    return {name: why for name, why in peers["lacking"].items() if why is not None}


def _said(unit: Unit, line: JsonObject) -> str:
    label, seed, name = unit.key
    if line.get("error") is None:
        return f"{name} on {label}, seed {seed}: failed: {line.get('failed')}"
    return f"{name} on {label}, seed {seed}: {line['error']:.4g} in {line['seconds']:.1f} s"


if __name__ == "__main__":
    main()
