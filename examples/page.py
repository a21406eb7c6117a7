"""The page of a case, made from its results."""

import json
from collections.abc import Sequence
from statistics import mean, stdev

from advisor.meta.warm_start import warm_count
from advisor.models import get_family
from examples.cases import Arm, Result
from knowledge_base.space import Hyperparameter
from scripts.pages.markdown import table

PAGE = """# {title}

Written from what was measured, not by hand, by

    scripts/fetch_data.sh
    python examples/{name}/run.py

## The data

{about}

## What was done

The `{family}` family, as `advisor tune` trains it; {metric} is {direction}d on the validation
part. {seeds} seeds; a seed is that of the split{split}, of training and of the search. With
each:

- **default**: the library's default configuration, which is the first trial of the cold search;
- **cold search**: {cold_trials} trials of the Bayesian search without a past (`--warm 0`);
- **warm search**: {warm_trials} trials of the same search, from the trials that ship with the
  package: two recommendations, the default, and {asked} that are asked with the past as
  prior{unrelated}

The shipped trials are of other data: {past}.{kin}

What was tuned: {tuned}.

## What came of it

The best trial by validation{unit}; mean and standard deviation over {seeds} seeds.

{summary}

{verdict}

Validation {metric} of the best trial so far, by seed:

{by_seed}

## What was found

The best configurations; what is as in the default is left out.

{found}
"""

_UNRELATED = """;
- **warm search, other sources**: the same, without the shipped trials of data that were cut
  from the same source."""

QUICK_DATA = "Tiny data that come with scikit-learn: a smoke run, which says nothing of the case."


def page(result: Result) -> str:
    """Return the page as Markdown."""
    case, first = result.case, result.cold[0]
    warm = len(result.warm[0].trials)
    return PAGE.format(
        title=case.title,
        name=case.name,
        about=QUICK_DATA if result.quick else case.about,
        family=case.family,
        metric=first.metric,
        direction=first.direction,
        seeds=len(result.cold),
        split="" if case.family != "forecaster" else " (not of a series)",
        cold_trials=len(first.trials),
        warm_trials=warm,
        asked=warm - warm_count(warm),
        past="; ".join(result.past),
        unrelated=_UNRELATED if result.unrelated else ".",
        kin=_kin(result),
        tuned=_tuned(case.family),
        summary=_summary(result),
        verdict=_verdict(result),
        by_seed=_by_seed(result),
        found=_found(result),
        unit=" (MASE: smaller is better)" if first.metric == "mase" else "",
    )


def _kin(result: Result) -> str:
    if not result.unrelated:
        return ""
    names = result.case.related(result.past)
    return f" {len(names)} of them are of the same source, but of other rows: {', '.join(names)}."


def _summary(result: Result) -> str:
    rows: list[tuple[str, ...]] = []
    if result.case.baseline is not None:
        title, *scores = result.case.baseline(result.data)
        rows.append((title, *(f"{score:.4f}" for score in scores), ""))
    for name, arms, first in (
        ("Default configuration", result.cold, 1),
        (f"Cold search, {len(result.cold[0].trials)} trials", result.cold, None),
        (f"Warm search, {len(result.warm[0].trials)} trials", result.warm, None),
        ("Warm search, other sources", result.unrelated, None),
    ):
        if not arms:
            continue
        valid = _spread([arm.validation(first) for arm in arms])
        test = _spread([arm.test(first) for arm in arms])
        seconds = mean(sum(t.duration or 0 for t in arm.trials[:first]) for arm in arms)
        rows.append((name, valid, test, f"{seconds:.0f}"))
    return table(("", "Validation", "Test", "Seconds of training"), rows)


def _spread(values: Sequence[float]) -> str:
    return f"{mean(values):.4f} ± {stdev(values) if len(values) > 1 else 0:.4f}"


def _verdict(result: Result) -> str:
    """Say whether the short warm search kept up with the long cold one."""
    cold = mean(arm.validation() for arm in result.cold)
    warm = mean(arm.validation() for arm in result.warm)
    ahead = warm - cold if result.cold[0].direction == "maximize" else cold - warm
    short, long = len(result.warm[0].trials), len(result.cold[0].trials)
    word = "at least as good as" if ahead >= 0 else "not as good as"
    return (
        f"On validation, averaged over seeds, the warm search with {short} trials is **{word}** "
        f"the cold one with {long}: {warm:.4f} against {cold:.4f}."
        + _without_kin(result)
        + _doubt(result, cold)
    )


def _without_kin(result: Result) -> str:
    if not result.unrelated:
        return ""
    value = mean(arm.validation() for arm in result.unrelated)
    return f" Without the past of the same source it comes to {value:.4f}."


def _doubt(result: Result, value: float) -> str:
    """Say how much of a difference in accuracy may be chance."""
    if result.cold[0].metric != "accuracy":
        return ""
    rows = round(0.2 * result.cold[0].rows)
    error = (value * (1 - value) / max(rows, 1)) ** 0.5
    return (
        f" The validation part has {rows} rows, on which an accuracy of {value:.2f} has a standard "
        f"error of {error:.3f}. The best of many trials is chosen by it, which flatters the longer "
        "search; the test part chose nothing."
    )


def _by_seed(result: Result) -> str:
    warm = _points(result.warm[0])
    cold = _points(result.cold[0])
    titles = [*(f"warm, {k}" for k in warm), *(f"cold, {k}" for k in cold)]
    rows = []
    for seed, (one, other) in enumerate(zip(result.warm, result.cold, strict=True)):
        cells = [*(one.validation(k) for k in warm), *(other.validation(k) for k in cold)]
        rows.append((str(seed), *(f"{value:.4f}" for value in cells)))
    return table(("Seed", *titles), rows)


def _points(arm: Arm) -> list[int]:
    """Return after how many trials to look."""
    last = len(arm.trials)
    return sorted({k for k in (1, 3, 5, 10) if k < last} | {last})


def _found(result: Result) -> str:
    """Return a table of the best configurations beside the default."""
    default = get_family(result.case.family).default()
    best = [_best(arm) for arm in (*result.warm, *result.cold)]
    names = [name for name in default if any(c.get(name) != default[name] for c in best)]
    names += sorted({name for config in best for name in config} - set(default))
    titles = [f"{kind} {seed}" for kind in ("warm", "cold") for seed in range(len(result.warm))]
    rows = [(name, *(_shown(c.get(name)) for c in (default, *best))) for name in names]
    return table(("", "default", *titles), rows)


def _best(arm: Arm) -> dict[str, object]:
    config = arm.best().config
    return dict(json.loads(config)) if isinstance(config, str) else dict(config)


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:.2g}" if isinstance(value, float) else str(value)


def _tuned(family: str) -> str:
    space = get_family(family).space()
    return ", ".join(_range(h) for h in space.hyperparameters.values())


def _range(h: Hyperparameter) -> str:
    if h.choices:
        return f"{h.name} ({', '.join(map(str, h.choices))})"
    return f"{h.name} ({h.low:g} to {h.high:g}{', log' if h.log else ''})"
