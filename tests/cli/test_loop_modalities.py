"""Images, texts and series from the command line: tuned, stored, and evidence for others."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from sklearn.datasets import load_digits

from advisor import Advisor
from advisor.cli import main
from knowledge_base import KnowledgeBase

DIGITS = load_digits()


@pytest.fixture
def run():
    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return run


def images(path, seed, n=90):
    """Write a folder of digits, or an npz file of others."""
    rows = np.random.default_rng(seed).permutation(1000)[:n]
    pixels = np.rint(DIGITS.images[rows] * 255 / 16).astype(np.uint8)
    labels = DIGITS.target[rows] % 3
    if seed:
        np.savez(path.with_suffix(".npz"), images=pixels, labels=labels)
        return [path.with_suffix(".npz")]
    for number, (image, label) in enumerate(zip(pixels, labels, strict=True)):
        (path / f"class {label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path / f"class {label}" / f"{number}.png")
    return [path]


def texts(path, seed):
    rng = np.random.default_rng(seed)
    words = {"pos": ["good", "fine", "superb"], "neg": ["bad", "dull", "poor"]}
    labels = rng.choice(list(words), 80)
    rows = [" ".join(["the film is", *rng.choice(words[label], 2)]) for label in labels]
    frame = pd.DataFrame({"review": rows, "stars": labels})
    frame.to_csv(path.with_suffix(".csv"), index=False)
    return [path.with_suffix(".csv"), "--text", "review", "--target", "stars"]


def series(path, seed):
    rng = np.random.default_rng(seed)
    times = pd.date_range("2020-01-01", periods=100)
    frame = pd.DataFrame({"day": times, "visits": 9 + np.arange(100) % 7 + rng.normal(size=100)})
    frame.to_csv(path.with_suffix(".csv"), index=False)
    return [path.with_suffix(".csv"), "--time", "day", "--target", "visits", "--horizon", 7]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "family", "metric"),
    [(images, "cnn", "accuracy"), (texts, "rnn", "accuracy"), (series, "forecaster", "mase")],
)
def test_a_tuned_study_is_evidence_for_similar_data(run, tmp_path, make, family, metric):
    first, second = (make(tmp_path / name, seed) for seed, name in enumerate(["one", "two"]))
    before = json.loads(run("recommend", *second, "-n", 2, "--format", "json").stdout)
    assert (before["family"], before["metric"]) == (family, metric)

    done = json.loads(run("tune", *first, "--trials", 3, "--format", "json").stdout)
    assert [trial["state"] for trial in done["trials"]] == ["complete"] * 3
    assert {f"val_{metric}", f"test_{metric}"} <= set(done["best"]["metrics"])
    kb = KnowledgeBase(seed=False)
    assert len(kb.trials()) == 3
    assert "one" in run("kb", "tasks").output

    after = json.loads(run("recommend", *second, "-n", 2, "--format", "json").stdout)
    assert after["n_tasks"] == before["n_tasks"] + 1
    assert after["n_trials"] == before["n_trials"] + 3
    assert not any(e["same_dataset"] for e in _evidence(after))
    itself = json.loads(run("recommend", *first, "-n", 5, "--format", "json").stdout)
    assert any(e["same_dataset"] for e in _evidence(itself))

    # Among the shipped tasks it is one of many; alone, it is what there is.
    columns = dict(zip((name.removeprefix("--") for name in second[1::2]), second[2::2],
                       strict=True))  # fmt: skip
    alone = Advisor(kb).recommend(second[0], n=2, **columns).to_dict()
    assert {e["task"] for e in _evidence(alone)} == {first[0].name}


def _evidence(advice):
    return [e for item in advice["recommendations"] for e in item["evidence"]]


def bad_inputs(path):
    images(path / "small", 0)
    Image.new("L", (9, 9)).save(path / "small" / "class 0" / "larger.png")
    images(path / "broken", 0)
    (path / "broken" / "class 1" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    images(path / "rare", 0)
    (path / "rare" / "one").mkdir()
    Image.new("L", (8, 8)).save(path / "rare" / "one" / "1.png")
    texts(path / "texts", 0)
    frame = pd.read_csv(path / "texts.csv")
    frame.assign(review=frame["review"].where(frame.index != 4, " ")).to_csv(path / "empty.csv")
    frame.assign(stars=range(80)).to_csv(path / "many.csv", index=False)
    series(path / "days", 0)
    days = pd.read_csv(path / "days.csv")
    days.drop(index=40).to_csv(path / "gap.csv", index=False)
    days[::-1].to_csv(path / "back.csv", index=False)
    pd.concat([days[:50], days[49:]]).to_csv(path / "twice.csv", index=False)


SALES = ["--time", "day", "--target", "visits"]
STARS = ["--text", "review", "--target", "stars"]
BAD = [
    (["recommend", "small", "--size", 3], "--size is the side of an image"),
    (["tune", "broken"], r"1 file of broken cannot be read: class 1/0\.png"),
    (["tune", "rare"], "class 'one' .* only 1 row"),
    (["tune", "rare", "--family", "rnn"], "takes text data"),
    (["recommend", "empty.csv", *STARS], "1 empty text, the first in data row 5"),
    (["tune", "many.csv", *STARS], "only 1 row; every class needs 3"),
    (["tune", "gap.csv", *SALES], "have a gap between 2020-02-09 and 2020-02-11"),
    (["tune", "back.csv", *SALES], "not in order"),
    (["recommend", "twice.csv", *SALES], "2020-02-19 appears twice"),
    (["tune", "days.csv", *SALES, "--horizon", 21], "too long .* use --horizon 20 or less"),
    (["tune", "days.csv", *SALES, "--memory-limit", "much"], "'much' is not a size of memory"),
    (["tune", "days.csv", *SALES, "--metric", "accuracy"], "is a forecasting task"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD, ids=[" ".join(map(str, a)) for a, _ in BAD])
def test_bad_input_is_one_line_and_exit_code_2(run, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    bad_inputs(tmp_path)
    result = run(*arguments, code=2)
    (line,) = result.stderr.strip().splitlines()
    assert re.search(says, line), line
    assert not (tmp_path / "kb" / "studies").exists()


def test_what_needs_too_much_memory_is_skipped_and_recorded(run, tmp_path):
    data = series(tmp_path / "days", 0)
    tune = ["tune", *data, "--max-epochs", 1, "--strategy", "random", "--warm", 0, "--trials"]
    done = run(*tune, 4, "--memory-limit", "1kB", code=1)
    assert "All 4 were skipped for lack of memory (estimated to need" in done.stderr
    assert "the limit is 1.0 kB). Free memory or raise --memory-limit." in done.stderr
    trials = KnowledgeBase(seed=False).trials()
    assert set(trials["state"]) == {"failed"}
    assert trials["error"].str.match("skipped: estimated to need .* the limit is 1.0 kB").all()
    more = json.loads(run(*tune, 6, "--resume", "--memory-limit", "4GB", "--format", "json").stdout)
    assert [trial["state"] for trial in more["trials"]] == ["failed"] * 4 + ["complete"] * 2


def test_a_time_limit_too_short_for_one_trial_leaves_what_that_reached(run, tmp_path):
    data = series(tmp_path / "days", 0)
    tune = ["tune", *data, "--trials", 2, "--max-epochs", 2]
    done = run(*tune, "--timeout", "0.0001s")
    assert "The time limit of 0.0001 s is over." in done.stderr
    assert re.search(r"Best mase: \d", done.stdout)
    assert "final model" in done.stdout
    assert "Go on with:" in done.stdout
    more = json.loads(run(*tune, "--resume", "--format", "json").stdout)
    assert [trial["state"] for trial in more["trials"]] == ["stopped", "complete"]


def test_recommend_imports_neither_torch_nor_sklearn(tmp_path):
    """For none of the modalities, one after the other in one process."""
    import subprocess
    import sys

    calls = [
        [str(a) for a in make(tmp_path / make.__name__, 0)] for make in (images, texts, series)
    ]
    code = (
        "import sys\nfrom advisor.cli import main\n"
        f"for given in {calls!r}:\n"
        "    try: main(['recommend', *given])\n"
        "    except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'sklearn', 'scipy', 'ConfigSpace'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
