"""Who only looks at a study sees who runs it, and disturbs nobody."""

import os
import signal
import subprocess
import sys

from knowledge_base.locking import is_held
from knowledge_base.sharing import FOLDER, Claim, present, take_place

RUNS = """
import sys, time
from pathlib import Path
from knowledge_base.sharing import Claim, take_place
place = take_place(Path(sys.argv[1]))
place.claim(Claim([{"rate": 0.5}], 3))
print("there", flush=True)
time.sleep(60)
"""


def test_a_process_is_seen_while_it_lives_and_not_after_it_was_killed(tmp_path):
    assert present(tmp_path) == []
    process = subprocess.Popen([sys.executable, "-c", RUNS, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"there\n"
        ((configs, number),) = [(claim.configs, claim.number) for claim in present(tmp_path)]
        assert (configs, number) == ([{"rate": 0.5}], 3)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert list((tmp_path / FOLDER).glob("*.json"))  # What it left does not count.
    assert present(tmp_path) == []


def test_looking_writes_nothing_and_lets_others_in(tmp_path):
    place = take_place(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for _ in range(3):
        assert [(claim.name, claim.number) for claim in present(tmp_path)] == [(place.name, None)]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    other = take_place(tmp_path, join=True)
    assert len(present(tmp_path)) == 2
    other.leave()
    place.leave()
    assert present(tmp_path) == []
    take_place(tmp_path).leave()


def test_a_claim_that_is_being_written_is_a_process_without_one(tmp_path):
    place = take_place(tmp_path)
    (tmp_path / FOLDER / f"{place.name}.json").write_text('{"configs": [')
    assert present(tmp_path) == [Claim(name=place.name)]
    place.leave()


def test_a_lock_that_is_not_there_is_held_by_nobody(tmp_path):
    assert not is_held(tmp_path / "none")
    assert os.listdir(tmp_path) == []
