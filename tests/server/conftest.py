import os
import subprocess
import sys
from pathlib import Path

import pytest
from postgresql import BINARIES, PostgreSQL

sys.path.append(str(Path(__file__).parents[1] / "knowledge_base"))  # For kb_examples.

psycopg = pytest.importorskip("psycopg", reason="pip install 'advisor-automl[team]'")
pytest.importorskip("adbc_driver_postgresql", reason="pip install 'advisor-automl[team]'")

from knowledge_base import KnowledgeBase  # noqa: E402
from knowledge_base.server.administration import grant, init_server  # noqa: E402

USERS = {"anna": "writer", "bob": "writer", "rita": "reader", "carl": "curator"}

SECRET = "s3cret-%-word"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server that asks for passwords, with a login for each role."""
    if BINARIES is None:
        pytest.skip("PostgreSQL is not installed")
    with PostgreSQL(tmp_path_factory.mktemp("pg"), auth="scram-sha-256") as started:
        with psycopg.connect(started.url(password="administrator"), autocommit=True) as connection:
            for user in (*USERS, "stranger"):
                connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{SECRET}'")
            connection.execute("CREATE DATABASE whole")
            url = started.url(password="administrator").replace("/postgres", "/whole")
            init_server(url)
            for user, role in USERS.items():
                grant(url, user, role)
        yield started


class TeamServer:
    """The team's knowledge base of one test, and what its people see of it."""

    def __init__(self, server, database, folder, monkeypatch):
        self.server, self.database, self.folder = server, database, folder
        self._monkeypatch = monkeypatch

    def url(self, user="advisor", password=None, port=None):
        given = password or ("administrator" if user == "advisor" else SECRET)
        whole = self.server.url(user, given.replace("%", "%25"), port)
        return whole.rpartition("/")[0] + f"/{self.database}"

    def sql(self, text, values=(), user="advisor"):
        """Run SQL as a login; return the rows, if there are any."""
        with psycopg.connect(self.url(user), autocommit=True) as connection:
            cursor = connection.execute(text, values)
            return cursor.fetchall() if cursor.description else []

    def home(self, user):
        """Go to the home of a user, where the copy of the knowledge base lies."""
        self._monkeypatch.setenv("XDG_DATA_HOME", str(self.folder / user))

    def open(self, user, port=None):
        """Open the knowledge base as a user does in a new process."""
        self.home(user)
        return KnowledgeBase(self.url(user, port=port), seed=False)

    def environment(self, user):
        root = str(Path(__file__).parents[2])
        return {
            **os.environ, "XDG_DATA_HOME": str(self.folder / user), "PYTHONPATH": root,
            "OMP_NUM_THREADS": "1", "ADVISOR_KB": self.url(user),
        }  # fmt: skip

    def python(self, user, code, **more):
        """Start a process of a user's."""
        return subprocess.Popen(
            [sys.executable, "-c", code], env=self.environment(user), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[1]
            / "knowledge_base", **more,
        )  # fmt: skip


@pytest.fixture
def team(server, tmp_path, monkeypatch, request):
    """A knowledge base in a database of its own."""
    name = f"team_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(server.url(password="administrator"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE whole")
    return TeamServer(server, name, tmp_path, monkeypatch)
