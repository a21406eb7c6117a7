"""A search that is killed and goes on leaves the model of one that was not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MOMENTS = {
    "os.mkdir s": 4,  # It begins: nothing is trained.
    "open .000000.safetensors": 4,  # The networks of the first trial are about to be written.
    "open trials.jsonl": 4,  # They lie there, the trial does not.
    "os.rename .default.safetensors": 3,  # The first trial is finished.
    "os.rename .000002.safetensors": 1,  # So are all but the last.
    "os.mkdir model": 0,  # All is trained.
    "os.rename .weights": 0,  # The weights of the model are being written.
    "os.rename .model.json": 0,  # They lie there, what says so does not.
}
"""When it is killed, and how many configurations, one the default, are trained afterwards."""


@pytest.mark.slow
def test_a_killed_search_ends_with_the_model_of_one_that_was_not(tmp_path):
    driver = str(Path(__file__).parent / "killed.py")
    command = [sys.executable, driver, "killed_table", str(tmp_path), *MOMENTS]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    expected = found["left"]
    assert expected.pop("trained") == 4
    assert expected["predicted"] == expected["loaded"]
    assert [left.pop("trained") for left in found["after"].values()] == list(MOMENTS.values())
    for moment, left in zip(MOMENTS, found["after"].values(), strict=True):
        assert left == expected, moment
