import os

import lacking
import pytest

from scripts.chromium import chromium

os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption("--lacking", action="store_true",
                     help="run what the last run skipped for want of a library, and fail where one "
                          "is lacking still")  # fmt: skip
    parser.addoption("--cards", action="store_true",
                     help="let tests see graphics cards; without it, networks train on the "
                          "processor as on machines that have none")  # fmt: skip


def pytest_configure(config):
    lacking.configure(config)
    if not config.getoption("--cards"):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """No test writes what the shipped trials teach into the user's own cache.

    Processes that run the tests side by side share one, so that it is learned once.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "shared-cache"))
        yield


@pytest.fixture(autouse=True)
def _own_knowledge_base(tmp_path, monkeypatch):
    """No test reads or writes the user's own knowledge base."""
    monkeypatch.setenv("ADVISOR_KB", str(tmp_path / "kb" / "knowledge_base.duckdb"))
    monkeypatch.setenv("ADVISOR_CONTRIBUTOR", "tester")


@pytest.fixture(scope="session")
def browser():
    """Chromium, one for all tests: Playwright runs one loop in a process."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = chromium()
    if found is None:
        pytest.skip("there is no Chromium on this machine (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        # Chromium cannot make a sandbox for root, as whom containers run tests.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()
