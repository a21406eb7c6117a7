"""The scripts that measure docs/scaling.md run, and count what was tried."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.parametrize(("script", "library"), [("optuna_study", "optuna"), ("ray_tune", "ray")])
def test_two_workers_share_four_trials(script, library, tmp_path):
    pytest.importorskip(library, reason=f"{library} is not installed")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script / "scaling.py"), "2", "4", "0.2"],
        capture_output=True, text=True, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cells = [cell.strip() for cell in done.stdout.splitlines()[-1].strip("| ").split("|")]
    assert cells[0] == "2"
    # Two that end at the same moment may each begin a last one.
    assert int(cells[1]) in (4, 5)
    assert 3 <= int(cells[2]) <= int(cells[1])
    assert float(cells[4]) > 0
