"""Runs of other tools: what is read of them, and what becomes of changes and damage."""

import json
import re
import sqlite3
import struct
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import foreign_samples as foreign
import optuna
import pytest

from advisor import Advisor
from knowledge_base import ContributionError, KnowledgeBase
from knowledge_base.importers import IMPORTERS, find_importer, importer_of_object
from knowledge_base.importers.adding import contribute
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.foreign_files import read_yaml
from knowledge_base.importers.inferred import infer
from knowledge_base.importers.wire import masked_crc, message, records
from knowledge_base.space import SpaceDefinition
from knowledge_base.testing import Sample

optuna.logging.set_verbosity(optuna.logging.ERROR)


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def only(folder: Path, pattern: str, place: int = 0) -> Path:
    return sorted(folder.rglob(pattern))[place]


def sql(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(only(folder, "mlflow.db"))) as connection:
        connection.execute(statement)
        connection.commit()


def first_run(folder: Path) -> Path:
    """Return the folder of a run that has metrics."""
    return only(folder, "metrics/val_loss").parent.parent


def in_events(folder: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the records of the first file with curves, checksums too."""
    path = only(folder, "run-0/events*")
    found = [change(record) for record in records(path)]
    parts = []
    for record in found:
        size = struct.pack("<Q", len(record))
        crcs = [struct.pack("<I", masked_crc(data)) for data in (size, record)]
        parts += [size, crcs[0], record, crcs[1]]
    path.write_bytes(b"".join(parts))


def in_log(folder: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the records of the first log of Weights & Biases, checksums too."""
    path = only(folder, "*.wandb")
    data, place = path.read_bytes(), 7
    found = [data[:7]]
    while place + 7 <= len(data):
        _, size, kind = struct.unpack("<IHB", data[place : place + 7])
        record = change(data[place + 7 : place + 7 + size])
        crc = zlib.crc32(record, zlib.crc32(bytes([kind])))
        found += [struct.pack("<IHB", crc, len(record), kind), record]
        place += 7 + size
    path.write_bytes(b"".join(found))


def summed_up(name: str, value: str) -> bytes:
    """Return the record by which Weights & Biases keeps a value of `run.summary`."""
    item = b"\x0a" + bytes([len(name)]) + name.encode()
    item += b"\x82\x01" + bytes([len(value)]) + value.encode()
    update = b"\x0a" + bytes([len(item)]) + item
    return b"\x1a" + bytes([len(update)]) + update


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(bytes(data))


def without_loss(text: str) -> str:
    rows = [json.loads(line) for line in text.splitlines()]
    return "".join(json.dumps({k: v for k, v in row.items() if k != "loss"}) + "\n" for row in rows)


def in_history(change: Callable[[dict], None]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        found = json.loads(text)
        change(found["data"][0])
        return json.dumps(found)

    return changed


@dataclass(frozen=True)
class Case:
    """What is done to the runs of a tool.

    Attributes:
        make: writes the sample.
        change: changes one line of one run, which alters its value.
        damage: damages a file of one run, or of all.
        whole: whether that damage makes the source as a whole unreadable.
        lose: takes the metric of one run away.
    """

    make: Callable[[Path], Sample]
    change: Callable[[Path], None]
    damage: Callable[[Path], None]
    lose: Callable[[Path], None]
    whole: bool = False


def first_events(folder: Path) -> Path:
    return only(folder, "run-0/events*")


CASES = {
    "mlflow files": Case(
        foreign.mlflow_files,
        lambda f: rewrite(first_run(f) / "metrics/val_loss", lambda t: t[:-4].rpartition(" ")[0]
                          + " 0.25 2\n"),
        lambda f: rewrite(first_run(f) / "metrics/val_loss", lambda t: t + "x\n"),
        lambda f: (first_run(f) / "metrics/val_loss").unlink(),
    ),
    "mlflow database": Case(
        foreign.mlflow_database,
        lambda f: sql(f, "UPDATE metrics SET value = 9 WHERE step = 2 AND key = 'val_loss' AND "
                         "run_uuid = (SELECT min(run_uuid) FROM metrics)"),
        lambda f: only(f, "mlflow.db").write_bytes(only(f, "mlflow.db").read_bytes()[:9000]),
        lambda f: sql(f, "DELETE FROM metrics WHERE key = 'val_loss' AND run_uuid = "
                         "(SELECT min(run_uuid) FROM metrics)"),
        whole=True,
    ),
    "ray": Case(
        foreign.ray_folder,
        lambda f: rewrite(only(f, "result.json"),
                          lambda t: t.replace('"loss": 0.375', '"loss": 7')),
        lambda f: rewrite(only(f, "params.json"), lambda t: t[:-9]),
        lambda f: rewrite(only(f, "result.json"), without_loss),
    ),
    "tensorboard": Case(
        foreign.tensorboard_folder,
        lambda f: in_events(f, lambda r: r.replace(struct.pack("<f", 1.358333),
                                                   struct.pack("<f", 9.0))),
        lambda f: flip(only(f, "run-0/*/events*")),
        lambda f: first_events(f).unlink(),
    ),
    "hydra": Case(
        foreign.hydra_folder,
        lambda f: rewrite(only(f, "metrics.jsonl"), lambda t: t.replace("0.3333", "0.4444")),
        lambda f: rewrite(only(f, "0/.hydra/config.yaml"), lambda t: t + "{{{\n"),
        lambda f: rewrite(only(f, "metrics.jsonl"), lambda t: t.replace("val_loss", "other")),
    ),
    "wandb": Case(
        foreign.wandb_folder,
        lambda f: in_log(f, lambda r: r.replace(b"1.358333", b"9.999999")),
        lambda f: flip(only(f, "*.wandb")),
        lambda f: in_log(f, lambda r: r.replace(b"val_loss", b"any_loss")),
    ),
    "smac": Case(
        foreign.smac_folder,
        lambda f: rewrite(only(f, "runhistory.json"), in_history(lambda e: e.update(cost=9.0))),
        lambda f: rewrite(only(f, "runhistory.json"), lambda t: t[:-40]),
        lambda f: rewrite(only(f, "runhistory.json"), in_history(lambda e: e.update(cost=None))),
        whole=True,
    ),
}  # fmt: skip


@pytest.fixture(params=CASES)
def case(request) -> Case:
    return CASES[request.param]


@pytest.fixture
def sample(case, tmp_path) -> Sample:
    (tmp_path / "sample").mkdir()
    return case.make(tmp_path / "sample")


@pytest.fixture
def kb(tmp_path):
    return KnowledgeBase(tmp_path / "k.duckdb", seed=False)


def read(sample: Sample, **options):
    importer = find_importer(sample.source)
    return importer.read(sample.source, replace(sample.options, **options))


def trials(found):
    return sorted(found.bundle["trials"].to_pylist(), key=lambda row: row["number"])


def space_of(found) -> SpaceDefinition:
    (row,) = found.bundle["spaces"].to_pylist()
    return SpaceDefinition.from_json(row["definition"])


def test_a_changed_line_is_told_and_changes_nothing(case, sample, kb):
    assert contribute(kb, read(sample)).accepted == sample.n_trials
    before = kb.trials()["value"].tolist()
    case.change(Path(kb.path).parent / "sample")
    report = contribute(kb, read(sample))
    assert (report.accepted, report.duplicates) == (0, sample.n_trials - 1)
    assert [r.reason for r in report.rejected] == [
        "another trial with this identity is stored, with another content"
    ]
    assert repr(kb.trials()["value"].tolist()) == repr(before)


def test_a_broken_file_is_told_and_the_rest_is_read(case, sample, kb):
    case.damage(Path(kb.path).parent / "sample")
    importer = IMPORTERS[find_importer(sample.source).name]()
    if case.whole:
        with pytest.raises(ContributionError) as caught:
            importer.read(sample.source, sample.options)
        assert "\n" not in str(caught.value)
        return
    found = importer.read(sample.source, sample.options)
    assert len(trials(found)) == sample.n_trials - 1
    assert [r.reason.startswith("it cannot be read") for r in found.rejected] == [True]
    assert contribute(kb, found).accepted == sample.n_trials - 1


def test_a_run_without_a_metric_is_told(case, sample, kb):
    case.lose(Path(kb.path).parent / "sample")
    found = read(sample)
    if sample.source.endswith("smac/digits"):  # SMAC always has a cost; without one it failed.
        assert trials(found)[0]["error"] == "cost became nan"
        return
    assert len(trials(found)) == sample.n_trials - 1
    assert ["without the metric" in r.reason for r in found.rejected] == [True]
    assert contribute(kb, found).accepted == sample.n_trials - 1


def test_curves_states_and_times_are_read(case, sample):
    found = trials(read(sample))
    states = {row["state"] for row in found}
    failing = {"tensorboard", "wandb"}
    assert ("failed" in states) == (find_importer(sample.source).name not in failing)
    for row in found:
        assert (row["value"] is None) == (row["state"] == "failed")
        assert (row["error"] is None) == (row["state"] != "failed")
        assert row["origin"]


@pytest.mark.parametrize("name", ["mlflow files", "mlflow database", "wandb", "tensorboard"])
def test_curves_keep_their_steps(name, tmp_path):
    found = read(CASES[name].make(tmp_path))
    best = next(row for row in trials(found) if json.loads(row["config"]).get("width") == 16)
    curves = found.bundle["curves"].to_pylist()
    curve = [row for row in curves if row["trial_id"] == best["trial_id"]]
    assert [row["epoch"] for row in curve] == [1, 2, 3]
    assert [row["val_metric"] for row in curve] == pytest.approx([1.125, 0.625, 0.458333])
    assert best["started_at"].year == 2026


def test_trials_that_a_scheduler_of_ray_ended_are_stopped(tmp_path):
    found = read(foreign.ray_folder(tmp_path))
    assert [row["state"] for row in trials(found)] == ["complete", "stopped", "failed"] * 2
    assert [row["epochs"] for row in trials(found)] == [4, 1, None] * 2
    assert found.warnings[0].startswith("2 trials have fewer than 4 iterations")


def test_bounds_are_inferred_from_failures_too_and_shown(tmp_path):
    found = read(foreign.mlflow_database(tmp_path))
    known = space_of(found)
    rate = known.hyperparameters["lr"]
    assert (rate.low, rate.high, rate.log) == (0.001, 1.0, True)  # 1.0 was that of the failure
    assert known.hyperparameters["width"].kind == "int"
    assert known.hyperparameters["nesterov"].choices == (False, True)
    assert "lr in [0.001, 1] on a log scale" in found.warnings[0]


def test_a_given_space_overrides_and_says_what_it_leaves_out(tmp_path):
    plain = {"hyperparameters": {
        "lr": {"type": "float", "low": 1e-5, "high": 0.5, "log": True},
        "width": {"type": "int", "low": 8, "high": 64, "step": 8},
    }}  # fmt: skip
    space = SpaceDefinition.from_dict({"name": "mine", **plain})
    found = read(foreign.mlflow_database(tmp_path), space=space)
    assert space_of(found).space_id == space.space_id
    assert found.warnings[0] == "Not in the space 'mine', and left out: nesterov, optimizer."
    assert [r.reason for r in found.rejected] == ["lr = 1.0 is outside [1e-05, 0.5]"]
    # Nested names are found by their last part.
    found = read(foreign.wandb_folder(tmp_path), space=space)
    assert [json.loads(row["config"])["lr"] for row in trials(found)] == [0.1, 0.01, 0.001]


def test_what_was_set_in_a_summary_alone_is_a_metric_of_the_run(tmp_path):
    sample = foreign.wandb_folder(tmp_path)
    for place, path in enumerate(sorted(tmp_path.rglob("*.wandb"))):
        more = [("best", f"0.{place}5"), ("val_loss", "77"), ("_own", "1"), ("epoch", "8"),
                ("word", '"x"'), ("lost", '"NaN"')]  # fmt: skip
        records = [summed_up(*each) for each in more]
        with path.open("ab") as file:
            for record in records:
                crc = zlib.crc32(record, zlib.crc32(b"\x01"))
                file.write(struct.pack("<IHB", crc, len(record), 1) + record)
    losses = [row["value"] for row in trials(read(sample))]
    assert 77 not in losses  # What was logged step by step says more.
    found = trials(read(sample, metric="best"))
    assert sorted(row["value"] for row in found) == [0.05, 0.15, 0.25]
    assert {row["state"] for row in found} == {"complete"}
    kept = {name for row in found for name in json.loads(row["metrics"])}
    assert kept == {"val_loss"}


def test_texts_are_numbers_truths_or_none_where_all_are():
    made = infer("s", [
        {"a": "1", "b": "1e-3", "c": "None", "d": "x" * 2000, "e": "010"},
        {"a": "2", "b": "5", "c": "3", "d": "y", "e": "1"},
    ], from_texts=True)  # fmt: skip
    kinds = {name: h.kind for name, h in made.space.hyperparameters.items()}
    assert kinds == {"a": "int", "b": "float", "c": "categorical", "e": "int"}
    assert made.configs[0]["c"] is None
    assert made.space.hyperparameters["b"].log
    assert made.warnings[0].startswith("d: is left out")
    for config in made.configs:
        assert made.own(config).complete(config) == config


def test_values_that_differ_in_kind_stay_apart_or_become_texts():
    runs = [{"a": 1, "l": [1, 2]}, {"a": True, "l": []}, {"a": "x"}, {"a": "x", "l": [1]}]
    made = infer("s", runs, from_texts=False)
    assert made.space.hyperparameters["a"].choices == ("1", "True", "x")
    assert made.space.hyperparameters["l"].choices == ("[1, 2]", "[1]", "[]")
    assert "l" not in made.own(made.configs[2]).hyperparameters
    assert len(made.warnings) == 3


def test_the_metric_and_the_experiment_have_to_be_clear(tmp_path):
    sample = foreign.mlflow_database(tmp_path)
    importer = find_importer(sample.source)
    with pytest.raises(ContributionError, match=r"`metric`.*train_loss, val_loss"):
        importer.read(sample.source, ImportOptions())
    with pytest.raises(ContributionError, match="Did you mean 'val_loss'"):
        importer.read(sample.source, ImportOptions(metric="valloss", direction="minimize"))
    with pytest.raises(ContributionError, match="`direction`"):
        importer.read(sample.source, ImportOptions(metric="val_loss"))
    with pytest.raises(ContributionError, match="`study`; it has: digits"):
        importer.read(sample.source, ImportOptions(metric="val_loss", study="digit"))
    sample = foreign.hydra_folder(tmp_path)
    with pytest.raises(ContributionError, match=r"`metrics_file`.*metrics.csv, metrics.json, "):
        read(sample, metrics_file=None)


@pytest.mark.parametrize("name", ["metrics.csv", "metrics.json", "metrics.jsonl"])
def test_metrics_of_hydra_are_read_in_three_forms(tmp_path, name):
    found = read(foreign.hydra_folder(tmp_path), metrics_file=name)
    values = [row["value"] for row in trials(found)]
    assert values[:4] == pytest.approx([1 / 3, 1 / 3, 0.9 + 1 / 3, 0.9 + 1 / 3])
    assert values[4:] == [None, None]
    assert trials(found)[4]["error"] == f"it left no {name}"
    assert found.bundle["curves"].num_rows == (0 if name.endswith(".json") else 12)


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("neg_log_loss", "maximize"), ("neg_rmse", "maximize"), ("-loss", "maximize"),
        ("val.log_loss", "minimize"), ("policy_gain_loss", "minimize"), ("my_r2", "maximize"),
        ("one_accuracy", None), ("inverse_loss", None), ("fitness", None),
    ],
)  # fmt: skip
def test_directions_are_those_that_names_mean_or_asked_for(tmp_path, metric, direction):
    sample = foreign.hydra_folder(tmp_path)
    for file in tmp_path.rglob("metrics.json"):
        file.write_text(file.read_text().replace("val_loss", metric))
    kb = KnowledgeBase(tmp_path / "k.duckdb", seed=False)
    asked = {"metric": metric, "metrics_file": "metrics.json"}
    if direction is None:
        with pytest.raises(ContributionError, match="direction"):
            Advisor(kb).contribute(sample.source, **asked)
        return
    assert Advisor(kb).contribute(sample.source, **asked).accepted
    assert kb.tasks()["direction"].tolist() == [direction]


def test_all_multiruns_of_an_application_are_read_where_hydra_puts_them(tmp_path, kb):
    asked = ImportOptions(metric="val_loss", direction="minimize", metrics_file="metrics.json")
    root = tmp_path / "multirun"
    for time in ("10-00-00", "11-30-00"):
        made = Path(foreign.hydra_folder(tmp_path / time).source)
        sweep = root / "2026-11-27" / time
        sweep.parent.mkdir(parents=True, exist_ok=True)
        made.rename(sweep)
        for file in sweep.rglob("hydra.yaml"):  # As it would be, had it been swept there.
            rewrite(
                file, lambda t, there=sweep: re.sub("output_dir: .*/", f"output_dir: {there}/", t)
            )
    importer = find_importer(str(root))
    assert importer.name == "hydra"
    found = importer.read(str(root), asked)
    assert [row["origin"] for row in trials(found)][::6] == [
        "2026-11-27/10-00-00/0", "2026-11-27/11-30-00/0",
    ]  # fmt: skip
    assert contribute(kb, found).accepted == 12
    for part in (root / "2026-11-27", root / "2026-11-27" / "11-30-00"):
        report = contribute(kb, importer.read(str(part), asked))
        assert (report.accepted, report.rejected) == (0, ())
    assert kb.tasks()["name"].tolist() == ["main"]
    for file in (root / "2026-11-27" / "11-30-00").rglob("hydra.yaml"):
        rewrite(file, lambda t: t.replace("name: main", "name: other"))
    with pytest.raises(ContributionError, match=r"which application .*: main, other"):
        importer.read(str(root), asked)
    assert len(trials(importer.read(str(root), replace(asked, study="other")))) == 6


def test_files_that_name_more_than_they_hold_are_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a [1, 2]\nb: [*a, *a]\n")
    with pytest.raises(ContributionError, match="aliases"):
        read_yaml(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text("!!python/object/apply:os.system ['true']")
    with pytest.raises(ContributionError, match="no YAML"):
        read_yaml(tmp_path / "b.yaml")
    (tmp_path / "c.yaml").symlink_to("/etc/hostname")
    with pytest.raises(ContributionError, match="link"):
        read_yaml(tmp_path / "c.yaml")
    for data in (b"\x0a\xff\xff\x03x", b"\xff", b"\x0b"):
        with pytest.raises(ValueError, match=r"field|number"):
            message(data)
    (tmp_path / "e").write_bytes(struct.pack("<Q", 2**40) + struct.pack(
        "<I", masked_crc(struct.pack("<Q", 2**40))))  # fmt: skip
    with pytest.raises(ContributionError, match="record of 1,099,511,627,776 bytes"):
        list(records(tmp_path / "e"))


def test_a_study_of_optuna_is_contributed_as_it_is(tmp_path):
    study = optuna.create_study(study_name="mine", direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=4)
    advisor = Advisor(tmp_path / "k.duckdb")
    assert advisor.contribute(study).accepted == 4
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    report = advisor.contribute(study)
    assert (report.accepted, report.duplicates) == (3, 4)
    with pytest.raises(ContributionError, match="Nothing is known of objects such as dict"):
        importer_of_object({})
    with pytest.raises(ContributionError, match="`space` is for tables"):
        advisor.contribute(study, space=SpaceDefinition.from_dict(
            {"hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}))  # fmt: skip


def test_servers_are_reached_by_any_address_and_passwords_are_not_shown():
    address = "postgresql+nothing://me:secret@localhost/db"
    assert find_importer(address).name == "optuna"
    with pytest.raises(ContributionError, match=r"me:\*\*\*@localhost/db cannot be read") as caught:
        find_importer(address).read(address, ImportOptions())
    assert "secret" not in str(caught.value)
