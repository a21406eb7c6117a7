"""What the commands share: options, error reporting and opening the knowledge base."""

import contextlib
import functools
import logging
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import click

from advisor.cli.output import plain, print_table, say
from knowledge_base.errors import LOG, MISSING, UserError
from knowledge_base.server.address import is_address
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from advisor.data import Intake
    from advisor.tuning import Search, Tuner
    from advisor.tuning.progress import Progress
    from knowledge_base.importers.contribution import ContributionReport
    from knowledge_base.records import TrialRecord

Command: TypeAlias = Callable[..., None]
"""What runs when its command is called, with its options as keywords."""

BAD_INPUT = 2
INTERRUPTED = 130

SHOWN = 20
"""Rejected rows that are printed."""

TOLD = "advisor.told"
"""Key of a command's context under which its warnings lie that were said."""


def kb_option(function: Command) -> Command:
    """Add --kb, read from ADVISOR_KB where it is not given."""
    return click.option(
        "--kb",
        "kb_path",
        metavar="PATH",
        envvar="ADVISOR_KB",
        help="Knowledge base file, or a team's: postgresql://user@host/database.  "
        "[env: ADVISOR_KB; default: in the user's data directory]",
    )(function)


def data_options(function: Command) -> Command:
    """Add what says which columns hold texts or times, and how others are read."""
    for option in (
        click.option("--size", metavar="N|WxH", help="Resize images to this many pixels."),
        click.option("--as", "as_types", multiple=True, metavar="NAME=TYPE",
                     help="Read a column as category, number, date, text or drop; may be "
                     "repeated."),
        click.option("--keep", multiple=True, metavar="NAME|N",
                     help="Use a column although it looks like an identifier; may be repeated. "
                     "With --objective: how many of the best trials keep their folders."),
        click.option("--drop", multiple=True, metavar="NAME",
                     help="Leave a column out; may be repeated."),
        click.option("--horizon", type=click.IntRange(min=1),
                     help="Steps ahead to forecast.  [default: a season, or 6]"),
        click.option("--group", metavar="NAME",
                     help="Column of rows that belong together: none is on two sides of a "
                     "split."),
        click.option("--series", help="Column that tells several time series apart."),
        click.option("--time", help="Column with the times of a series to forecast."),
        click.option("--text", help="Column with texts to classify."),
    ):  # fmt: skip
        function = option(function)
    return function


def objective_options(function: Command) -> Command:
    """Add the user's own network or training function, and its search space."""
    for option in (
        click.option("--space", metavar="FILE",
                     help="Search space of either (ConfigSpace JSON or YAML)."),
        click.option("--objective", metavar="FILE.py:FUNCTION",
                     help="Your own training function instead of DATA."),
        click.option("--module", metavar="FILE.py:FUNCTION",
                     help="Builds your own network for DATA: build(config, n_inputs, n_outputs)."),
    ):  # fmt: skip
        function = option(function)
    return function


def part_options(function: Command) -> Command:
    """Add which part of the space is searched."""
    for option in (
        click.option("--fix", multiple=True, metavar="NAME=VALUE",
                     help="Fix another one; may be repeated.  [default: each one's default]"),
        click.option("--only", metavar="NAMES",
                     help="Search these hyperparameters, such as learning_rate,dropout.  "
                     "[default: all]"),
    ):  # fmt: skip
        function = option(function)
    return function


def task_options(function: Command) -> Command:
    """Add what is optimised, and what is trained for how long."""
    for option in (
        click.option("--memory-limit", metavar="SIZE",
                     help="Skip what is estimated to need more.  [default: 80% of what is free]"),
        click.option("--max-epochs", type=click.IntRange(min=1),
                     help="Per trial; not with --objective."),
        click.option("--family",
                     help="Model family.  [default: by the data, or the name of your space]"),
        click.option("--kind", type=click.Choice(["classification", "regression"]),
                     help="Kind of task.  [default: by the target's values]"),
        click.option("--direction", type=click.Choice(["minimize", "maximize"]),
                     help="For your own objective; a known --metric says it, too."),
        click.option("--metric", help="What to optimise.  [default: accuracy, rmse or mase]"),
        click.option("--task", metavar="NAME",
                     help="Name of your own objective's task.  [default: by where its file lies]"),
    ):  # fmt: skip
        function = option(function)
    return function


def device_options(function: Command) -> Command:
    """Add where networks are trained."""
    for option in (
        click.option("--precision", type=click.Choice(["32", "bf16"]),
                     help="bf16 trains in bfloat16, with CUDA.  [default: 32]"),
        click.option("--device", metavar="NAME",
                     help="cpu, cuda, cuda:1 or mps.  [default: cuda where there is a card]"),
    ):  # fmt: skip
        function = option(function)
    return function


def study_options(kind: str, many: str) -> Callable[[Command], Command]:
    """Return what adds --study, --resume and --studies-dir for a study or a comparison."""

    def add(function: Command) -> Command:
        for option in (
            click.option("--studies-dir", type=click.Path(path_type=Path),
                         help=f"Where {many} are kept.  [default: beside the knowledge base]"),
            click.option("--resume", "resuming", is_flag=True,
                         help=f"Go on with a {kind} that was cut off."),
            click.option("--study", "name",
                         help=f"Name of the {kind}.  [default: from the data set]"),
        ):  # fmt: skip
            function = option(function)
        return function

    return add


def formats(*more: str) -> Callable[[Command], Command]:
    """Return what adds --format with table, json and more."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(["table", "json", *more]),
        default="table",
        show_default=True,
        help="How to print.",
    )


def format_option(function: Command) -> Command:
    """Add --format table|json."""
    return formats()(function)


def seed_option(function: Command) -> Command:
    """Add --seed."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Seed of everything random.",
    )(function)


def standard_options(function: Command) -> Command:
    """Add --kb, --seed and --format, and turn user errors into one line and exit code 2."""
    return kb_option(seed_option(format_option(speaks_to_the_user(function))))


def speaks_to_the_user(function: Command) -> Command:
    """Print a `UserError` as one line on standard error and exit with code 2."""

    @functools.wraps(function)
    def wrapped(*args: object, **kwargs: object) -> None:
        missing = _missing_store()
        try:
            with _warnings_told():
                function(*args, **kwargs)
        except UserError as error:
            line = " ".join(spelled(str(error)).split())
            say(f"Error: {line}", err=True)
            raise SystemExit(BAD_INPUT) from None
        if missing is not None:
            _say_of_missing(missing)

    return wrapped


class _Telling(logging.Handler):
    """Says on standard error what is logged, each line once."""

    def __init__(self) -> None:
        super().__init__()
        self.told: set[str] = click.get_current_context().meta.setdefault(TOLD, set())

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, MISSING, False):
            return  # A command says so after what it was asked.
        line = record.getMessage()
        if line not in self.told:
            self.told.add(line)
            say(f"Warning: {spelled(line)}", err=True)


@contextlib.contextmanager
def _warnings_told() -> Iterator[None]:
    """Say what the knowledge base leaves out, such as damaged files, while a command runs."""
    telling = _Telling()
    LOG.addHandler(telling)
    try:
        yield
    finally:
        LOG.removeHandler(telling)


def was_told(line: str) -> bool:
    """Return whether this command has said a warning already."""
    return line in click.get_current_context().meta.get(TOLD, ())


def _missing_store() -> Path | None:
    """Return the knowledge base that the user named, by an option or ADVISOR_KB, if it is new."""
    context = click.get_current_context()
    named = context.params.get("kb_path")
    if not named or is_address(named):
        return None
    path = Path(str(context.params["kb_path"]))
    return None if _is_stored(path) else path


def _say_of_missing(path: Path) -> None:
    """Say on standard error what a mistyped path would hide: that there was no such store."""
    if _is_stored(path):
        say(f"The knowledge base {path} is new: there was none at this path.", err=True)
    else:
        say(f"There is no knowledge base at {path}: only what ships is known.", err=True)


def _is_stored(path: Path) -> bool:
    return path.exists() or path.with_name(f"{path.name}.journal").exists()


def spelled(text: str) -> str:
    """Return a message of the package with parameters as this command's options.

    The package names a parameter in backticks, `memory_limit` or `kind=regression`; people who
    type commands know it as --memory-limit or --kind regression.
    """
    context = click.get_current_context(silent=True)
    options = {
        name: parameter.opts[0]
        for parameter in (context.command.params if context is not None else ())
        if parameter.opts[0].startswith("--")
        for name in (parameter.opts[0][2:].replace("-", "_"), parameter.name or "")
    }

    def option(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name not in options:
            return found[0]
        if value is None:
            return options[name]
        # What is to be typed is quoted where a shell would take it apart.
        return f"{options[name]} {shlex.quote(value)}"

    return re.sub(r"`(\w+)(?:=([^`]+))?`", option, text)


def typed(options: JsonObject, data: str | None) -> JsonObject:
    """Return options of a search as Python takes them: lists, mappings and numbers.

    Args:
        options: as click gives them.
        data: what is searched on; None for the user's own function, or a study that goes on.

    Raises:
        UserError: a text is not of the form that its option takes.
    """
    from advisor.units import parse_size

    typed = dict(options)
    if typed.get("only") is not None:
        typed["only"] = names(typed["only"])
    pairs = [text.partition("=") for text in typed.get("fix") or ()]
    for name, sign, _ in pairs:
        if not sign:
            raise UserError(f"`fix` takes NAME=VALUE, such as units=64, not '{name}'.")
    typed["fix"] = {name: value for name, _, value in pairs}
    typed |= data_arguments(typed)
    kept = typed["keep"]
    if data is None and len(kept) == 1 and kept[0].isdecimal():
        typed["keep"] = int(kept[0])
    if typed.get("memory_limit") is not None:
        typed["memory_limit"] = parse_size(typed["memory_limit"])
    return typed


def data_arguments(options: JsonObject) -> JsonObject:
    """Return how columns and images are read as Python takes it: lists, a mapping, a size.

    Raises:
        UserError: a text is not of the form that its option takes.
    """
    pairs = [text.rpartition("=") for text in options.get("as_types") or ()]
    for name, _, kind in pairs:
        if not name:
            raise UserError(f"`as_types` takes NAME=TYPE, such as zip=category, not '{kind}'.")
    size = options.get("size")
    if size is not None:
        sides = str(size).lower().split("x")
        if len(sides) > 2 or not all(side.strip().isdecimal() for side in sides):
            raise UserError(f"`size` takes pixels, such as 64 or 64x48, not '{size}'.")
        numbers = [int(side) for side in sides]
        size = numbers[0] if len(numbers) == 1 else numbers
    return {
        "drop": list(options.get("drop") or ()),
        "keep": list(options.get("keep") or ()),
        "as_types": {name: kind for name, _, kind in pairs} or None,
        "size": size,
    }


def print_intake(intake: "Intake | None", output: str) -> None:
    """Say on standard error what was read as what, unless the output is JSON, which has it."""
    if intake is not None and output != "json":
        for line in intake.lines():
            say(spelled(line), err=True)


def names(text: str) -> list[str]:
    """Return the names in a list such as "learning_rate,dropout"."""
    return [name.strip() for name in text.split(",")]


def progress_options(function: Command) -> Command:
    """Add --quiet and --verbose."""
    for option in (
        click.option("-v", "--verbose", is_flag=True,
                     help="Say a line for each trial, with its configuration."),
        click.option("-q", "--quiet", is_flag=True, help="Show no progress."),
    ):  # fmt: skip
        function = option(function)
    return function


def progress_of(search: "Search", label: str = "Trials") -> "Progress":
    """Return what shows the trials of a search on standard error.

    It is a bar in a terminal. Elsewhere, and with --verbose, it is one line for each trial.
    """
    from advisor.tuning.progress import InTerminal, Lines, Nothing

    given = click.get_current_context().params
    total = search.settings.trials
    if given.get("quiet"):
        return Nothing()
    if given.get("verbose") or not in_terminal():
        return Lines(total, label, lambda line: say(line, err=True), bool(given.get("verbose")))

    def best(trial: "TrialRecord | None") -> str:
        found = search.tuner.best
        return (
            ""
            if found is None
            else plain(f"best {search.tuner.study.task.metric} {found.value or 0.0:.4g}")
        )

    bar: ProgressBar[TrialRecord] = click.progressbar(
        # Of what has no length, click shows the position without a share.
        (trial for trial in search.tuner.trials[:0]) if total is None else None,
        length=total,
        label=plain(label),
        item_show_func=best,
        file=sys.stderr,
        show_pos=True,
    )
    bar.update(search.tuner.ended, None)
    return InTerminal(bar)


def in_terminal() -> bool:
    """Whether standard error is a terminal, in which a bar can be drawn over."""
    return sys.stderr.isatty()


class Failures:
    """Tells on standard error why trials fail, once per kind of error, and at most five."""

    def __init__(self, where: Path) -> None:
        """Tell of trials that are kept in the folder `where`."""
        from advisor.tuning.failures import Kinds

        self._kinds = Kinds(where)

    def __call__(self, trial: "TrialRecord", tuner: "Tuner") -> None:
        """Hear of a finished trial."""
        if (line := self._kinds.new(trial, tuner.best is not None)) is not None:
            if in_terminal():
                say(err=True)  # The bar stands in this line.
            say(line, err=True)


@contextlib.contextmanager
def prints_to_stderr() -> Iterator[None]:
    """Let standard output hold only what the command prints: what users' code prints goes aside.

    What their code starts, or what is written in C, writes to the file descriptor.
    """
    kept = None
    with contextlib.suppress(OSError):  # Either may be closed.
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            _flush_c()
            os.dup2(kept, 1)
            os.close(kept)


def _flush_c() -> None:
    """Write out what C libraries buffer for standard output, before it is ours again."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)


def end_interrupted(kept: Callable[[], str], command: str) -> NoReturn:
    """Say what was kept and how to go on, and end the process at once.

    Args:
        kept: function that says what is on disk; asked when no further Ctrl-C can come between.
        command: what goes on.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    say(err=True)
    say(f"Interrupted; {kept()} kept. Go on with:", err=True)
    say(f"  {command}", err=True)
    # Threads of a training that was cut off must not hold up or abort the exit.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def resume_command(path: Path, kb: Path | str, code: Mapping[str, str], *more: str) -> str:
    """Return what to type to go on with a study or comparison, as a shell takes it.

    Args:
        path: of its folder.
        kb: path or address of the knowledge base.
        code: files of code that are to be named, as `advisor.tuning.code.named_again` gives them.
        *more: further options that the command needs.
    """
    where = ["--studies-dir", str(path.parent), "--kb", str(kb)]
    for option, reference in code.items():
        where += [f"--{option}", reference]
    name = click.get_current_context().info_name or ""
    return shlex.join(["advisor", name, "--study", path.name, *where, *more, "--resume"])


def print_report(report: "ContributionReport") -> None:
    """Print what became of a contribution."""
    say(report.summary())
    for warning in report.warnings:
        if not was_told(warning):
            say(f"Warning: {spelled(warning)}")
    rejected = [{"where": item.where, "reason": item.reason} for item in report.rejected]
    if rejected:
        print_table(rejected[:SHOWN], ["where", "reason"])
    if len(rejected) > SHOWN:
        say(f"... and {len(rejected) - SHOWN} more; --format json lists all.")
