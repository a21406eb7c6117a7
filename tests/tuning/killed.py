"""Kills a search at its steps on the disk, one process for each, and lets it go on.

Run as `python killed.py WHAT FOLDER STEP...`; it prints what was left, as JSON. A step is an
operation on a file that Python tells its audit hooks of, so that the moments are the same in
every run. The search is killed before the first step that begins as each STEP, or, without any,
before every third. Searches run in forks of a process that has imported everything and computed
nothing.
"""

import importlib
import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "os.truncate")
OURS = ("advisor", "knowledge_base", "torch", "sklearn", "duckdb", "pyarrow", "pandas", "scipy")


class Steps:
    """Counts the steps of this process in the folder of a study, and ends it at one of them."""

    def __init__(self, folder, last=None):
        self.folder, self.last, self.count = str(folder), last, 0
        self.names = []
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if event not in STEPS or threading.current_thread() is not threading.main_thread():
            return
        path = str(arguments[0])
        relative = event in ("os.remove", "os.rmdir") and arguments[-1] not in (-1, None)
        if not (relative or path.startswith(self.folder)) or "__pycache__" in path:
            return
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        # What is cut off before it is a study is told as such; others test that.
        if not (Path(self.folder) / "study.json").exists():
            return
        self.count += 1
        self.names.append(f"{event} {Path(path).name}")
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def forked(function):
    """Run a function in a fork; return what it returned, None where it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        code = 1
        try:
            with os.fdopen(writing, "w") as pipe:
                json.dump(function(), pipe)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    assert status == 0, f"the search ended with {status}"
    return json.loads(text)


def main(what, folder, wanted):
    case = importlib.import_module(what)

    def whole():
        steps = Steps(folder / "whole" / case.STUDY)
        found = case.search(folder / "whole", False)
        ours = [name for name in sys.modules if name.split(".")[0] in OURS]
        return {"steps": steps.names, "left": case.left(found), "modules": ours}

    def killed(last):
        Steps(folder / str(last) / case.STUDY, last)
        case.search(folder / str(last), False)

    def again(last):
        return case.left(case.search(folder / str(last), True))

    expected = forked(whole)
    for name in expected.pop("modules"):  # What each of the next ones would import again.
        importlib.import_module(name)
    left = {}
    names = expected["steps"]
    places = [next(n for n, name in enumerate(names, 1) if name.startswith(w)) for w in wanted]
    for last in places or range(1, len(names) + 1, 3):
        forked(lambda last=last: killed(last))
        left[last] = forked(lambda last=last: again(last))
        left[last]["loaded"] = forked(lambda last=last: case.loaded(folder / str(last)))
    expected["left"]["loaded"] = forked(lambda: case.loaded(folder / "whole"))
    print(json.dumps({**expected, "after": left}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
