"""Makes the pictures of docs/view.md: the view's main pages in a real browser.

    python -m scripts.pages.view_pictures

Needs Chromium and Playwright. Two small searches on a table of scikit-learn run first, so
that there is something to see; what they store lies in a temporary folder.
"""

import tempfile
import threading
from pathlib import Path

import click

from advisor.facade import Advisor
from advisor.view.server import view_server
from knowledge_base import KnowledgeBase
from scripts import DOCS
from scripts.chromium import chromium

FOLDER = DOCS / "view"
MAX_BYTES = 200_000
DATA, FIRST, SECOND = "sklearn:breast_cancer", "cancer-warm", "cancer-random"

WIDE = {"width": 1180, "height": 760}
NARROW = {"width": 390, "height": 760}


def searched(kb: KnowledgeBase) -> None:
    """Run two small searches, which leave their studies beside the knowledge base."""
    for name, strategy, n_warm in ((FIRST, "bayesian", None), (SECOND, "random", 0)):
        Advisor(kb).tune(
            DATA, trials=12, strategy=strategy, n_warm=n_warm, name=name, max_epochs=12, folds=1
        )


def pictures(kb: KnowledgeBase) -> dict[str, str]:
    """Return the addresses of the pages that are shown, by the names of their pictures."""
    task = kb.query("SELECT task_id FROM tasks WHERE layer = 'user'")["task_id"][0]
    return {
        "studies": "/studies",
        "study": f"/study?name={FIRST}",
        "pair": f"/pair?left={FIRST}&right={SECOND}",
        "trials": f"/trials?task={task}&sort=-value",
        "alike": f"/task/alike?id={task}",
        "contributors": "/contributors",
    }


def take(kb: KnowledgeBase, chromium: str) -> None:
    """Take a picture of each page, wide in the light, and of one narrow in the dark."""
    from playwright.sync_api import sync_playwright

    server = view_server(Advisor(kb))
    thread = threading.Thread(target=server.run)
    thread.start()
    base = server.address.split("/?")[0]
    shown = pictures(kb)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--font-render-hinting=none"]
            )
            for names, size, scheme, end in (
                (shown, WIDE, "light", ""),
                (("study",), NARROW, "dark", "-narrow"),
            ):
                page = browser.new_page(viewport=size, color_scheme=scheme)
                page.set_default_timeout(180_000)  # What ships may have to be learned first.
                page.goto(server.address)
                page.wait_for_url(f"{base}/")
                for name in names:
                    page.goto(base + shown[name])
                    _save(page.screenshot(), FOLDER / f"{name}{end}.png")
            browser.close()
    finally:
        server.stop()
        thread.join()


def _save(picture: bytes, path: Path) -> None:
    """Write a picture with the few colours that it needs."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(picture)) as image:
        image.convert("RGB").quantize(64).save(path, optimize=True)
    assert path.stat().st_size < MAX_BYTES, path


@click.command()
def main() -> None:
    """Make the pictures."""
    installed = chromium()
    if installed is None:
        raise click.ClickException("Chromium is not installed: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        kb = KnowledgeBase(Path(folder) / "knowledge_base.duckdb")
        searched(kb)
        take(kb, installed)
    click.echo(f"Wrote {len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}.")


if __name__ == "__main__":
    main()
