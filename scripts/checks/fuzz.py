"""Every reader is given damaged files: none may end in a traceback or invent a trial.

    python -m scripts.checks.fuzz --inputs 50000
    python -m scripts.checks.fuzz --flips 2000 --only segment,export,study

A whole file of each kind is damaged over and over: bits flipped, pieces cut out, doubled, or
replaced by what other programs write (NaN, null, deep brackets, lone surrogates). A reader may
refuse a file with a `UserError`, or read it. What it reads must hold: trials lie in their space,
and there are no more of them than rows; of files with checksums they are trials of the whole
file, unchanged. Readers run in a process of their own, so that a crash is seen as one.
"""

import logging
import multiprocessing
import random
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import click

from knowledge_base.errors import LOG, UserError
from scripts.checks.fuzz_targets import TARGETS, Target, Trials

TOKENS = (
    b"NaN", b"-Infinity", b"1e999", b"null", b"true", b"[]", b"{}", b'""', b"-1", b"0x1F", b"1_000",
    b"[" * 400, b'{"a":' * 300, b"\xff\xfe", b"\xed\xa0\x80", b"\x00", b"\xe2\x80\xa8", b"\r\n",
    b",", b";", b'"', b"99999999999999999999", b"!!python/object/apply:os.system [x]", b"&a [*a]",
    b"\x1b[31m", b"../../x",
)  # fmt: skip
"""What other programs write, and what breaks parsers."""

BATCH = 200
"""Inputs that one process reads before the next one is started."""
PATIENCE = 60.0
"""Seconds that one input may take."""


@dataclass
class Findings:
    """What came of the inputs of one kind.

    Attributes:
        read, refused: how many inputs were taken, and how many refused with a word.
        faults: what went wrong, with how to make the input again.
    """

    read: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)


@click.command()
@click.option("--inputs", default=2000, show_default=True, help="How many, of all kinds together.")
@click.option("--seconds", type=float, help="Stop after so many.")
@click.option("--flips", type=int, help="Only flip single bits, so many times for each kind.")
@click.option("--only", help="Kinds of files, separated by commas.")
@click.option("--seed", default=0, show_default=True, help="Seed of all damage.")
def main(
    inputs: int, seconds: float | None, flips: int | None, only: str | None, seed: int
) -> None:
    """Damage files and read them; exit code 1 if a reader fails."""
    names = list(TARGETS) if only is None else [name.strip() for name in only.split(",")]
    each = flips or -(-inputs // len(names))
    found = run([TARGETS[name] for name in names], each, seed, flips is not None, seconds)
    for name, one in found.items():
        click.echo(
            f"{name:<10}{one.read:>7} read {one.refused:>7} refused {len(one.faults)} faults"
        )
        for text, count in Counter(one.faults).most_common(5):
            click.echo(f"  {count} x {text}")
    if any(one.faults for one in found.values()):
        raise SystemExit(1)


def run(
    targets: Iterable[Target],
    each: int,
    seed: int = 0,
    flips: bool = False,
    seconds: float | None = None,
) -> dict[str, Findings]:
    """Return what came of `each` inputs of every kind, or of as many as the time allows."""
    kinds = list(targets)
    found = {target.name: Findings() for target in kinds}
    end = None if seconds is None else time.monotonic() + seconds
    for first in range(0, each, BATCH):
        for target in kinds:
            if end is None or time.monotonic() < end:
                last = min(first + BATCH, each)
                _batch(target, range(first, last), seed, flips, found[target.name], end)
    return found


def _batch(
    target: Target, numbers: range, seed: int, flips: bool, found: Findings, end: float | None
) -> None:
    """Read inputs in a process of their own; after a crash another one takes the rest."""
    context = multiprocessing.get_context("spawn")
    todo = list(numbers)
    while todo and (end is None or time.monotonic() < end):
        ours, theirs = context.Pipe()
        process = context.Process(target=_read_all, args=(target.name, todo, seed, flips, theirs))
        process.start()
        theirs.close()
        try:
            while todo and (end is None or time.monotonic() < end):
                if not ours.poll(PATIENCE):
                    found.faults.append(f"no answer in {PATIENCE:g} s (input {todo.pop(0)})")
                    break
                _note(ours.recv(), found)
                todo.pop(0)
        except EOFError:
            found.faults.append(f"the process died (input {todo.pop(0)})")
        process.kill()
        process.join()


def _note(answer: tuple[str, str], found: Findings) -> None:
    kind, text = answer
    if kind == "fault":
        found.faults.append(text)
    elif kind == "read":
        found.read += 1
    else:
        found.refused += 1


def _read_all(name: str, numbers: list[int], seed: int, flips: bool, answers: Connection) -> None:
    LOG.setLevel(logging.CRITICAL)  # Damage is told as often as it is made.
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        whole.mkdir()
        target.make(whole)
        known = target.read(whole)
        for number in numbers:
            damaged = Path(folder) / f"{number}"
            shutil.copytree(whole, damaged)
            rng = random.Random(f"{name} {seed} {number}")
            where = _damage(target.files(damaged), rng, flips)
            answers.send(_answer(target, damaged, known, f"{where} (input {number})"))
            shutil.rmtree(damaged, ignore_errors=True)


def _answer(target: Target, damaged: Path, known: Trials, where: str) -> tuple[str, str]:
    try:
        found = target.read(damaged)
    except UserError as error:
        one_line = "\n" not in str(error).strip()
        return ("refused", "") if one_line else ("fault", f"more than a line: {error!r}")
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = (
            f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {str(error)[:80]}"
        )
        return "fault", f"{what}; {where}"
    wrong = target.wrong(known, found)
    return ("fault", f"{wrong}; {where}") if wrong else ("read", "")


def _damage(files: list[Path], rng: random.Random, flips: bool) -> str:
    """Change one file at one place, or at a few; return which and how."""
    path = rng.choice([file for file in files if file.stat().st_size])
    content = bytearray(path.read_bytes())
    changes: list[Callable[[bytearray, random.Random], None]] = [_flip]
    if not flips:
        changes = rng.choices(
            (_flip, _cut, _double, _token, _token, _end, _byte), k=rng.choice((1, 1, 2, 4))
        )
    for change in changes:
        if content:
            change(content, rng)
    path.write_bytes(bytes(content))
    return f"{path.name} after {', '.join(change.__name__.strip('_') for change in changes)}"


def _flip(content: bytearray, rng: random.Random) -> None:
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _byte(content: bytearray, rng: random.Random) -> None:
    content[rng.randrange(len(content))] = rng.randrange(256)


def _cut(content: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(content))
    del content[start : start + rng.randint(1, 40)]


def _double(content: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(content))
    piece = content[start : start + rng.randint(1, 60)]
    content[start:start] = piece


def _token(content: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(content))
    content[start : start + rng.choice((0, 0, 1, 4))] = rng.choice(TOKENS)


def _end(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content)) :]


if __name__ == "__main__":
    main()
