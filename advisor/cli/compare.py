"""`advisor compare`."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.common import (
    Failures,
    data_options,
    device_options,
    end_interrupted,
    names,
    objective_options,
    part_options,
    print_intake,
    prints_to_stderr,
    progress_of,
    progress_options,
    resume_command,
    spelled,
    standard_options,
    study_options,
    task_options,
    typed,
)
from advisor.cli.output import cell, print_json, print_table, say

if TYPE_CHECKING:
    from advisor.comparison import Comparison
    from advisor.comparison.plan import PlannedStudy
    from advisor.comparison.standings import Average, Standing
    from advisor.data import Intake
    from advisor.tuning import Search, Tuner
    from advisor.tuning.progress import Progress
    from knowledge_base.records import TrialRecord

WIDEST = 120


@click.command(name="compare")
@click.argument("data", required=False)
@click.option("--target", help="Column to predict.")
@data_options
@objective_options
@click.option("--strategies", metavar="NAMES",
              help="Names with commas; NAME+warm starts from the knowledge base.  "
              "[default: grid,random,bayesian,evolution]")  # fmt: skip
@part_options
@click.option("--warm", is_flag=True, help="Let all of them start from the knowledge base.")
@click.option("--trials", type=click.IntRange(min=1),
              help="Of each strategy with each seed.  [default: 20]")  # fmt: skip
@click.option("--timeout", metavar="TIME",
              help="For each strategy with each seed, such as 90s, 10m or 1h30m.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True,
              help="Repeat with other seeds and splits, and average.")  # fmt: skip
@task_options
@device_options
@study_options("comparison", "comparisons")
@click.option("--contribute", "contributing", is_flag=True,
              help="Add all trials to the knowledge base when all are done.")  # fmt: skip
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the plot as .svg, .png or .pdf, too (needs matplotlib).")  # fmt: skip
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE",
              help="Write what was found as one HTML page, too.")  # fmt: skip
@progress_options
@standard_options
def command(
    quiet: bool,
    verbose: bool,
    html: Path | None,
    kb_path: str | None,
    output: str,
    plot: Path | None,
    contributing: bool,
    data: str | None,
    strategies: str | None,
    trials: int | None,
    timeout: str | None,
    resuming: bool,
    studies_dir: Path | None,
    **options: object,
) -> None:
    """Run several search strategies on DATA with equal budgets; print a table and a plot.

    Every strategy gets the same data, splits, training seed, search space and number of
    trials, and starts cold unless it is named with +warm.

    \b
    Examples:
      advisor compare data.csv --target label --strategies grid,random,bayesian,evolution
      advisor compare data.csv --target label --strategies random,bayesian,bayesian+warm --seeds 3
      advisor compare --objective train.py:train --space space.yaml --metric accuracy
      advisor compare data.csv --target label --resume
    """
    from advisor.comparison.plots import check_plot_file
    from advisor.facade import Advisor
    from advisor.report.page import check_page_file
    from advisor.units import parse_duration

    if plot is not None:
        check_plot_file(plot)
    if html is not None:
        check_page_file(html)
    asked = typed(options, data)
    if trials is not None:
        asked["trials"] = trials
    with prints_to_stderr():
        comparison = Advisor(kb_path).comparison(
            data,
            strategies=None if strategies is None else [n for n in names(strategies) if n],
            timeout=parse_duration(timeout) if timeout else None,
            root=studies_dir,
            resume=resuming,
            **asked,
        )
        intake = _run(comparison, output)
    if contributing:
        comparison.contribute()
    _print(comparison, output, intake)
    if plot is not None:
        comparison.save_plot(plot)
    if html is not None:
        say(f"The page is {comparison.report(html)}", err=True)
    for problem in comparison.problems:
        say(spelled(problem), err=True)
    if comparison.problems:
        raise SystemExit(1)


def _run(comparison: "Comparison", output: str) -> "Intake | None":
    """Run it with one progress bar per study; return what was read as what, if it was read."""
    entries, bars = comparison.plan.studies, ExitStack()
    intake: Intake | None = None
    failures = Failures(comparison.path / "*")
    progress: Progress | None = None

    def on_study(entry: "PlannedStudy", search: "Search") -> None:
        nonlocal progress, intake
        bars.close()
        if intake is None:
            intake = search.intake
            print_intake(intake, output)
        for note in search.notes:
            say(spelled(note), err=True)
        seed = f", seed {entry.seed}" if comparison.plan.seeds > 1 else ""
        label = f"{entries.index(entry) + 1}/{len(entries)} {entry.strategy}{seed}"
        progress = bars.enter_context(progress_of(search, label))

    def on_trial(trial: "TrialRecord", tuner: "Tuner") -> None:
        assert progress is not None
        progress.update(trial, tuner)
        failures(trial, tuner)

    try:
        with bars:
            comparison.run(on_study, on_trial)
    except KeyboardInterrupt:
        many = len(entries)
        end_interrupted(
            lambda: f"{comparison.n_finished} of {many} studies and all finished trials",
            _resume_command(comparison),
        )
    return intake


def _resume_command(comparison: "Comparison") -> str:
    from advisor.tuning.code import named_again

    given, code = click.get_current_context().params, dict[str, str]()
    for entry in comparison.plan.studies:
        code |= named_again(comparison.plan.settings, comparison.study(entry))
    more = ["--contribute"] if given["contributing"] else []
    if given["plot"] is not None:
        more += ["--plot", str(given["plot"])]
    if given["html"] is not None:
        more += ["--html", str(given["html"])]
    return resume_command(comparison.path, comparison.kb.where, code, *more)


def _print(comparison: "Comparison", output: str, intake: "Intake | None") -> None:
    if output == "json":
        data = None if intake is None else intake.to_dict()
        print_json({**comparison.to_dict(), "data": data})
        return
    found = comparison.standings()
    task, plan = comparison.task, comparison.plan
    parts = "" if all(s.test.mean != s.test.mean for s in found) else "validation and test "
    mean = "" if plan.seeds == 1 else f", mean of {plan.seeds} seeds ± standard error"
    say(
        f"{comparison.path.name}: {parts}{task.metric} ({task.direction}), "
        f"{plan.settings.trials} trials each{mean}"
    )
    say()
    rows = [_row(standing) for standing in found]
    print_table(rows, [name for name in rows[0] if any(row[name] for row in rows)])
    say()
    for line in comparison.text_plot(min(shutil.get_terminal_size().columns, WIDEST)).split("\n"):
        say(line)
    say()
    for note in comparison.notes:
        say(spelled(note))
    say(f"Studies: {comparison.path}")


def _row(standing: "Standing") -> dict[str, str]:
    return {
        "strategy": standing.strategy,
        "best": _text(standing.best),
        "at trial": _text(standing.found_after),
        "test": _text(standing.test),
        "mean rank": _text(standing.mean_rank),
        "trials": _text(standing.trials),
        "epochs": _text(standing.epochs),
        "seconds": _text(standing.seconds),
    }


def _text(average: "Average") -> str:
    """Return mean and standard error."""
    error = "" if not average.error else f" ±{average.error:.2g}"
    return f"{cell(average.mean)}{error}"
