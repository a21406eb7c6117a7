"""A team's knowledge base on a real PostgreSQL server."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from kb_examples import make_bundle, numbers_of
from postgres import PASSWORDS

from knowledge_base import KnowledgeBaseError, UserError, open_knowledge_base
from knowledge_base.server import Address, init_server

ROOT = Path(__file__).parents[3]


def opened(home, server, name, port=None):
    home(name)
    return open_knowledge_base(server.url(name, port))


def count(server, table="trials"):
    ((found,),) = server.sql(f"SELECT count(*) FROM advisor.{table}", "team")
    return found


def test_what_one_member_adds_others_see(home, server):
    ann = opened(home, server, "ann")
    assert ann.add(make_bundle(range(5), "study-a")).added == 5
    assert ann.warnings == []
    bob = opened(home, server, "bob")
    assert numbers_of(bob, "study-a") == [0, 1, 2, 3, 4]
    assert len(bob.curves(study="study-a")) == 10
    assert bob.studies().set_index("study_id").loc["study-a", "contributor"] == "ann"
    bob.add(make_bundle(range(3), "study-b"))
    home("ann")
    ann = open_knowledge_base(server.url("ann"))
    assert numbers_of(ann, "study-b") == [0, 1, 2]
    assert ann.info()["waiting"] == 0
    assert ann.verify() == []


def test_adding_twice_adds_nothing(home, server):
    ann = opened(home, server, "ann")
    ann.add(make_bundle(range(5), "study-a"))
    assert ann.add(make_bundle(range(5), "study-a")).duplicates == 5
    ann.append(make_bundle(range(4, 6), "study-a"))
    assert count(server) == 6
    assert count(server, "curves") == 12
    assert opened(home, server, "bob").info()["trials"]["user"] == 6


def test_another_machine_of_the_same_member_reads_everything(home, server):
    opened(home, server, "ann").add(make_bundle(range(5), "study-a"))
    home("elsewhere")
    again = open_knowledge_base(server.url("ann"))
    assert numbers_of(again, "study-a") == [0, 1, 2, 3, 4]


def test_off_line_everything_works_and_is_delivered_once(home, server):
    home("ann")
    server.stop()
    ann = open_knowledge_base(server.url("ann"))
    try:
        assert ann.add(make_bundle(range(5), "study-a")).added == 5
        assert numbers_of(ann, "study-a") == [0, 1, 2, 3, 4]
        (line,) = ann.warnings
        assert "was not reached" in line
        assert "what is added is delivered later" in line
        assert PASSWORDS["ann"] not in line
        assert ann.waiting == 5
    finally:
        server.start()
    assert count(server) == 0
    again = open_knowledge_base(server.url("ann"))
    again.synchronise()
    again.synchronise()
    assert (count(server), again.waiting, again.warnings) == (5, 0, [])


def test_rows_of_a_transaction_that_ended_late_are_seen(home, server):
    """A transaction that began first and ends last has the smaller number."""
    psycopg = pytest.importorskip("psycopg")
    opened(home, server, "ann").add(make_bundle(range(2), "study-a"))
    with psycopg.connect(server.url("ann")) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        bob = opened(home, server, "bob")
        bob.add(make_bundle(range(2), "study-b"))
        bob.synchronise()
        slow.execute(
            "INSERT INTO advisor.trials (trial_id, study_id, number, config, state, value) "
            "SELECT 'late', study_id, 99, config, state, value FROM advisor.trials "
            "WHERE study_id = 'study-a' AND number = 0"
        )
    bob.synchronise()
    assert 99 in numbers_of(bob, "study-a")


def test_a_server_that_was_put_back_is_read_anew(home, server):
    opened(home, server, "ann").add(make_bundle(range(2), "study-a"))
    bob = opened(home, server, "bob")
    bob.synchronise()
    # As pg_restore does on a younger server: rows keep the numbers of the old one.
    server.sql("ALTER TABLE advisor.trials DISABLE ROW LEVEL SECURITY", "team")
    server.sql("UPDATE advisor.trials SET xid = '900000000'::xid8", "team")
    init_server(Address(server.url("keeper")))
    server.sql("ALTER TABLE advisor.trials ENABLE ROW LEVEL SECURITY", "team")
    ((newest,),) = server.sql("SELECT max(xid::text::bigint) FROM advisor.trials", "team")
    assert newest < 900000000
    opened(home, server, "ann").add(make_bundle(range(2, 4), "study-a"))
    home("bob")
    assert numbers_of(open_knowledge_base(server.url("bob")), "study-a") == [0, 1, 2, 3]


FORBIDDEN = {
    "a reader adds": ("eve", "INSERT INTO advisor.datasets (dataset_id, name, modality) "
                             "VALUES ('x', 'x', 'table')"),
    "a reader hides": ("eve", "INSERT INTO advisor.quarantine (id, quarantined_by, quarantined_at) "
                              "VALUES ('x', 'eve', now())"),
    "a writer adds under another name": (
        "bob", "INSERT INTO advisor.studies (study_id, task_id, space_id, name, contributor) "
               "VALUES ('x', 'x', 'x', 'x', 'ann')"),
    "a writer adds to another's study": (
        "bob", "INSERT INTO advisor.trials (trial_id, study_id, number, config, state) "
               "VALUES ('x', 'study-a', 77, '{}', 'complete')"),
    "a writer changes": ("ann", "UPDATE advisor.trials SET value = 1"),
    "a writer deletes": ("ann", "DELETE FROM advisor.trials"),
    "a writer hides": ("bob", "INSERT INTO advisor.quarantine (id, quarantined_by, quarantined_at) "
                              "VALUES ('x', 'bob', now())"),
    "a writer backdates": (
        "ann", "INSERT INTO advisor.datasets (dataset_id, name, modality, xid) "
               "VALUES ('x', 'x', 'table', '1'::xid8)"),
    "a curator adds": ("cleo", "INSERT INTO advisor.datasets (dataset_id, name, modality) "
                               "VALUES ('x', 'x', 'table')"),
    "a curator deletes": ("cleo", "DELETE FROM advisor.trials"),
    "a curator signs for another": (
        "cleo", "INSERT INTO advisor.quarantine (id, quarantined_by, quarantined_at) "
                "VALUES ('x', 'ann', now())"),
    "a writer drops a table": ("ann", "DROP TABLE advisor.trials"),
}  # fmt: skip


@pytest.mark.parametrize("what", FORBIDDEN)
def test_roles_are_held_by_the_server(home, server, what):
    psycopg = pytest.importorskip("psycopg")
    opened(home, server, "ann").add(make_bundle(range(2), "study-a"))
    login, statement = FORBIDDEN[what]
    before = server.sql("SELECT * FROM advisor.trials ORDER BY trial_id", "team")
    with psycopg.connect(server.url(login)) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
        connection.rollback()
    assert server.sql("SELECT * FROM advisor.trials ORDER BY trial_id", "team") == before
    assert count(server, "quarantine") == 0


def test_a_reader_keeps_what_he_adds_and_is_told(home, server):
    eve = opened(home, server, "eve")
    eve.add(make_bundle(range(2), "study-e"))
    assert any("does not let eve do that" in line for line in eve.warnings)
    assert numbers_of(eve, "study-e") == [0, 1]
    assert eve.waiting == 2
    assert count(server) == 0


def test_trials_of_another_members_study_stay_here(home, server):
    opened(home, server, "ann").add(make_bundle(range(2), "study-a"))
    bob = opened(home, server, "bob")
    bob.add(make_bundle(range(5, 7), "study-a"))
    bob.add(make_bundle(range(2), "study-b"))
    assert any("belong to other members" in line for line in bob.warnings)
    assert count(server) == 4
    assert bob.waiting == 0


def test_what_a_curator_hides_is_hidden_for_all_and_comes_back(home, server):
    opened(home, server, "ann").add(make_bundle(range(2), "study-a"))
    bob = opened(home, server, "bob")
    assert len(numbers_of(bob, "study-a")) == 2
    cleo = opened(home, server, "cleo")
    cleo.quarantine(contributor="ann", reason="lies")
    assert numbers_of(cleo, "study-a") == []
    home("bob")
    bob = open_knowledge_base(server.url("bob"))
    assert numbers_of(bob, "study-a") == []
    with pytest.raises(KnowledgeBaseError, match="does not let bob do that"):
        bob.lift(contributor="ann")
    home("cleo")
    cleo = open_knowledge_base(server.url("cleo"))
    cleo.lift(contributor="ann")
    home("bob")
    assert len(numbers_of(open_knowledge_base(server.url("bob")), "study-a")) == 2
    actions = server.sql("SELECT who, action FROM advisor.kb_log ORDER BY logged_at", "team")
    assert actions == [("cleo", "quarantine"), ("cleo", "lift")]


def test_members_delete_nothing(home, server):
    ann = opened(home, server, "ann")
    ann.add(make_bundle(range(2), "study-a"))
    with pytest.raises(UserError, match="ask a curator"):
        ann.drop(everything=True)
    assert count(server) == 2


def test_one_members_damage_takes_nothing_from_others(home, server):
    opened(home, server, "ann").add(make_bundle(range(2), "study-a"))
    server.sql(
        "INSERT INTO advisor.studies SELECT 'broken', 'no task', 'no space', 'x', NULL, NULL, NULL,"
        " 'mallory' FROM advisor.studies LIMIT 1;"
        "INSERT INTO advisor.trials (trial_id, study_id, number, config, state, value) "
        "VALUES ('t1', 'broken', -3, 'no json', 'strange', 'NaN')",
        "team",
    )
    bob = opened(home, server, "bob")
    assert numbers_of(bob, "study-a") == [0, 1]
    assert any("were left out" in line for line in bob.warnings)
    assert bob.verify() == []


def test_errors_name_what_to_do_and_no_password(home, server):
    home("ann")
    with pytest.raises(KnowledgeBaseError, match="password authentication failed") as refused:
        open_knowledge_base(server.url("ann").replace(PASSWORDS["ann"], "wr0ng")).tasks()
    assert "wr0ng" not in str(refused.value)
    server.sql("DROP SCHEMA advisor CASCADE", "team")
    with pytest.raises(KnowledgeBaseError, match=r"holds no knowledge base yet.*init-server") as no:
        open_knowledge_base(server.url("ann")).tasks()
    assert PASSWORDS["ann"] not in str(no.value)
    init_server(Address(server.url("keeper")))
    server.sql("UPDATE advisor.meta SET value = '9' WHERE key = 'readable_by'", "team")
    with pytest.raises(KnowledgeBaseError, match="newer version of Advisor"):
        open_knowledge_base(server.url("bob")).tasks()


def test_an_old_client_goes_on_with_a_newer_schema_that_only_adds(home, server):
    server.sql("UPDATE advisor.meta SET value = '2' WHERE key = 'schema_version'", "team")
    server.sql("ALTER TABLE advisor.trials ADD COLUMN later text", "team")
    ann = opened(home, server, "ann")
    ann.add(make_bundle(range(2), "study-a"))
    assert (count(server), ann.warnings) == (2, [])


WRITER = """
import sys
sys.path[:0] = {paths!r}
from kb_examples import make_bundle
from knowledge_base import open_knowledge_base
kb = open_knowledge_base({url!r})
for number in range({first}, {last}):
    kb.append(make_bundle(range(number, number + 1), {study!r}))
    print(number, flush=True)
"""


def start_writer(server, login, folder, first, last, study, port=None):
    code = WRITER.format(paths=[str(ROOT), str(ROOT / "tests" / "knowledge_base")],
                         url=server.url(login, port), first=first, last=last,
                         study=study)  # fmt: skip
    there = {**os.environ, "XDG_DATA_HOME": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=there, stdout=subprocess.PIPE, text=True
    )


def test_a_killed_writer_and_a_killed_server_lose_and_double_nothing(home, server):
    folder = home("ann")
    writer = start_writer(server, "ann", folder, 0, 60, "study-a")
    for line in writer.stdout:
        if int(line) == 8:
            break
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer = start_writer(server, "ann", folder, 9, 30, "study-a")
    for line in writer.stdout:
        if int(line) == 14:
            server.kill()
            server.start()
            break
    assert writer.wait() == 0 or writer.stdout.read() is not None
    ann = open_knowledge_base(server.url("ann"))
    ann.synchronise()
    stored = server.sql("SELECT number FROM advisor.trials ORDER BY number", "team")
    assert {number for (number,) in stored} >= {*range(9), *range(9, 30)}
    assert len(stored) == len(set(stored))
    assert sorted(numbers_of(ann, "study-a")) == [number for (number,) in stored]
    assert ann.waiting == 0


class Proxy(threading.Thread):
    """Passes bytes on to the server, and drops a connection after some of them."""

    def __init__(self, port, limit):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.to, self.limit, self.dropped = (
            self.listener.getsockname()[1], port, limit, 0,
        )  # fmt: skip

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source, sink):
        passed = 0
        while data := self._read(source):
            passed += len(data)
            if self.limit is not None and passed > self.limit:
                self.dropped += 1
                break
            sink.sendall(data)
        for end in (source, sink):
            end.close()

    @staticmethod
    def _read(source):
        try:
            return source.recv(4096)
        except OSError:
            return b""


@pytest.mark.parametrize("limit", [600, 2_000, 6_000])
def test_a_network_that_drops_loses_nothing(home, server, limit):
    home("ann")
    proxy = Proxy(server.port, limit)
    proxy.start()
    ann = open_knowledge_base(server.url("ann", proxy.port))
    for number in range(40, 80):
        ann.append(make_bundle(range(number, number + 1), "study-a"))
    assert proxy.dropped
    assert ann.waiting
    proxy.limit = None
    again = open_knowledge_base(server.url("ann", proxy.port))
    again.synchronise()
    assert (count(server), again.waiting) == (40, 0)
    assert numbers_of(again, "study-a") == list(range(40, 80))
    proxy.listener.close()


def test_the_command_line_speaks_to_a_server(home, server):
    folder = home("ann")
    (folder / "runs.csv").write_text("a,accuracy\n0.5,0.7\n0.25,0.8\n")
    (folder / "space.yaml").write_text(
        "name: s\nhyperparameters: {a: {type: float, low: 0, high: 1}}"
    )
    url = server.url("ann", password=False)
    there = {**os.environ, "PGPASSWORD": PASSWORDS["ann"], "ADVISOR_KB": url,
             "PYTHONPATH": str(ROOT)}  # fmt: skip

    def advisor(*args, **more):
        return subprocess.run(
            [sys.executable, "-m", "advisor", *args], env={**there, **more}, cwd=folder,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    done = advisor("contribute", "runs.csv", "--space", "space.yaml", "--metric", "accuracy",
                   "--task", "mine")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert count(server) == 2
    told = advisor("kb", "info", "--kb", server.url("ann"))
    assert told.returncode == 0
    assert PASSWORDS["ann"] not in told.stdout + told.stderr
    wrong = advisor("kb", "info", PGPASSWORD="no")
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
    assert "Traceback" not in wrong.stderr
