"""Open what Advisor shows to other tools in these tools, and a notebook that shows our objects.

    python -m venv VENV
    VENV/bin/pip install optuna-dashboard mlflow nbclient nbconvert ipykernel
    python -m scripts.checks.viewers VENV [-o PICTURES]

The tools are in an environment of their own, for they need much that Advisor does not; what writes
for them, and the kernel of the notebook, is this Python, which finds their packages after its own.
Pages are opened in Chromium by Playwright. A viewer that is not installed is skipped with a word.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scripts import ROOT
from scripts.chromium import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WAIT_SECONDS = 180
"""Seconds within which a server answers, or a page shows what it should."""

POINT = ".scatterlayer .point"
"""A trial in a chart of optuna-dashboard."""

RUN = "import sys; sys.path.append({site!r}); from {module} import main; main()"
"""Runs a command of ours with packages of others behind our own."""

SEARCH = """
from pathlib import Path
import numpy as np
from advisor import Advisor

rng = np.random.default_rng(0)
lines = ["width,height,colour,label"]
for row in range(90):
    x, y = rng.normal(size=2)
    lines.append(f"{x:.3f},{y:.3f},{'red' if row % 3 else 'blue'},{'yes' if x + y > 0 else 'no'}")
Path("flowers.csv").write_text("\\n".join(lines) + "\\n")
Advisor("kb.duckdb").tune("flowers.csv", "label", trials=6, max_epochs=4, name="flowers")
"""

CELLS = (
    "import plotly.io\nplotly.io.renderers.default = 'plotly_mimetype+notebook'\n"
    "from advisor import Advisor\nadvisor = Advisor('kb.duckdb')\nadvisor.kb",
    "advice = advisor.recommend('flowers.csv', 'label', n=3)\nadvice",
    "search = advisor.tune('flowers.csv', 'label', trials=3, max_epochs=2, name='in-notebook')",
    "search",
    "search.plot()",
    "advice.plot()",
    "advisor.compare('flowers.csv', 'label', strategies=['random', 'sobol'], trials=2,\n"
    "                max_epochs=2)",
)
"""A notebook as a user would write it; Plotly is to be told where nbconvert is to show charts."""


@dataclass(frozen=True)
class Place:
    """Where the checks work.

    Attributes:
        folder: of the knowledge base and of what is written for the tools.
        tools: environment of the tools.
        pictures: folder of what was seen.
    """

    folder: Path
    tools: Path
    pictures: Path

    def tool(self, name: str) -> str | None:
        """Return a command of the tools, None where it is not installed."""
        return shutil.which(name, path=str(self.tools / "bin"))

    @property
    def site(self) -> str:
        """The folder of the tools' packages."""
        return str(next((self.tools / "lib").glob("python3*/site-packages")))

    @property
    def environment(self) -> dict[str, str]:
        """The environment of commands: with the checkout, and nothing of the user's own."""
        return {**os.environ, "PYTHONPATH": str(ROOT), "ADVISOR_KB": str(self.folder / "kb.duckdb"),
                "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}  # fmt: skip

    def ours(self, *arguments: str) -> str:
        """Run `advisor` and return what it printed."""
        code = RUN.format(site=self.site, module="advisor.cli")
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, *arguments], cwd=self.folder, env=self.environment,
            text=True, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise click.ClickException(f"advisor {' '.join(arguments)}:\n{done.stderr}")
        return done.stdout


@contextmanager
def serving(place: Place, command: Sequence[str], port: int) -> Iterator[str]:
    """Run a server until the context ends; give its address once it answers."""
    log = place.folder / f"{Path(command[0]).name}.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=place.folder, env=place.environment, stdout=file,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        address, ends = f"http://127.0.0.1:{port}", time.monotonic() + WAIT_SECONDS
        try:
            while not _answers(address):
                if process.poll() is not None or time.monotonic() > ends:
                    raise click.ClickException(f"{command[0]} does not answer:\n{log.read_text()}")
                time.sleep(0.2)
            yield address
        finally:
            os.killpg(process.pid, 15)
            process.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def page_of(browser: "Browser", place: Place, name: str) -> Iterator["Page"]:
    """Give a page; when the context ends, a picture is taken, whatever happened."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(1000 * WAIT_SECONDS)
    try:
        yield page
        page.wait_for_timeout(500)  # Charts of others are drawn with a movement.
    finally:
        page.screenshot(path=place.pictures / f"{name}.png")
        context.close()


def optuna(place: Place, browser: "Browser") -> str | None:
    """Show a study and a shipped task in optuna-dashboard; return why it is left out."""
    command = place.tool("optuna-dashboard")
    if command is None:
        return "optuna-dashboard is not installed there"
    task = json.loads(place.ours("kb", "tasks", "--format", "json"))
    shipped = next(row for row in task if row["layer"] == "seed")
    url = "sqlite:///optuna.db"
    place.ours("kb", "export", "--to", "optuna", url, "--study", "flowers")
    place.ours("kb", "export", "--to", "optuna", url, "--task", shipped["task_id"])
    port = free_port()
    with serving(place, [command, url, "--host", "127.0.0.1", "--port", str(port)], port) as at:
        with page_of(browser, place, "optuna-studies") as page:
            page.goto(at)
            page.get_by_text("1. flowers").first.wait_for()
            page.get_by_text(f"2. {shipped['name']}").first.wait_for()
        with page_of(browser, place, "optuna-study") as page:
            page.goto(at)
            page.get_by_text("1. flowers").first.click()
            page.locator(POINT).first.wait_for(state="attached")
            page.get_by_text("Best Trial").first.wait_for()
        with page_of(browser, place, "optuna-task") as page:
            page.goto(at)
            page.get_by_text(f"2. {shipped['name']}").first.click()
            page.locator(POINT).first.wait_for(state="attached")
    return None


def mlflow(place: Place, browser: "Browser") -> str | None:
    """Show a study in MLflow; return why it is left out."""
    command = place.tool("mlflow")
    if command is None:
        return "MLflow is not installed there"
    url = "sqlite:///mlflow.db"
    place.ours("kb", "export", "--to", "mlflow", url, "--study", "flowers")
    port = free_port()
    server = [command, "server", "--backend-store-uri", url, "--host", "127.0.0.1", "--port",
              str(port), "--workers", "1"]  # fmt: skip
    with serving(place, server, port) as at:
        with page_of(browser, place, "mlflow-experiments") as page:
            page.goto(f"{at}/#/experiments")
            page.get_by_text("flowers", exact=True).first.wait_for()
        with page_of(browser, place, "mlflow-runs") as page:
            page.goto(f"{at}/#/experiments/1/runs")
            page.get_by_text("trial 0", exact=True).first.wait_for()
        with page_of(browser, place, "mlflow-run") as page:
            page.goto(f"{at}/#/experiments/1/runs")
            page.get_by_text("trial 0", exact=True).first.click()
            page.get_by_text("learning_rate").first.wait_for()
    return None


def notebook(place: Place, browser: "Browser") -> str | None:
    """Run a notebook and open it as a page; return why it is left out."""
    execute = place.tool("jupyter-execute")
    if execute is None or place.tool("jupyter-nbconvert") is None:
        return "nbclient and nbconvert are not installed there"
    kernel = place.folder / "kernels" / "kernels" / "advisor"
    kernel.mkdir(parents=True, exist_ok=True)
    code = RUN.format(site=place.site, module="ipykernel.kernelapp").replace(
        "import main; main()", "import launch_new_instance; launch_new_instance()"
    )
    argv = [sys.executable, "-P", "-c", code, "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "advisor", "language": "python"})
    )
    told = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    cells = [{**told, "id": f"cell-{n}", "source": text} for n, text in enumerate(CELLS)]
    spec = {"name": "advisor", "display_name": "advisor", "language": "python"}
    file = place.folder / "shown.ipynb"
    file.write_text(json.dumps({"cells": cells, "metadata": {"kernelspec": spec},
                                "nbformat": 4, "nbformat_minor": 5}))  # fmt: skip
    environment = {**place.environment, "JUPYTER_PATH": str(kernel.parent.parent)}
    for command in ([execute, "--inplace", str(file)],
                    [str(place.tool("jupyter-nbconvert")), "--to", "html", str(file)]):  # fmt: skip
        done = subprocess.run(command, cwd=place.folder, env=environment, text=True,
                              capture_output=True, check=False)  # fmt: skip
        if done.returncode:
            raise click.ClickException(done.stderr[-3000:])
    _check_outputs(json.loads(file.read_text()))
    with page_of(browser, place, "notebook") as page:
        page.goto(file.with_suffix(".html").as_uri())
        page.locator("progress").wait_for()
        page.locator(".js-plotly-plot .main-svg").nth(1).wait_for(state="attached")
        # As tall as the notebook, so that the picture has all of it.
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": 1280, "height": min(height, 12_000)})
    return None


def _check_outputs(found: dict[str, list[dict[str, object]]]) -> None:
    """Refuse a notebook in which something shows itself as text alone, or complains."""
    kinds = []
    for cell in found["cells"]:
        outputs = cell["outputs"]
        assert isinstance(outputs, list)
        for output in outputs:
            if output["output_type"] == "stream":
                print(f"  a cell printed: {''.join(output['text'])[:300]}")
        shown = {kind for output in outputs for kind in output.get("data", {})}
        kinds.append(shown)
    for place in (0, 1, 2, 3, 6):
        assert "text/html" in kinds[place], (CELLS[place], kinds[place])
    for place in (4, 5):
        assert any("plotly" in kind for kind in kinds[place]), (CELLS[place], kinds[place])
    bars = json.dumps(found["cells"][2]["outputs"])
    assert 'value=\\"3\\" max=\\"3\\"' in bars, bars[:500]


CHECKS: dict[str, Callable[[Place, "Browser"], str | None]] = {
    "optuna-dashboard": optuna,
    "MLflow": mlflow,
    "a notebook": notebook,
}


@click.command()
@click.argument("tools", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-o", "--pictures", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for pictures of what was seen.")  # fmt: skip
@click.option("--kept", type=click.Path(path_type=Path, file_okay=False),
              help="Folder in which the search stays for the next time.")  # fmt: skip
@click.option("--only", type=click.Choice(list(CHECKS)), help="This viewer alone.")
def main(tools: Path, pictures: Path | None, kept: Path | None, only: str | None) -> None:
    """Open what Advisor shows to other tools in those that the environment TOOLS has."""
    from playwright.sync_api import sync_playwright

    installed = chromium()
    if installed is None:
        raise click.ClickException("There is no Chromium on this machine.")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        seen = pictures or Path(home) / "pictures"
        seen.mkdir(parents=True, exist_ok=True)
        folder = (kept or Path(home)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        place = Place(folder, tools.resolve(), seen.resolve())
        if not (folder / "studies").exists():
            subprocess.run([sys.executable, "-P", "-c", SEARCH], cwd=folder,
                           env=place.environment, check=True)  # fmt: skip
        browser = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        try:
            for name, check in CHECKS.items():
                if only in (None, name):
                    left_out = check(place, browser)
                    print(f"{name}: {f'skipped, {left_out}' if left_out else 'shown'}")
        finally:
            browser.close()


if __name__ == "__main__":
    main()
