import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # For postgres.py.

from postgres import Postgres

pytest.importorskip("psycopg", reason="pip install 'advisor-automl[team]'")
pytest.importorskip("adbc_driver_postgresql", reason="pip install 'advisor-automl[team]'")


@pytest.fixture(scope="session")
def postgres():
    """A server with logins and an empty database; its folder can be entered by any user."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    folder.chmod(0o755)
    server = Postgres(folder / "server")
    try:
        server.make()
        yield server
    finally:
        if (folder / "server" / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(postgres):
    """The server with a fresh team's knowledge base, and its members' roles."""
    from knowledge_base.server import Address, grant, init_server

    postgres.sql("DROP SCHEMA IF EXISTS advisor CASCADE", "team")
    keeper = Address(postgres.url("keeper"))
    init_server(keeper)
    for login, role in (("ann", "writer"), ("bob", "writer"), ("eve", "reader"),
                        ("cleo", "curator")):  # fmt: skip
        grant(keeper, login, role)
    return postgres


@pytest.fixture
def home(monkeypatch, tmp_path):
    """Return a function that moves to the home of a member, on a machine of his own."""

    def home(name):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        monkeypatch.setenv("XDG_DATA_HOME", str(folder))
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        return folder

    return home
