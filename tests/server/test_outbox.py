"""What is made while the server is away, or dies in between, is delivered once."""

import copy
import gc
import os
import pickle
import signal
import time
import warnings
from dataclasses import replace

import pytest
from kb_examples import DATASET, SPACE, TASK, make_bundle, numbers_of, study, trial
from postgresql import PostgreSQL, free_port
from proxy import Proxy

from knowledge_base import Bundle
from knowledge_base.journal import Journal
from knowledge_base.server import team as team_module

ADDS = """
from kb_examples import make_bundle
from knowledge_base import KnowledgeBase
kb = KnowledgeBase(seed=False)
for number in range({first}, {last}):
    kb.append(make_bundle(range(number, number + 1), "{study}"))
    print(number, flush=True)
"""


@pytest.fixture(autouse=True)
def tries_again(monkeypatch):
    """A server that was lost is tried again at once, as in a later process."""
    monkeypatch.setattr(team_module, "AGAIN", 0.0)


def stored(team, study="study-1"):
    rows = team.sql("SELECT number FROM advisor.trials WHERE study_id = %s ORDER BY 1", [study])
    return [number for (number,) in rows]


def without_server(team, user):
    """Open the copy of a user while nobody answers at the address."""
    kb = team.open(user)
    kb.team.address = replace(kb.team.address, url=team.url(user, port=free_port()))
    return kb


def test_off_line_everything_works_and_is_delivered_once(team):
    team.open("anna").add(make_bundle(range(3)))
    anna = without_server(team, "anna")
    assert numbers_of(anna) == [0, 1, 2]
    assert anna.add(make_bundle(range(3, 8))).added == 5
    anna.append(make_bundle(range(8, 9)))
    assert numbers_of(anna) == list(range(9))
    assert anna.info()["waiting"] == 6
    assert len([line for line in anna.warnings if "is not reached" in line]) == 1
    assert len([line for line in anna.warnings if "is delivered when" in line]) == 1
    assert stored(team) == [0, 1, 2]
    later = without_server(team, "anna")
    later.trials()
    assert "6 trials wait here for their delivery" in later.warnings[0]
    again = team.open("anna")
    assert numbers_of(again) == stored(team) == list(range(9))
    assert again.info()["waiting"] == 0
    assert team.open("anna").add(make_bundle(range(9))).added == 0
    assert numbers_of(team.open("bob")) == list(range(9))


def test_a_writer_that_is_killed_loses_and_doubles_nothing(team):
    writer = team.python("anna", ADDS.format(first=0, last=1000, study="study-1"))
    said = [int(writer.stdout.readline()) for _ in range(8)]
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    said += [int(line) for line in writer.stdout.read().split()]
    again = team.python("anna", ADDS.format(first=0, last=len(said) + 3, study="study-1"))
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    anna = team.open("anna")
    assert numbers_of(anna) == stored(team)
    assert set(said) <= set(stored(team))
    assert len(stored(team)) == len(set(stored(team))) >= len(said) + 3
    assert anna.info()["waiting"] == 0


@pytest.mark.slow
def test_a_killed_server_loses_and_doubles_nothing(team, tmp_path_factory, monkeypatch):
    with PostgreSQL(tmp_path_factory.mktemp("killed"), safe=True) as server:
        own = type(team)(server, "postgres", team.folder / "own", monkeypatch)
        _initialised(own)
        writers = [
            own.python(user, ADDS.format(first=0, last=25, study=f"study-{user}"))
            for user in ("anna", "bob")
        ]
        for writer in writers:
            for _ in range(5):
                writer.stdout.readline()
        server.kill()
        time.sleep(0.2)
        server.start()
        for writer in writers:
            _, errors = writer.communicate()
            assert writer.returncode == 0, errors
        for user in ("anna", "bob"):
            kb = own.open(user)
            assert numbers_of(kb, f"study-{user}") == list(range(25))
            assert kb.info()["waiting"] == 0
            assert stored(own, f"study-{user}") == list(range(25))
        assert numbers_of(own.open("anna"), "study-bob") == list(range(25))


def _initialised(team):
    from knowledge_base.server.administration import grant, init_server

    init_server(team.url())
    for user in ("anna", "bob"):
        team.sql(f"CREATE ROLE {user} LOGIN")
        grant(team.url(), user, "writer")


@pytest.mark.parametrize("allowed", [500, 2000, 4000, 9000, 20_000])
def test_a_connection_that_drops_in_the_middle(team, allowed):
    """Wherever it drops, before or after the commit, each trial is there once in the end."""
    team.open("anna").add(make_bundle(range(2)))
    with Proxy(team.server.port) as proxy:
        anna = team.open("anna")
        anna.team.address = team.open("anna", proxy.port).team.address
        proxy.allowed = allowed
        for first in range(2, 62, 20):
            anna.append(make_bundle(range(first, first + 20)))
        dropped = proxy.drops
        proxy.allowed = None
        assert anna.synchronise()
    assert dropped
    assert stored(team) == list(range(62))
    assert numbers_of(team.open("anna")) == list(range(62))
    assert len(team.open("bob").curves()) == 124


def test_a_network_that_swallows_answers_holds_nobody_up(team, monkeypatch):
    with Proxy(team.server.port) as proxy:
        anna = team.open("anna", proxy.port)
        anna.append(make_bundle(range(2)))
        assert stored(team) == [0, 1]
        proxy.silent = True
        with monkeypatch.context() as patch:
            patch.setattr(team_module, "TRIAL_SECONDS", 0.3)
            anna.append(make_bundle(range(2, 4)))
        assert anna.team.waiting() == 2
        proxy.silent = False
        assert anna.synchronise()
    assert stored(team) == [0, 1, 2, 3]


def test_two_processes_of_one_user_deliver_one_outbox(team):
    """Both read it before either delivers; each trial is there once."""
    first = without_server(team, "anna")
    for number in range(6):
        first.append(make_bundle(range(number, number + 1)))
    both = [team.open("anna"), team.open("anna")]
    for each in both:
        assert each.team.waiting() == 6
    assert all(each.synchronise() for each in both)
    assert stored(team) == list(range(6))


def test_what_the_server_has_no_place_for_holds_nothing_else_up(team):
    anna = without_server(team, "anna")
    text = "".join(chr(33 + hash((n, "x")) % 90) for n in range(20_000))
    for number in range(3):
        anna.append(make_bundle(range(number, number + 1)))
        bundle = make_bundle(range(1), f"study-{text}" if number == 1 else "study-2")
        anna.append(bundle)
    again = team.open("anna")
    assert not again.team.deliver()
    assert stored(team) == [0, 1, 2]
    assert "1 trials stay in" in again.warnings[-1]
    assert again.team.waiting() == 1


def test_a_zero_in_a_text_arrives_as_a_mark(team):
    odd = replace(study(), name="a\x00b")
    team.open("anna").append(Bundle.from_records([DATASET, TASK, SPACE, odd, trial(0)]))
    assert team.open("bob").studies().query("layer == 'user'")["name"].tolist() == ["a\ufffdb"]


def test_an_error_says_on_the_server_no_more_than_in_an_export(team):
    said = "ValueError: no row 17 in '/home/anna/secret.csv'"
    failed = trial(0, state="failed", value=None, error=said)
    team.open("anna").append(Bundle.from_records([DATASET, TASK, SPACE, study(), failed]))
    (told,) = team.open("bob").trials()["error"]
    assert told.startswith("ValueError")
    assert "secret" not in told
    assert "17" not in told
    assert team.open("anna").trials()["error"].tolist() == [said]


def test_it_travels_without_its_password(team):
    anna = team.open("anna")
    anna.append(make_bundle(range(1)))
    assert b"s3cret" not in pickle.dumps(anna)
    assert pickle.loads(pickle.dumps(anna)).path == anna.path
    assert len(copy.deepcopy(anna).trials()) == 1


def test_an_outbox_that_another_process_empties_at_once_takes_nothing_from_the_copy(
    team, monkeypatch
):
    """Two searches of one user: one delivers what the other has just put into the outbox."""
    anna, other = team.open("anna"), team.open("anna")
    append = Journal.append

    def delivered_at_once(journal, bundle, same=None):
        if same is not None:
            assert other.team.deliver()
        return append(journal, bundle, same)

    monkeypatch.setattr(Journal, "append", delivered_at_once)
    anna.append(make_bundle(range(3)))
    assert anna.fold()
    assert numbers_of(team.open("anna")) == stored(team) == [0, 1, 2]


def test_a_network_that_falls_silent_in_the_middle_of_an_answer_holds_nobody_up(team, monkeypatch):
    import adbc_driver_postgresql.dbapi as adbc

    from knowledge_base.server import reading

    team.open("anna").add(make_bundle(range(3)))
    connect = adbc.connect
    with Proxy(team.server.port) as proxy:
        bob = team.open("bob", proxy.port)

        def connected(*given):
            found = connect(*given)
            proxy.silent = True
            return found

        with monkeypatch.context() as patch:
            patch.setattr(adbc, "connect", connected)
            patch.setattr(reading, "SILENT_SECONDS", 0.3)
            assert len(bob.trials()) == 0
        assert any("it stopped answering" in line for line in bob.warnings)
        proxy.silent = False
    assert len(team.open("bob").trials()) == 3


def test_a_knowledge_base_that_nobody_closes_hangs_up_by_itself(team):
    anna = team.open("anna")
    anna.trials()
    connection = anna.team.connected()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del anna
        gc.collect()
    assert connection.closed


def test_a_forked_child_leaves_its_parents_connection_open(team):
    anna = team.open("anna")
    anna.trials()
    before = anna.team.connected()
    if (child := os.fork()) == 0:  # It does as little as it can: threads of its parent are gone.
        anna.team._drop()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert before.execute("SELECT 1").fetchone() == (1,)
    assert anna.team.connected() is before
