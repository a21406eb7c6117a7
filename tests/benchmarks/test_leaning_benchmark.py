"""The page of scripts/benchmarks/leaning.py is made from its runs."""

import pandas as pd

from scripts.benchmarks.leaning import page


def run(arm, data, seed, first, *reached):
    return {"arm": arm, "data": data, "seed": seed, "first": first} | dict(
        zip(("@5", "@10", "@15", "@20"), reached, strict=True)
    )


def test_regret_is_of_the_best_that_either_found():
    runs = [
        run("leaning", "a", 0, 0.0, 0.5, 0.5, 1.0, 1.0),
        run("plain", "a", 0, 0.0, 0.0, 0.5, 0.5, 0.5),
        run("leaning", "b", 0, 0.7, 0.7, 0.7, 0.7, 0.7),
        run("plain", "b", 0, 0.7, 0.7, 0.7, 0.7, 0.7),
    ]
    text = page(pd.DataFrame(runs))
    assert "on 1 data sets (a)," in text  # nothing was to be found on b
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if line[:1] == "|"}
    means = {arm: [c.split()[0] for c in rows[arm].split("|")[2:6]] for arm in ("leaning", "plain")}
    assert means["leaning"] == ["0.500", "0.500", "0.000", "0.000"]
    assert means["plain"] == ["1.000", "0.500", "0.500", "0.500"]
