"""People with homes of their own share what each of them adds."""

import logging

import psycopg
import pyarrow as pa
import pytest
from click.testing import CliRunner
from kb_examples import DATASET, SPACE, TASK, make_bundle, numbers_of, study, trial

from advisor import Advisor
from advisor.cli.group import main
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.journal import Journal
from knowledge_base.schema import TABLES
from knowledge_base.server import administration
from knowledge_base.server.administration import init_server


def test_what_one_adds_the_other_sees(team):
    report = team.open("anna").add(make_bundle(range(120)))
    assert (report.added, report.duplicates) == (120, 0)
    bob = team.open("bob")
    assert numbers_of(bob) == list(range(120))
    assert bob.studies()["contributor"].tolist() == ["anna"]
    assert bob.metafeatures()["name"].tolist() == ["n_rows", "undefined"]
    anna = team.open("anna")
    anna.add(make_bundle(range(3), "study-2"))
    assert numbers_of(team.open("bob"), "study-2") == [0, 1, 2]
    assert anna.verify() == team.open("bob").verify() == []


def test_every_cell_arrives_as_it_was_sent(team):
    sent = make_bundle(range(60))
    anna = team.open("anna")
    anna.add(sent)
    found = team.open("bob").bundle(("user",))
    ours = anna.bundle(("user",))
    for table in TABLES:
        keys = [(name, "ascending") for name in TABLES[table].names[:2]]
        assert found[table].sort_by(keys) == ours[table].sort_by(keys)
    assert found["curves"].num_rows == 120
    assert found["trials"].sort_by("number")["config"] == sent["trials"]["config"]


def test_contributing_twice_adds_nothing(team):
    anna = team.open("anna")
    anna.add(make_bundle(range(10)))
    again = anna.add(make_bundle(range(10)))
    assert (again.added, again.duplicates) == (0, 10)
    team.open("bob").append(make_bundle(range(10)))  # Not even compared here.
    assert team.sql("SELECT count(*), min(contributor), max(contributor) FROM advisor.trials") == [
        (10, "anna", "anna")
    ]
    assert len(team.open("rita").trials()) == 10


def test_curves_are_fetched_when_they_are_asked_for(team):
    team.open("anna").add(make_bundle(range(30)))
    bob = team.open("bob")
    assert len(bob.trials()) == 30
    assert sum(b["curves"].num_rows for b in bob._journal.load().values()) == 0
    assert len(bob.curves()) == 60
    team.open("anna").add(make_bundle(range(30, 40)))
    assert len(team.open("bob").curves()) == 80


def test_the_curves_of_stopped_trials_are_fetched_when_they_are_asked_for(team):
    trials = [trial(n, state="complete" if n % 3 else "stopped") for n in range(30)]
    bundle = Bundle.from_records([DATASET, TASK, SPACE, study(), *trials])
    team.open("anna").add(bundle)
    bob = team.open("bob")
    assert len(bob.outcomes()) == 30
    assert sum(b["curves"].num_rows for b in bob._journal.load().values()) == 0
    found = bob.stopped_outcomes()
    assert len(found) == 10
    assert {len(curve) for curve in found["curve"]} == {2}


def test_only_what_is_new_is_fetched(team, monkeypatch):
    from knowledge_base.server import reading

    team.open("anna").add(make_bundle(range(30)))
    team.open("bob").trials()
    fetched = []

    def fetch(there, tables, since):
        for bundle in actual(there, tables, since):
            fetched.append(len(bundle))
            yield bundle

    actual = reading.fetch
    monkeypatch.setattr(reading, "fetch", fetch)
    team.open("bob").trials()
    assert fetched == []
    team.open("anna").add(make_bundle(range(30, 32)))
    fetched.clear()
    assert len(team.open("bob").trials()) == 32
    assert sum(fetched) == 2


def test_a_large_server_is_never_in_memory_as_a_whole(team, monkeypatch):
    from knowledge_base import store
    from knowledge_base.server import reading, shared

    team.open("anna").add(make_bundle(range(60)))
    waiting = []

    def cut(there, tables, since):
        for bundle in fetch(there, tables, since):
            for table in TABLES:
                for start in range(0, bundle[table].num_rows, 10):
                    yield Bundle({table: bundle[table].slice(start, 10)})

    def loaded(journal):
        found = load(journal)
        waiting.append(sum(len(bundle) for bundle in found.values()))
        return found

    fetch, load = reading.fetch, Journal.load
    monkeypatch.setattr(reading, "fetch", cut)
    monkeypatch.setattr(Journal, "load", loaded)
    monkeypatch.setattr(shared, "ROWS", 10)
    monkeypatch.setattr(store, "BULK", 10)
    bob = team.open("bob")
    assert numbers_of(bob) == list(range(60))
    assert max(waiting) == 10
    assert bob.verify() == []


def test_what_is_committed_late_is_not_missed(team):
    """A transaction that began before a reader looked may end after it."""
    team.open("anna").add(make_bundle(range(2)))
    copied = "trial_id || 'late', study_id, 99, config, state, value"
    with psycopg.connect(team.url("anna")) as slow:
        slow.execute(
            "INSERT INTO advisor.trials (trial_id, study_id, number, config, state, value) "
            f"SELECT {copied} FROM advisor.trials WHERE number = 0"
        )
        team.open("anna").add(make_bundle(range(2, 4)))
        assert numbers_of(team.open("bob")) == [0, 1, 2, 3]
    assert numbers_of(team.open("bob")) == [0, 1, 2, 3, 99]


def test_a_server_that_was_restored_is_read_from_its_beginning(team):
    team.open("anna").add(make_bundle(range(5)))
    team.open("bob").trials()
    # What a dump brings: numbers of another server's transactions, far beyond this one's.
    team.sql("UPDATE advisor.trials SET added = added + 1000000000")
    before = team.sql("SELECT value FROM advisor.meta")
    init_server(team.url())
    assert team.sql("SELECT value FROM advisor.meta") != before
    assert team.sql("SELECT max(added) < 1000000000 FROM advisor.trials") == [(True,)]
    team.open("anna").add(make_bundle(range(5, 7)))
    assert numbers_of(team.open("bob")) == list(range(7))


def test_what_breaks_the_rules_is_left_out_with_a_word(team, caplog):
    team.open("anna").add(make_bundle(range(3)))
    team.sql("UPDATE advisor.trials SET config = 'no JSON' WHERE number = 1")
    bob = team.open("bob")
    assert numbers_of(bob) == [0, 2]
    assert any("1 rows of 'trials'" in line for line in bob.warnings)


def test_commands_and_advice_need_not_know_of_it(team):
    def run(user, *args):
        team.home(user)
        result = CliRunner().invoke(main, [*args, "--kb", team.url(user)])
        assert result.exit_code == 0, result.output
        return result.output

    make_bundle(range(3)).export(team.folder / "runs")
    assert "Accepted 3 trials" in run("anna", "kb", "import", str(team.folder / "runs"))
    assert '"anna"' in run("bob", "kb", "studies", "--format", "json", "--limit", "0")
    found = run("bob", "kb", "info")
    assert "user 3" in found
    assert f"server:         {team.url('bob', 'x').replace(':x@', '@')}" in found
    run("bob", "kb", "export", str(team.folder / "exported"))
    team.home("rita")
    assert len(Advisor(kb=team.url("rita")).kb.trials(state="complete")) > 3


def test_the_server_has_the_columns_of_the_schema(team):
    kinds = {"text": pa.string(), "bigint": pa.int64(), "double precision": pa.float64(),
             "timestamp with time zone": pa.timestamp("us", tz="UTC")}  # fmt: skip
    for table, schema in TABLES.items():
        rows = team.sql(
            "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns "
            "WHERE table_schema = 'advisor' AND table_name = %s", [table],
        )  # fmt: skip
        found = {name: (kinds[kind], empty) for name, kind, empty in rows}
        own = {"added", "added_at"} | ({"contributor"} if table != "studies" else set())
        assert set(found) == set(schema.names) | own
        for field in schema:
            assert found[field.name][0] == field.type
            assert found[field.name][1] == field.nullable or field.name == "contributor"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DROP SCHEMA advisor CASCADE", "advisor kb init-server"),
        ("UPDATE advisor.schema_version SET version = 0", "upgrades it with"),
        ("INSERT INTO advisor.schema_version VALUES (9, 9)", "too new for this Advisor"),
    ],
)
def test_a_schema_that_does_not_fit_is_one_line(team, change, told):
    team.sql(change)
    team.home("anna")
    result = CliRunner().invoke(main, ["kb", "info", "--kb", team.url("anna")])
    assert result.exit_code == 2
    assert told in result.output
    assert len(result.output.splitlines()) == 1


def test_an_old_client_goes_on_writing_to_a_newer_schema(team, tmp_path, monkeypatch):
    """Version 2, as it may be, adds a column and a table; clients of version 1 know neither."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    first = administration.MIGRATIONS / "0001_initial.sql"
    (folder / first.name).write_text(first.read_text())
    (folder / "0002_more.sql").write_text(
        "ALTER TABLE advisor.trials ADD COLUMN energy double precision;"
        "CREATE TABLE advisor.notes (trial_id text, note text);"
    )
    old = team.open("anna")
    old.add(make_bundle(range(2)))
    with monkeypatch.context() as patch:
        patch.setattr(administration, "MIGRATIONS", folder)
        patch.setattr(administration, "SERVER_VERSION", 2)
        patch.setattr(administration, "OLDEST_CLIENT", {1: 1, 2: 1})
        assert init_server(team.url()) == 2
    old.add(make_bundle(range(2, 4)))
    assert numbers_of(team.open("bob")) == [0, 1, 2, 3]
    with pytest.raises(KnowledgeBaseError, match="upgrade Advisor"):
        init_server(team.url())


def test_without_the_package_it_says_what_to_install(team, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    team.home("anna")
    with pytest.raises(KnowledgeBaseError, match=r"pip install 'advisor-automl\[team\]'"):
        KnowledgeBase(team.url("anna")).trials()


def test_no_message_holds_a_password(team, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    team.open("anna").add(make_bundle(range(2)))
    team.home("anna")
    url = team.url("anna")
    said = [CliRunner().invoke(main, ["kb", "info", "--kb", each]).output for each in (
        url, team.url("anna", "wrong-word"), url.replace("127.0.0.1", "nowhere.invalid"),
        url.replace(f":{team.server.port}", ":1"), url + "?sslmode=nonsense", url + "?nonsense=1",
        url.replace("postgresql://", "postgresql://%zz"), url.replace("s3cret", "1/s3cret"),
        url.replace("s3cret", "x/s3cret"),
    )]  # fmt: skip
    said += [CliRunner().invoke(main, ["kb", "init-server", url]).output]
    files = [path.read_bytes() for path in team.folder.rglob("*") if path.is_file()]
    whole = "".join(said) + caplog.text + str(capsys.readouterr()) + repr(vars(team.open("anna")))
    for secret in ("s3cret", "wrong-word"):
        assert secret not in whole
        assert not any(secret.encode() in each for each in files)
    assert "the password is missing or wrong" in said[1]
    assert "is not reached" in said[2]
    assert "is not reached" in said[3]
    assert all(len(each.splitlines()) == 1 for each in (said[1], *said[4:]))
