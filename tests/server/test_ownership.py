"""Whatever a writer sends, nothing counts as another's or takes the place of it."""

import psycopg
import pytest
from kb_examples import DATASET, make_bundle, numbers_of, trial

from knowledge_base import Bundle
from knowledge_base.server.address import address
from knowledge_base.server.connection import NotTaken, connect
from knowledge_base.server.delivering import deliver

QUARANTINE = "INSERT INTO advisor.quarantine (contributor, reason) VALUES ('bob', 'it lies')"

CURVE = "INSERT INTO advisor.curves (trial_id, epoch, val_loss) VALUES (%s, 9, 0)"


def send(team, user, records, metafeatures=None):
    """Deliver rows without a copy of one's own; return whose studies the trials left out are of."""
    there = address(team.url(user))
    with connect(there) as connection:
        return deliver(connection, there, Bundle.from_records(records, metafeatures), 30.0, set())


def test_the_server_lets_nobody_add_to_a_study_of_another(team):
    team.open("anna").add(make_bundle(range(2)))
    ((known,),) = team.sql("SELECT trial_id FROM advisor.trials WHERE number = 0")
    row = "INSERT INTO advisor.trials (trial_id, study_id, number, config, state) VALUES "
    for sql, values in (
        (row + "('t', 'study-1', 2, '{}', 'complete')", None),
        (CURVE, [known]),
        (CURVE, [trial(2).trial_id]),  # Of a trial that anna is still to make.
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            team.sql(sql, values, "bob")
    assert team.sql("SELECT count(*) FROM advisor.curves WHERE epoch = 9") == [(0,)]


def test_a_client_leaves_out_what_is_of_anothers_study_and_says_so(team):
    """Two logins may go on with one study in a shared folder."""
    team.open("anna").add(make_bundle(range(2)))
    lies = [trial(number, value=0.999) for number in (2, 3)]
    assert set(send(team, "bob", lies).values()) == {"anna"}
    bob = team.open("bob")
    bob.append(make_bundle(range(1, 4)))
    bob.append(make_bundle(range(2), "study-b"))
    assert bob.team.waiting() == 0
    assert numbers_of(bob) == [0, 1, 2, 3]
    assert [line for line in bob.warnings if "2 trials are of studies of 'anna'" in line]
    anna = team.open("anna")
    anna.append(make_bundle(range(2, 4)))
    rita = team.open("rita")
    assert numbers_of(rita) == [0, 1, 2, 3]
    assert rita.trials(study="study-1")["value"].max() < 0.9
    assert numbers_of(rita, "study-b") == [0, 1]
    assert len(rita.curves()) == 12


def test_what_is_delivered_again_by_another_is_no_fault(team):
    team.open("anna").add(make_bundle(range(3)))
    bob = team.open("bob")
    bob.append(make_bundle(range(3)))
    assert bob.team.waiting() == 0
    assert bob.warnings == []
    curves = make_bundle(range(3))["curves"]
    with connect(bob.team.address) as connection:
        deliver(connection, bob.team.address, Bundle({"curves": curves}), 30.0, set())


def test_a_study_that_another_delivers_at_the_same_moment(team):
    """The first is asked before, and ends after, the second has made sure that nobody has it."""
    with psycopg.connect(team.url("anna")) as slow:
        slow.execute(
            "INSERT INTO advisor.studies (study_id, task_id, space_id, name) "
            "VALUES ('study-1', 't', 's', 'n')"
        )
        there = address(team.url("bob"))
        with connect(there) as connection, psycopg.connect(team.url(), autocommit=True) as watch:
            slow_ends = _when_waited_for(watch, slow)
            with pytest.raises(NotTaken, match="row-level security"):
                deliver(connection, there, make_bundle(range(2)), 30.0, set())
            slow_ends.join()
    bob = team.open("bob")
    bob.append(make_bundle(range(2)))
    assert bob.team.waiting() == 0


def _when_waited_for(watch, connection):
    """Return a thread that commits once somebody waits for a lock."""
    import threading
    import time

    def commit():
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while watch.execute(waiting).fetchone() == (0,):
            time.sleep(0.01)
        connection.commit()

    thread = threading.Thread(target=commit, daemon=True)
    thread.start()
    return thread


def test_what_others_said_of_a_data_set_takes_the_place_of_what_is_hidden(team):
    def said(user):
        frame = team.open(user).metafeatures()
        return frame.loc[frame["name"] == "n_rows", "value"].tolist()

    send(team, "bob", [DATASET], {("dataset-a", "class", 1): {"n_rows": 666.0}})
    assert said("rita") == [666.0]  # Nobody has said anything else.
    team.open("anna").add(make_bundle(range(2)))
    assert said("rita") == [666.0]
    team.sql(QUARANTINE, None, "carl")
    assert said("rita") == said("anna") == [178.0]
    assert numbers_of(team.open("rita")) == [0, 1]
    team.sql("UPDATE advisor.quarantine SET lifted_at = now()", None, "carl")
    assert said("rita") == [178.0]


def test_tasks_and_spaces_stay_for_the_studies_of_others(team):
    """Whoever delivered a task first, others' trials of it need it."""
    team.open("bob").add(make_bundle(range(2), "study-b"))
    team.open("anna").add(make_bundle(range(3)))
    team.sql(QUARANTINE, None, "carl")
    for user in ("rita", "anna"):
        kb = team.open(user)
        assert (numbers_of(kb), len(kb.tasks()), len(kb.spaces())) == ([0, 1, 2], 1, 1)
        assert kb.verify() == []


def test_views_leave_out_what_is_hidden(team):
    team.open("bob").add(make_bundle(range(2), "study-b"))
    team.open("anna").add(make_bundle(range(3)))
    team.sql(QUARANTINE, None, "carl")
    for table, rows in {"trials": 3, "studies": 1, "curves": 6, "datasets": 1}.items():
        assert team.sql(f"SELECT count(*) FROM advisor.shown_{table}", None, "rita") == [(rows,)]
