"""Import files one by one, and say for each what was opened and what is recommended afterwards.

    python traced_imports.py PLAN.json

PLAN.json has `kb` (a knowledge base), `data` (tables, for which is asked before and after each
import) and `sources` (names, with what is imported, one after the other, each as lists of keywords
of `Advisor.contribute`). One JSON line per source is printed. Each source begins and ends with a
look at a file that is not there, so that a trace of system calls can be told apart.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

BEGIN, END = "/begin-of-import/", "/end-of-import"
OPENS = {"open", "os.listdir", "os.scandir", "sqlite3.connect"}
NEVER = {
    "socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn",
    "os.fork", "os.forkpty", "os.symlink", "os.link",
}  # fmt: skip

opened: set[str] = set()
started: set[str] = set()
watching = False


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Hear of everything that Python itself opens or starts."""
    if watching and event in OPENS and isinstance(arguments[0], str | bytes | os.PathLike):
        opened.add(os.path.realpath(os.fsdecode(arguments[0])))
    elif watching and event in NEVER:
        started.add(event)


def state(kb: Path) -> str:
    """Return a digest of all that recommendations depend on."""
    made = hashlib.blake2b()
    for path in sorted(kb.parent.rglob("*")):
        if path.is_file():
            made.update(str(path).encode() + path.read_bytes())
    return made.hexdigest()


def main(plan_file: str) -> None:
    """Do what the plan says."""
    global watching
    from advisor import Advisor, UserError

    plan = json.loads(Path(plan_file).read_text())
    advisor = Advisor(plan["kb"])

    def recommend() -> list[list[object]]:
        found = [advisor.recommend(data, target="y", n=3) for data in plan["data"]]
        return [[item.to_dict() for item in advice.recommendations] for advice in found]

    known, answer = "", None
    for name, calls in {"": [], **plan["sources"]}.items():
        opened.clear()
        started.clear()
        os.path.exists(BEGIN + name)
        watching = True
        said = []
        for call in calls:
            try:
                said.append(advisor.contribute(**call).to_dict())
            except UserError as error:
                said.append(str(error))
        watching = False
        os.path.exists(END)
        if state(advisor.kb.path) != known:  # Else nothing else can be recommended.
            known, answer = state(advisor.kb.path), recommend()
        print(json.dumps({"name": name, "said": said, "opened": sorted(opened),
                          "started": sorted(started), "recommended": answer}))  # fmt: skip


if __name__ == "__main__":
    sys.addaudithook(watch)
    main(sys.argv[1])
