"""What each role may do, and what the server refuses whoever asks."""

import psycopg
import pytest
from click.testing import CliRunner
from kb_examples import make_bundle, numbers_of

from advisor.cli.group import main
from knowledge_base.errors import KnowledgeBaseError, UserError

TRIAL = "INSERT INTO advisor.trials (trial_id, study_id, number, config, state{}) VALUES "

FORBIDDEN = {
    "a writer writes under another name": (
        "anna", TRIAL.format(", contributor") + "('t', 's', 1, '{}', 'failed', 'bob')"),
    "a writer says when a row was added": (
        "anna", TRIAL.format(", added_at") + "('t', 's', 1, '{}', 'failed', '2000-01-01')"),
    "a writer says in which transaction": (
        "anna", TRIAL.format(", added") + "('t', 's', 1, '{}', 'failed', 1)"),
    "a writer takes the name of its group": (
        "anna", "SET ROLE advisor_writer;" + TRIAL.format(", contributor")
        + "('t', 's', 1, '{}', 'failed', 'advisor_writer')"),
    "a writer changes a trial of its own": ("anna", "UPDATE advisor.trials SET value = 1"),
    "a writer changes a trial while adding it again": (
        "anna", TRIAL.format("") + "('t', 's', 1, '{}', 'failed') "
        "ON CONFLICT (trial_id) DO UPDATE SET value = 1"),
    "a writer deletes": ("anna", "DELETE FROM advisor.trials"),
    "a writer empties a table": ("anna", "TRUNCATE advisor.trials"),
    "a writer drops a table": ("anna", "DROP TABLE advisor.curves"),
    "a writer quarantines": (
        "anna", "INSERT INTO advisor.quarantine (contributor, reason) VALUES ('bob', 'x')"),
    "a writer lifts a quarantine": ("anna", "UPDATE advisor.quarantine SET lifted_at = now()"),
    "a writer writes the log": ("anna", "INSERT INTO advisor.kb_log (what) VALUES ('x')"),
    "a writer switches the rules off": (
        "anna", "ALTER TABLE advisor.trials DISABLE ROW LEVEL SECURITY"),
    "a writer becomes a curator": ("anna", "GRANT advisor_curator TO anna"),
    "a reader writes": ("rita", TRIAL.format("") + "('t', 's', 1, '{}', 'failed')"),
    "a reader quarantines": (
        "rita", "INSERT INTO advisor.quarantine (contributor, reason) VALUES ('bob', 'x')"),
    "a curator deletes": ("carl", "DELETE FROM advisor.trials"),
    "a curator rewrites the log": ("carl", "UPDATE advisor.kb_log SET who = 'bob'"),
    "a curator changes whom a quarantine is of": (
        "carl", "UPDATE advisor.quarantine SET contributor = 'anna'"),
    "a curator quarantines under another name": (
        "carl", "INSERT INTO advisor.quarantine (contributor, reason, quarantined_by) "
        "VALUES ('bob', 'x', 'anna')"),
    "a stranger reads": ("stranger", "SELECT * FROM advisor.trials"),
}  # fmt: skip


def test_what_is_forbidden_is_refused(team):
    """All of it on one server; nothing of it changes a row."""
    team.open("anna").add(make_bundle(range(3)))
    before = team.sql("SELECT * FROM advisor.trials ORDER BY trial_id")
    allowed = []
    for what, (user, sql) in FORBIDDEN.items():
        try:
            team.sql(sql, None, user)
        except psycopg.errors.InsufficientPrivilege:
            continue
        allowed.append(what)
    assert allowed == []
    assert team.sql("SELECT * FROM advisor.trials ORDER BY trial_id") == before
    assert team.sql("SELECT count(*) FROM advisor.kb_log") == [(0,)]


def test_what_is_allowed_is_done(team):
    team.sql(TRIAL.format("") + "('t', 's', 1, '{}', 'failed')", None, "anna")
    assert team.sql("SELECT contributor FROM advisor.trials", None, "rita") == [("anna",)]
    team.sql("INSERT INTO advisor.kb_log (what) VALUES ('looked')", None, "carl")
    assert team.sql("SELECT who, what FROM advisor.kb_log", None, "rita") == [("carl", "looked")]


def test_a_reader_reads_and_is_told_where_its_trials_are(team):
    team.open("anna").add(make_bundle(range(2)))
    rita = team.open("rita")
    assert numbers_of(rita) == [0, 1]
    rita.append(make_bundle(range(2, 4)))
    assert any("2 trials wait in" in line and "kb grant" in line for line in rita.warnings)
    assert numbers_of(rita) == [0, 1, 2, 3]
    assert team.sql("SELECT count(*) FROM advisor.trials") == [(2,)]


def test_a_login_without_a_role_is_told_what_to_ask_for(team):
    with pytest.raises(KnowledgeBaseError, match=r"advisor kb grant .* stranger`"):
        team.open("stranger").trials()


def test_grant_gives_a_role_and_init_can_be_repeated(team):
    def run(*args):
        return CliRunner().invoke(main, ["kb", *args])

    url = team.url()
    assert run("grant", url, "stranger", "--role", "reader").exit_code == 0
    try:
        assert team.sql("SELECT count(*) FROM advisor.trials", None, "stranger") == [(0,)]
    finally:
        team.sql("REVOKE advisor_reader FROM stranger")
    nobody = run("grant", url, "nobody'; DROP ROLE anna; --")
    assert nobody.exit_code == 2
    assert "knows no login" in nobody.output
    again = run("init-server", url, "--format", "json")
    assert again.exit_code == 0, again.output
    assert '"schema_version": 1' in again.output
    refused = run("init-server", team.url("anna"))
    assert refused.exit_code == 2


@pytest.mark.slow
def test_a_quarantine_hides_in_every_copy_and_can_be_lifted(team):
    team.open("anna").add(make_bundle(range(3)))
    team.open("bob").add(make_bundle(range(60), "study-b"))
    for user in ("anna", "bob", "rita"):
        kb = team.open(user)
        assert (len(kb.trials()), len(kb.curves())) == (63, 126)
    insert = "INSERT INTO advisor.quarantine (contributor, reason) VALUES ('bob', 'it lies')"
    team.sql(insert, None, "carl")
    for user in ("anna", "bob", "rita"):
        kb = team.open(user)
        assert (numbers_of(kb), len(kb.curves()), len(kb.trials())) == ([0, 1, 2], 6, 3)
        assert kb.studies()["contributor"].tolist() == ["anna"]
        assert kb.verify() == []
    bob = team.open("bob")
    bob.add(make_bundle(range(2), "study-b"))  # Contributing it again does not bring it back.
    assert len(bob.trials()) == 3
    bob.add(make_bundle(range(2), "study-c"))
    assert len(bob.trials()) == len(team.open("anna").trials()) == 3
    team.sql("UPDATE advisor.quarantine SET lifted_at = now()", None, "carl")
    for user in ("anna", "bob", "rita"):
        kb = team.open(user)
        assert (len(kb.trials()), len(kb.curves())) == (65, 130)
    log = team.sql("SELECT who, what FROM advisor.kb_log ORDER BY id")
    assert log == [("carl", "quarantine"), ("carl", "quarantine changed")]


def test_a_study_or_a_time_can_be_quarantined(team):
    team.open("anna").add(make_bundle(range(3)))
    team.open("anna").add(make_bundle(range(2), "study-2"))
    kb = team.open("bob")
    assert len(kb.trials()) == 5
    team.sql("INSERT INTO advisor.quarantine (study_id, reason) VALUES ('study-2', 'x')",
             None, "carl")  # fmt: skip
    assert numbers_of(team.open("bob"), "study-2") == []
    assert len(team.open("bob").trials()) == 3
    team.sql("INSERT INTO advisor.quarantine (since, reason) VALUES (now() - interval '1 day', "
             "'x')", None, "carl")  # fmt: skip
    assert len(team.open("bob").trials()) == 0


def test_a_curator_hides_and_lifts_for_everybody(team):
    team.open("anna").add(make_bundle(range(3)))
    team.open("bob").add(make_bundle(range(2), "study-b"))
    carl = team.open("carl")
    done = carl.quarantine(contributor="bob", reason="it lies")
    assert (done.studies, done.trials) == (1, 2)
    assert numbers_of(team.open("anna"), "study-b") == []
    assert carl.quarantines()["reason"].tolist() == ["it lies"]
    with pytest.raises(UserError, match="There is no such quarantine in force"):
        carl.lift(contributor="anna")
    carl = team.open("carl")
    carl.lift(contributor="bob")
    assert numbers_of(team.open("anna"), "study-b") == [0, 1]
    told = team.open("anna").log()
    told = told[told["action"].isin(["quarantine", "lift"])]
    assert told[["who", "action", "contributor"]].values.tolist() == [
        ["carl", "lift", "bob"],
        ["carl", "quarantine", "bob"],
    ]


def test_only_curators_hide_and_nobody_drops(team):
    team.open("bob").add(make_bundle(range(2), "study-b"))
    anna = team.open("anna")
    with pytest.raises(KnowledgeBaseError, match="'anna' may not do this"):
        anna.quarantine(contributor="bob")
    with pytest.raises(UserError, match="ask a curator"):
        team.open("bob").drop(everything=True)
    assert numbers_of(team.open("anna"), "study-b") == [0, 1]


def test_nobody_speaks_under_anothers_name_by_adding_to_his_study(team):
    team.open("anna").add(make_bundle(range(3)))
    team.open("bob").add(make_bundle(range(7, 9)))
    team.open("bob").add(make_bundle(range(2), "study-b"))
    for user in ("anna", "carl"):
        kb = team.open(user)
        assert (numbers_of(kb), numbers_of(kb, "study-b")) == ([0, 1, 2], [0, 1])


def test_what_others_made_is_known_as_theirs(team):
    team.open("anna").add(make_bundle(range(3)))
    bob = team.open("bob")
    bob.add(make_bundle(range(2), "study-b"))
    assert bob.imported_studies() == {"study-1"}
    assert team.open("anna").imported_studies() == {"study-b"}
