"""A PostgreSQL server of a test's own, started as an ordinary user on a free port."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest


def binaries():
    """Return the folder of initdb, pg_ctl and psql, None where PostgreSQL is not installed."""
    found = [Path(each).resolve().parent for each in [shutil.which("pg_ctl")] if each]
    if shutil.which("pg_config"):
        said = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True)
        found.append(Path(said.stdout.strip()))
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    whole = [each for each in found if (each / "initdb").exists() and (each / "psql").exists()]
    return next(iter(whole), None)


BINARIES = binaries()

needs_postgresql = pytest.mark.skipif(BINARIES is None, reason="PostgreSQL is not installed")


class PostgreSQL:
    """A server in a folder; `with` starts it and takes everything away at the end.

    Attributes:
        port: where it listens on 127.0.0.1, 0 for a socket in its folder alone.
    """

    def __init__(self, folder, auth="trust", listens=True, safe=False, admin="advisor"):
        """Take where it is to lie.

        Args:
            folder: a new folder.
            auth: how logins are checked, `trust` or `scram-sha-256`.
            listens: whether it listens on a port, or only on a socket in its folder.
            safe: whether what is committed survives a kill of the machine, too.
            admin: name of its administrator, whose password is "administrator".
        """
        self.folder, self.bin, self.auth, self.safe = Path(folder), BINARIES, auth, safe
        self.admin = admin
        self.port = free_port() if listens else 0
        # It refuses to run as root; there is mostly a user for it.
        self.user = "postgres" if os.getuid() == 0 else None

    def as_user(self, *command):
        """Return a command that runs as an ordinary user."""
        command = [str(each) for each in command]
        if not self.user:
            return command
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups",
                *command]  # fmt: skip

    def _run(self, program, *args):
        command = self.as_user(self.bin / program, *args)
        subprocess.run(command, check=True, capture_output=True, cwd="/")

    def __enter__(self):
        if self.user:
            if shutil.which("setpriv") is None:
                pytest.skip("PostgreSQL does not run as root, and there is no setpriv")
            for above in (self.folder, *self.folder.parents):
                if above.exists() and not above.stat().st_mode & 0o001:
                    self.folder = Path(f"/tmp/pg-{os.getpid()}-{self.port}")
                    break
        self.folder.mkdir(exist_ok=True)
        if self.user:
            shutil.chown(self.folder, self.user, self.user)
        secret = self.folder / "secret"
        secret.write_text("administrator\n")
        secret.chmod(0o644)
        self._run("initdb", "-D", self.data, "-A", self.auth, "-U", self.admin, "--no-sync",
                  f"--pwfile={secret}")  # fmt: skip
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def data(self):
        return self.folder / "data"

    def start(self):
        listens = f"-p {self.port}" if self.port else "-c listen_addresses=''"
        options = f"-c unix_socket_directories='{self.folder}' {listens}"
        options += "" if self.safe else " -F"
        deadline = time.monotonic() + 20
        while True:
            try:
                self._run("pg_ctl", "-D", self.data, "-o", options, "-l", self.folder / "log",
                          "-w", "start")  # fmt: skip
                return
            except subprocess.CalledProcessError:
                # What a killed server's processes hold is free once the last of them has ended.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self):
        command = self.as_user(self.bin / "pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        subprocess.run(command, capture_output=True, cwd="/")

    def kill(self):
        """End it as a crash does: kill -9 of the server, whose processes end at once."""
        number = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(number, signal.SIGKILL)
        while True:
            try:
                os.kill(number, 0)
            except ProcessLookupError:
                break
            state = Path(f"/proc/{number}/stat")
            if state.exists() and ") Z " in state.read_text():
                break
            time.sleep(0.01)

    def url(self, user="advisor", password="", port=None):
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{port or self.port}/postgres"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
