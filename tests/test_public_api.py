"""What Python users see: names, help, errors, and what importing it costs."""

import ast
import io
import pydoc
import re
import subprocess
import sys
import tokenize
from importlib.metadata import version
from pathlib import Path

import pytest

import advisor
from advisor import Advisor, UserError

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(p for top in ("advisor", "knowledge_base") for p in (ROOT / top).rglob("*.py"))
HEAVY = ("torch", "scipy", "sklearn", "ConfigSpace")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def test_help_shows_every_public_name():
    shown = pydoc.plain(pydoc.render_doc(advisor))
    missing = [name for name in advisor.__all__ if not re.search(rf"\b{name}\b", shown)]
    assert not missing
    for name in (
        "Advisor",
        "KnowledgeBase",
        "Outcome",
        "Query",
        "SpaceDefinition",
        "Tuner",
        "tune",
    ):
        assert name in advisor.__all__
    methods = ("recommend", "tune", "compare", "contribute", "diagnose")
    assert not [name for name in methods if f"{name}(" not in shown]


def test_every_public_name_is_there_and_documented():
    assert set(advisor.__all__) <= set(dir(advisor))
    for name in advisor.__all__:
        assert (getattr(advisor, name).__doc__ or "").strip(), name
    with pytest.raises(AttributeError, match="Advisr"):
        _ = advisor.Advisr


def test_the_version_is_that_of_the_package():
    assert advisor.__version__ == version("advisor-automl")
    assert advisor.__version__ in pydoc.plain(pydoc.render_doc(advisor))


@pytest.mark.parametrize("call", [
    lambda data: Advisor().tune(data, "y", trails=3),
    lambda data: advisor.tune(data, "y", trails=3),
    lambda data: Advisor().compare(data, "y", trails=3),
    lambda data: Advisor().search(data, "y", trails=3),
], ids=["Advisor.tune", "tune", "Advisor.compare", "Advisor.search"])  # fmt: skip
def test_a_misspelt_keyword_says_which_there_are(tmp_path, call):
    (tmp_path / "data.csv").write_text("a,y\n" + "1,x\n2,z\n" * 20)
    with pytest.raises((UserError, TypeError), match="trials") as raised:
        call(tmp_path / "data.csv")
    text = str(raised.value)
    assert "trails" in text
    assert "__init__" not in text


@pytest.mark.parametrize(("call", "says"), [
    (lambda: Advisor().recommend("x.csv", horizn=3), "no 'horizn'. Did you mean 'horizon'"),
    (lambda: Advisor().contribute("x.csv", dryrun=True), "no 'dryrun'. Did you mean 'dry_run'"),
    (lambda: Advisor().diagnose("x", trials=1), "no 'trials'. Did you mean 'trial'"),
    (lambda: advisor.Tuner.create(None, strategie="random"), "It takes: space, kb, name"),
], ids=["recommend", "contribute", "diagnose", "Tuner.create"])  # fmt: skip
def test_every_public_call_says_which_keywords_it_takes(call, says):
    with pytest.raises(UserError, match=says):
        call()


@pytest.mark.parametrize("code", [
    "import advisor",
    "import advisor; [getattr(advisor, n) for n in ('Advice', 'KnowledgeBase', 'Query')]",
    "from advisor import Advisor",
    "from advisor.cli import main; main.get_command(None, 'recommend')",
])  # fmt: skip
def test_importing_brings_nothing_heavy(code):
    check = (
        f"import sys; found = set({HEAVY}) & set(sys.modules); sys.exit(str(found) if found else 0)"
    )
    found = subprocess.run([sys.executable, "-c", f"{code}\n{check}"], cwd=ROOT,
                           capture_output=True, text=True, check=False)  # fmt: skip
    assert found.returncode == 0, found.stderr


def test_types_are_precise():
    texts = [path.read_text(encoding="utf-8") for path in FILES]
    lines = sum(len(text.splitlines()) for text in texts)
    mentions = sum(len(re.findall(r"\bAny\b", text)) for text in texts)
    assert 1000 * mentions / lines < 5


def words_of(path):
    """Return the texts and comments of a file with their lines."""
    source = path.read_text(encoding="utf-8")
    found = [(node.lineno, node.value) for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)]  # fmt: skip
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return found + [(t.start[0], t.string) for t in tokens if t.type == tokenize.COMMENT]


def test_only_the_command_line_knows_how_options_are_spelled():
    below = [path for path in FILES if ROOT / "advisor" / "cli" not in path.parents]
    assert 0 < len(below) < len(FILES)
    found = [f"{path.relative_to(ROOT)}:{line}: {option}"
             for path in below for line, text in words_of(path)
             for option in OPTION.findall(text)]  # fmt: skip
    assert not found, "\n".join(found)
