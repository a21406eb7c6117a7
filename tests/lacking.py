"""Tests that were skipped for want of a library: remembered, and run alone by `--lacking`.

A fixture or a module that lacks one says so by `pytest.importorskip`, or with a reason that names
the extra to install.
"""

import pytest

REMEMBERED = "advisor/lacking"
"""Where pytest's cache keeps what the last run skipped."""

SLOW = "slow"
"""What `-m` says of a run of the slow tests, which comes after that of all others."""

SAID = ("could not import", "pip install 'advisor-automl[")
"""What reasons of such skips have in them."""


class Lacking:
    """Notes in one process what a run skips, or what workers tell that it does."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.found: dict[str, str] = {}
        self.heard: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        self.heard.add(report.nodeid)
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2]
            if any(said in reason for said in SAID):
                self.found[report.nodeid] = reason

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.config.getoption("lacking"):
            if hasattr(self.config, "cache"):  # `-p no:cacheprovider` remembers nothing.
                self.config.cache.set(REMEMBERED, sorted({*self.found, *self._of_others()}))
        elif self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _of_others(self) -> list[str]:
        """Return what an earlier run skipped, where this one is of the slow tests only."""
        if self.config.getoption("markexpr") != SLOW:
            return []
        return [name for name in self.config.cache.get(REMEMBERED, []) if name not in self.heard]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name, reason in self.found.items() if self.config.getoption("lacking") else ():
            terminalreporter.write_line(f"STILL LACKING {name}: {reason}", red=True)


def configure(config: pytest.Config) -> None:
    """Note what is skipped; with `--lacking`, run what was skipped last."""
    if not hasattr(config, "workerinput"):  # Workers tell what they skip.
        config.pluginmanager.register(Lacking(config), "lacking")
    if not config.getoption("lacking"):
        return
    last = config.cache.get(REMEMBERED, None) if hasattr(config, "cache") else None
    if last is None:
        raise pytest.UsageError("No run of the tests is remembered; run ./scripts/test first.")
    if not last:
        pytest.exit("No test lacked a library in the last run.", returncode=0)
    config.args[:] = last
    config.option.markexpr = ""  # Slow ones are among them.
