"""Code that a study names runs only if it is what it was, or is named in the call."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from advisor import Advisor
from advisor.comparison.comparison import resume_comparison, start_comparison
from advisor.comparison.plan import Plan
from advisor.settings import Settings
from advisor.tuning.search import resume, start
from knowledge_base import KnowledgeBase, UserError
from knowledge_base.checksums import DIGEST, sealed
from knowledge_base.studies import StudyDirectory

TRAIN = "def train(config, report):\n    return config['x']\n"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Settings of a search with a function in a file of the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(
        "{name: own, hyperparameters: {x: {type: float, low: 0, high: 1}}}"
    )
    Path("own_runs.py").write_text(TRAIN)
    return Settings(objective="own_runs.py:train", space="space.yaml", trials=2, n_warm=0,
                    direction="minimize")  # fmt: skip


def test_functions_of_one_name_in_two_folders_are_two_tasks(own):
    kb = KnowledgeBase(seed=False)
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "train.py").write_text(TRAIN)
        start(replace(own, objective=f"{folder}/train.py:train"), kb).run()
        start(replace(own, objective=f"{folder}/../{folder}/train.py:train"), kb).run()
    assert len(kb.tasks()) == 2
    assert all(name.startswith("train ") for name in kb.tasks()["name"])


def test_the_same_words_in_another_folder_do_not_find_the_study(own, tmp_path, monkeypatch):
    kb = KnowledgeBase(seed=False)
    start(own, kb).run()
    (tmp_path / "b").mkdir()
    for name in ("own_runs.py", "space.yaml"):
        (tmp_path / "b" / name).write_text((tmp_path / name).read_text())
    monkeypatch.chdir(tmp_path / "b")
    with pytest.raises(UserError, match="was started with these arguments"):
        resume(replace(own, space=str(tmp_path / "space.yaml")), kb)


def changed(path, **settings):
    content = json.loads((path / "study.json").read_text())
    content["settings"] |= settings
    content.pop(DIGEST)
    (path / "study.json").write_text(sealed(json.dumps(content)))


def test_code_that_changed_is_run_only_where_it_is_named_again(own, tmp_path):
    kb = KnowledgeBase(seed=False)
    path = start(own, kb).path
    assert resume(Settings(), kb, path.name).run().reason == "finished"
    Path("own_runs.py").write_text("open('ran', 'w')\n" + TRAIN)
    with pytest.raises(UserError, match=r"changed since .* add `objective=/.*/own_runs.py:train`"):
        resume(Settings(), kb, path.name)
    assert not Path("ran").exists()
    assert resume(own, kb, path.name, trials=3).run().reason == "finished"
    assert Path("ran").exists()
    assert resume(Settings(), kb, path.name, trials=4).run().reason == "finished"  # It is known.


def test_other_code_than_the_study_was_made_with_is_not_run(own):
    kb = KnowledgeBase(seed=False)
    path = start(own, kb).path
    Path("evil.py").write_text("open('ran', 'w')\n" + TRAIN)
    for reference in ("evil.py:train", "own_runs.py:other"):
        changed(path, objective=reference)
        with pytest.raises(UserError, match="names other code"):
            resume(Settings(), kb, path.name)
    changed(path, objective="own_runs.py:train")
    Path("own_runs.py").unlink()
    with pytest.raises(UserError, match="does not exist any more"):
        resume(Settings(), kb, path.name)
    assert not Path("ran").exists()


def test_a_study_goes_on_from_another_working_directory(own, tmp_path, monkeypatch):
    kb = KnowledgeBase(seed=False)
    path = start(replace(own, space=str(tmp_path / "space.yaml")), kb).path
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    assert resume(Settings(), kb, path.name).run().reason == "finished"


def stripped(path):
    """Make a study one that does not say what its code was, as version 0.1 did."""
    content = json.loads((path / "study.json").read_text())
    del content["settings"]["code"]
    content.pop(DIGEST)
    (path / "study.json").write_text(sealed(json.dumps(content)))


def test_code_without_a_digest_is_run_only_where_it_is_named(own):
    kb = KnowledgeBase(seed=False)
    path = start(own, kb).path
    stripped(path)
    Path("own_runs.py").write_text("open('ran', 'w')\n" + TRAIN)
    with pytest.raises(UserError, match=r"not what it was .* add `objective=own_runs.py:train`"):
        resume(Settings(), kb, path.name)
    assert not Path("ran").exists()
    assert resume(own, kb, path.name).run().reason == "finished"
    assert Path("ran").exists()
    assert resume(Settings(), kb, path.name, trials=3).run().reason == "finished"  # It is known.


@pytest.mark.parametrize("reference", ["a` b.py:train", "a\nb.py:train", "a\x1bb.py:train"])
def test_what_is_to_be_typed_is_no_trap(own, reference):
    kb = KnowledgeBase(seed=False)
    path = start(own, kb).path
    stripped(path)
    content = json.loads((path / "study.json").read_text())
    content["settings"]["objective"] = reference
    content.pop(DIGEST)
    (path / "study.json").write_text(sealed(json.dumps(content)))
    with pytest.raises(UserError, match="add its file as `objective`"):
        resume(Settings(), kb, path.name)


def test_a_module_without_a_digest_is_not_run_in_a_comparison_either(own):
    Path("net_of_mine.py").write_text("open('ran', 'w')\ndef build(config, n, m):\n    pass\n")
    kb = KnowledgeBase(seed=False)
    settings = Settings(data="sklearn:iris", trials=1, max_epochs=1)
    made = start_comparison(Plan(settings, ("random",)), kb, "c")
    (study,) = made.path.glob("*/")
    changed(study, module="net_of_mine.py:build", space="space.yaml", family=None)
    with pytest.raises(UserError, match=r"add `module=net_of_mine.py:build`"):
        resume_comparison(Plan(settings, ("random",)), kb, "c").run()
    assert not Path("ran").exists()


def test_files_that_the_file_imports_from_its_folder_are_code_as_well(own):
    Path("own_pack").mkdir()
    Path("own_runs.py").write_text(
        "import own_helper\ndef train(config, report):\n    from own_pack.inner import f\n"
        "    return f(config['x'])\n"
    )
    Path("own_helper.py").write_text("VALUE = 1\n")
    Path("own_pack/__init__.py").write_text("from . import deeper\n")
    Path("own_pack/inner.py").write_text("def f(x):\n    return x\n")
    Path("own_pack/deeper.py").write_text("import own_by_name\n")
    Path("own_by_name.py").write_text("")
    Path("unrelated.py").write_text("")
    kb = KnowledgeBase(seed=False)
    path = start(own, kb).path
    kept = StudyDirectory.open(path).settings["code"]["objective"]["modules"]
    names = ["own_by_name.py", "own_helper.py", *(f"own_pack/{n}.py" for n in
             ("__init__", "deeper", "inner"))]  # fmt: skip
    assert sorted(kept) == names
    Path("unrelated.py").write_text("# changed\n")
    assert resume(Settings(), kb, path.name).run().reason == "finished"
    for name in names:
        before = Path(name).read_text()
        Path(name).write_text(before + "open('ran', 'w')\n")
        with pytest.raises(UserError, match=f"{name}, which own_runs.py imports, changed since"):
            resume(Settings(), kb, path.name)
        Path(name).write_text(before)
    Path("own_pack.py").touch()  # A package comes before a module of its name.
    assert resume(Settings(), kb, path.name, trials=3).run().reason == "finished"
    Path("own_helper").mkdir()
    Path("own_helper/__init__.py").write_text("open('ran', 'w')\n")
    with pytest.raises(UserError, match=r"__init__.py, which own_runs.py imports, came since"):
        resume(Settings(), kb, path.name)
    assert not Path("ran").exists()
    search = resume(own, kb, path.name)
    assert "came since the study" in search.notes[0]


def test_what_a_file_finds_in_a_folder_that_it_adds_is_code_as_well(own):
    Path("own_lib").mkdir()
    Path("own_lib/own_found.py").write_text("")
    Path("own_runs.py").write_text(
        "import sys\nsys.path.insert(0, 'own_lib')\nimport own_found\n" + TRAIN
    )
    kb = KnowledgeBase(seed=False)
    path = start(own, kb).path
    Path("own_lib/own_found.py").write_text("# changed\n")
    with pytest.raises(UserError, match=r"own_found.py, which own_runs.py imports, changed"):
        resume(Settings(), kb, path.name)


def test_studies_that_kept_only_the_file_go_on_and_keep_the_rest(own):
    Path("own_more.py").write_text("")
    Path("own_runs.py").write_text("import own_more\n" + TRAIN)
    kb = KnowledgeBase(seed=False)
    path = start(own, kb).path
    code = StudyDirectory.open(path).settings["code"]
    del code["objective"]["modules"]
    changed(path, code=code)
    assert resume(Settings(), kb, path.name).run().reason == "finished"
    Path("own_more.py").write_text("# changed\n")
    with pytest.raises(UserError, match=r"own_more.py, which own_runs.py imports, changed"):
        resume(Settings(), kb, path.name)


def test_a_study_folder_that_moved_goes_on(own, tmp_path):
    kb = KnowledgeBase(seed=False)
    path = start(replace(own, space=str(tmp_path / "space.yaml")), kb).path
    path.rename(tmp_path / "moved")
    assert resume(Settings(), kb, "moved", tmp_path).run().reason == "finished"


def test_code_under_another_name_goes_on_once_it_was_named(own):
    kb = KnowledgeBase(seed=False)
    path = start(own, kb).path
    Path("own_runs.py").rename("own_renamed.py")
    with pytest.raises(UserError, match="does not exist any more"):
        resume(Settings(), kb, path.name)
    renamed = replace(own, objective="own_renamed.py:train")
    assert resume(renamed, kb, path.name).run().reason == "finished"
    assert resume(Settings(), kb, path.name, trials=3).run().reason == "finished"


def test_the_study_of_another_user_is_not_run(own, monkeypatch):
    kb = KnowledgeBase(seed=False)
    path = start(own, kb).path
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.raises(UserError, match="belongs to another user"):
        resume(own, kb, path.name)
    data = start(Settings(data="sklearn:iris", trials=1, max_epochs=1), kb).path
    assert resume(Settings(), kb, data.name).path == data  # It runs no code of anybody's.


def test_a_comparison_whose_function_changed_goes_on_only_where_it_is_named(own, tmp_path):
    it = Advisor(tmp_path / "k.duckdb")
    given = {"objective": "own_runs.py:train", "space": "space.yaml", "direction": "minimize"}
    done = it.compare(strategies=["random"], trials=1, **given)
    Path("own_runs.py").write_text("# changed\n" + TRAIN)
    with pytest.raises(UserError, match="changed since"):
        it.compare(strategies=["random"], trials=2, name=done.path.name, resume=True)
    again = it.compare(strategies=["random"], trials=2, name=done.path.name, resume=True, **given)
    assert again.standings()[0].trials.mean == 2


# The line that a search prints to go on with it


def advise(*words):
    return subprocess.run(
        [sys.executable, "-c", "from advisor.cli import run; run()", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def go_on(words, where):
    """Run what a search printed, in a shell and in another folder."""
    advisor = f"{shlex.quote(sys.executable)} -c 'from advisor.cli import run; run()'"
    line = words.replace("advisor", advisor, 1)
    return subprocess.run(
        ["sh", "-c", line], cwd=where, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_line_to_go_on_with_is_complete(own, tmp_path):
    folder = tmp_path / "my 'own' $things"
    folder.mkdir()
    (folder / "own code.py").write_text(
        f"import os\nfrom pathlib import Path\n{TRAIN}"
        "os.environ.get('TOUCH') and Path(__file__).open('a').write('# changed\\n')\n"
    )
    words = ["tune", "--objective", str(folder / "own code.py:train"),
             "--space", str(tmp_path / "space.yaml"), "--kb", str(folder / "k b.duckdb"),
             "--no-contribute", "--trials", "100", "--timeout", "0.0001s",
             "--direction", "minimize"]  # fmt: skip
    plain = advise(*words, "--study", "plain").stdout.splitlines()[-1].strip()
    assert "--objective" not in plain
    assert go_on(f"{plain} --trials 1", tmp_path / "..").returncode == 0
    assert not (folder / "k b.duckdb.journal").exists()
    os.environ["TOUCH"] = "1"
    try:
        changed = advise(*words, "--study", "changed").stdout.splitlines()[-1].strip()
    finally:
        del os.environ["TOUCH"]
    assert "--objective" in changed
    done = go_on(f"{changed} --trials 1", tmp_path / "..")
    assert done.returncode == 0, done.stderr
    assert "changed since the study 'changed' was made" in done.stderr


def test_the_line_of_a_study_that_was_made_longer_says_how_long(own):
    words = ["tune", "--study", "long", "--timeout", "0.0001s", "--direction", "minimize"]
    advise(*words, "--objective", "own_runs.py:train", "--space", "space.yaml", "--trials", "1")
    line = advise(*words, "--resume", "--trials", "9").stdout.splitlines()[-1]
    assert " --trials 9 " in line


def test_the_refusal_says_what_to_type(own):
    path = start(own, KnowledgeBase()).path
    stripped(path)
    told = advise("tune", "--study", path.name, "--resume")
    assert told.returncode == 2
    assert told.stderr.splitlines()[-1].endswith("add --objective own_runs.py:train.")
    named = advise("tune", "--study", path.name, "--resume", "--objective", "own_runs.py:train")
    assert named.returncode == 0
