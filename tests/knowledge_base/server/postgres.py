"""A real PostgreSQL for tests, started on a free port as an ordinary user."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

PASSWORDS = {"keeper": "k33per", "ann": "4nn-s3cret", "bob": "b0b", "eve": "3ve", "cleo": "cl3o"}


def binaries():
    """Return the folder of the server's programs, None where there are none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("pg_ctl")
    folders += [Path(found).parent] if found else []
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


class Postgres:
    """One server with a database `team`; TCP on 127.0.0.1, with passwords."""

    def __init__(self, folder):
        self.bin = binaries()
        if self.bin is None:
            pytest.skip("no PostgreSQL programs (initdb, pg_ctl) were found")
        self.user = "postgres" if os.getuid() == 0 else None  # It refuses to run as root.
        if self.user and shutil.which("setpriv") is None:
            pytest.skip("PostgreSQL does not run as root, and there is no setpriv")
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def run(self, program, *args, **more):
        command = [str(self.bin / program), *map(str, args)]
        if self.user:
            command = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups",
                       *command]  # fmt: skip
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/", **more)

    def make(self):
        self.folder.mkdir(parents=True)
        if self.user:
            shutil.chown(self.folder, self.user, self.user)
        self.run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "postgres", "--no-sync")
        hba = self.folder / "data" / "pg_hba.conf"
        local = "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\n"
        hba.write_text(local + "host all all 127.0.0.1/32 scram-sha-256\n")
        self.start()
        self.sql("CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'k33per'")
        self.sql("CREATE DATABASE team OWNER keeper")
        for name in ("ann", "bob", "eve", "cleo"):
            self.sql(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORDS[name]}'")
        return self

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 " \
                  f"-c unix_socket_directories='{self.folder}'"  # fmt: skip
        self.run("pg_ctl", "-D", self.folder / "data", "-o", options, "-l", self.folder / "log",
                 "-w", "start")  # fmt: skip

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")

    def kill(self):
        """Kill the server and all its processes as a power cut would."""
        main = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(main, 9)
        for _ in range(100):
            if not Path(f"/proc/{main}").exists():
                break
            time.sleep(0.05)

    def sql(self, text, database="postgres"):
        """Run statements as the superuser; return the rows of the last one."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True
        ) as connection:
            done = connection.execute(text)
            return done.fetchall() if done.description else []

    def url(self, login, port=None, password=True):
        secret = f":{PASSWORDS[login]}" if password else ""
        return f"postgresql://{login}{secret}@127.0.0.1:{port or self.port}/team"
