"""docs/team.md, followed word for word."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from postgresql import BINARIES, PostgreSQL, needs_postgresql

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "team.md").read_text(encoding="utf-8")


@pytest.mark.slow
@needs_postgresql
def test_the_page_does_what_it_says(tmp_path):
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "advisor"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from advisor.cli import run; run()" '
                       '"$@"\n')  # fmt: skip
    command.chmod(0o755)
    with PostgreSQL(tmp_path / "pg", "scram-sha-256", admin="postgres") as server:

        def follow(block, home):
            text = block.replace("db.example.org", f"127.0.0.1:{server.port}")
            here = {key: value for key, value in os.environ.items() if key != "ADVISOR_KB"}
            path = f"{folder}:{BINARIES}:{os.environ['PATH']}"
            here |= {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1",
                     "XDG_DATA_HOME": str(tmp_path / home)}  # fmt: skip
            done = subprocess.run(["bash", "-eu"], input=text, capture_output=True, text=True,
                                  env=here, cwd=tmp_path)  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            said = done.stdout + done.stderr
            assert not re.search(r"-word|administrator", said)
            return said

        administrator, anna, bob, carl, backup = blocks
        assert "'bob' is a writer of" in follow(administrator, "administrator")
        said = follow(anna, "anna")
        assert re.search(r"trials: +seed \d+, user 8\n", said)
        assert re.search(r"waiting: +0\n", said)
        said = follow(bob, "bob")
        assert "anna" in said
        assert "consulted 1 past tasks, 8 trials" in said  # Hers; he has made none.
        assert " lift " in follow(carl, "carl")
        follow(backup, "administrator")
        shutil.move(tmp_path / "anna", tmp_path / "anna-before")
        again = follow(bob.replace("/team", "/again"), "anna")
        assert "anna" in again
