"""Commands in forks of one process that has imported the command line and done nothing.

Run as a program, it reads what to run as lines of JSON, and answers each with an exit code. What a
command does to files it does in a process of its own, with the rights of that which was started;
only its imports, which take longer than most commands, are made once for all of them.
"""

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path


class Forks:
    """Runs commands in forks.

    Attributes:
        process: the one that forks.
    """

    def __init__(self, rights, environment, folder):
        """Start the process.

        Args:
            rights: what is put before its command, such as `setpriv` and its options.
            environment: variables to start with.
            folder: where outputs are put.
        """
        self._out, self._err = folder / "out", folder / "err"
        self.process = subprocess.Popen(
            [*rights, sys.executable, __file__], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(self, words, folder, environment):
        """Return exit code, output and errors of a command that runs in a folder."""
        asked = {"words": words, "folder": str(folder), "environment": environment,
                 "out": str(self._out), "err": str(self._err)}  # fmt: skip
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()), self._out.read_text(), self._err.read_text()

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _as_asked(asked):
    """Be the command that was asked for; never returns."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # The next line is not for the command.
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = ["advisor", *asked["words"]]
        from advisor.cli import run

        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main():
    import advisor.cli.group
    import advisor.tuning.search  # noqa: F401

    for line in sys.stdin:
        child = os.fork()
        if not child:
            _as_asked(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).parent))
    main()
