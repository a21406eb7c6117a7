"""Which code of the user's a study runs, and whether it is still the code that it began with.

A study's folder may come from elsewhere, and so may the name of a file in its `study.json`.
Code runs only where the user names it in the call, or where its files are what they were when
the study was made: the file itself, and those that it imports from its own folder.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from advisor.settings import CODE, Settings
from advisor.training.loading import file_digest, own_modules, split_reference
from advisor.training.sources import imported_files
from knowledge_base.errors import UserError
from knowledge_base.naming import printable
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import JsonObject

KEPT = "code"
"""Name of the setting in `study.json` that keeps what the code was."""

MODULES = "modules"
"""Digests of what a file imports from its own folder; the first studies with digests lack it."""


def code_kept(settings: Settings) -> JsonObject:
    """Return what a study keeps of the files with code that its settings name.

    Raises:
        UserError: a file does not exist or cannot be read.
    """
    found: JsonObject = {}
    for name in CODE:
        reference = getattr(settings, name)
        if isinstance(reference, str):
            path, function = split_reference(reference, name)
            path = path.resolve()
            found[name] = {
                "file": str(path),
                "function": function,
                "sha256": file_digest(path),
                MODULES: own_modules(path),
            }
    return found


def with_loaded(code: JsonObject) -> JsonObject:
    """Return what `code_kept` found, and what was loaded with the files since.

    Raises:
        UserError: a file cannot be read.
    """
    return {
        name: {**kept, MODULES: {**kept[MODULES], **own_modules(Path(kept["file"]))}}
        for name, kept in code.items()
    }


def runs_code(settings: Settings) -> bool:
    """Whether a search of these settings runs code of the user's."""
    return any(getattr(settings, name) is not None for name in CODE)


def lies_where_it_lay(settings: Settings, directory: StudyDirectory) -> bool:
    """Whether files with code that settings name are, by their folders, those of a study.

    The same words in another folder mean another file.
    """
    kept = directory.settings.get(KEPT)
    for name, known in (kept if isinstance(kept, Mapping) else {}).items():
        reference = getattr(settings, name, None)
        if isinstance(reference, str) and isinstance(known, Mapping):
            file = Path(reference.rpartition(":")[0]).resolve()
            if str(file) != known.get("file"):
                return False
    return True


def same_code(path: Path, study: str, code: JsonObject) -> bool:
    """Whether the study in a folder ran the same code as `code_kept` says of another.

    Args:
        path: of its folder.
        study: its identity.
        code: the other's; none is the same as none.
    """
    if not code or not (path / "study.json").is_file():
        return False
    try:
        directory = StudyDirectory.open(path)
    except UserError:
        return False  # It is damaged, and says nothing.
    kept = directory.settings.get(KEPT)
    known: JsonObject = dict(kept) if isinstance(kept, Mapping) else {}
    return directory.study.study_id == study and _contents(known) == _contents(code)


def _contents(code: JsonObject) -> list[tuple[str, object, object, object]]:
    """Return what code is, wherever its file lies."""
    entries = [(n, kept) for n, kept in sorted(code.items()) if isinstance(kept, Mapping)]
    return [(n, k.get("function"), k.get("sha256"), k.get(MODULES)) for n, k in entries]


def check_owner(path: Path, file: str = "study.json") -> None:
    """Refuse to run the code of a study that belongs to another user of the machine.

    Args:
        path: of its folder.
        file: name of the file in it that says what is run.

    Raises:
        UserError: the folder or that file is another user's.
    """
    if not hasattr(os, "getuid"):
        return
    for each in (path, path / file):
        if each.stat().st_uid != os.getuid():
            raise UserError(
                f"{each} belongs to another user, and going on with a study runs what its folder "
                "names. Start a study of your own, or make the folder yours."
            )


def code_again(
    stored: Settings, now: Settings, directory: StudyDirectory
) -> tuple[Settings, list[str]]:
    """Return settings of a study whose code may be run, and what to tell the user about it.

    Args:
        stored: settings of the study, with what the call gave again.
        now: settings of the call.
        directory: of the study.

    Raises:
        UserError: it is not known that code is what it was when the study was made, and the
            call does not name it.
    """
    run: dict[str, str] = {}
    notes: list[str] = []
    kept = directory.settings.get(KEPT)
    known: JsonObject = dict(kept) if isinstance(kept, Mapping) else {}
    for name in CODE:
        reference = getattr(stored, name)
        if not isinstance(reference, str):
            continue
        if getattr(now, name) is None:
            run[name] = _unchanged(name, reference, known.get(name), directory.path.name)
        elif name in known and (changed := _changed(Path(reference.rpartition(":")[0]),
                                                    known[name])):  # fmt: skip
            notes.append(
                f"{changed} since the study '{directory.path.name}' was made; its earlier trials "
                "are of the code as it was."
            )
    return replace(stored, **run), notes  # type: ignore[arg-type]


def keep(directory: StudyDirectory, code: JsonObject, settings: Settings, named: bool) -> None:
    """Let a study keep the code that it goes on with.

    Args:
        directory: of the study.
        code: what `code_kept` and `with_loaded` say of it.
        settings: of the study as it goes on.
        named: whether the user named the code in this call.

    Raises:
        UserError: the folder cannot be written to.
    """
    stored = directory.settings.get(KEPT)
    kept: JsonObject = dict(stored) if isinstance(stored, Mapping) else {}
    new = {n: what for n, what in code.items() if named or MODULES not in kept.get(n, {})}
    if new and {**kept, **new} != kept:
        references = {name: getattr(settings, name) for name in new} if named else {}
        directory.change_settings({KEPT: {**kept, **new}, **references})


def named_again(settings: Settings, directory: StudyDirectory) -> dict[str, str]:
    """Return what must be named to go on with a study: absolute references by parameter.

    That is code that changed since it was kept; there is none where the study's folder says all.
    """
    kept = directory.settings.get(KEPT)
    known: JsonObject = dict(kept) if isinstance(kept, Mapping) else {}
    found: dict[str, str] = {}
    for name in CODE:
        entry = known.get(name)
        if isinstance(getattr(settings, name), str) and isinstance(entry, Mapping):
            path = Path(str(entry.get("file")))
            if _changed(path, entry):
                found[name] = f"{path}:{entry.get('function')}"
    return found


def _unchanged(name: str, reference: str, kept: object, study: str) -> str:
    """Return the reference to code that is what it was.

    Raises:
        UserError: it is not, or that is not known; what to type is told.
    """
    if not isinstance(kept, Mapping):
        raise UserError(
            f"The study '{study}' names the code {printable(reference)}, but not what it was when "
            "the study was made, as studies of version 0.1 do and a stranger's may. "
            f"{_again(name, reference)}"
        )
    path, function = Path(str(kept.get("file"))), str(kept.get("function"))
    file, _, named = reference.rpartition(":")
    if named != function or Path(file).name != path.name or path.resolve() != path:
        raise UserError(
            f"The study '{study}' names other code than it was made with. {_again(name, reference)}"
        )
    if not path.is_file():
        raise UserError(
            f"The file {path} of the study '{study}' does not exist any more. To go on with "
            f"the file where it is now, add `{name}=FILE.py:{function}`."
        )
    if changed := _changed(path, kept):
        raise UserError(
            f"{changed} since the study '{study}' was made. {_again(name, f'{path}:{function}')}"
        )
    return f"{path}:{function}"


def _again(name: str, reference: str) -> str:
    """Return what to type to go on with code, once it was looked at."""
    # What a stranger's file names may be made to be taken for something else by a shell.
    safe = "`" not in reference and reference.isprintable()
    what = f"`{name}={reference}`" if safe else f"its file as `{name}`"
    return f"Look at it; to go on with it, add {what}."


def _changed(path: Path, kept: Mapping[str, object]) -> str:
    """Return which file of code is not what it was, as the begin of a sentence; "" for none."""
    path = path.resolve()
    if not path.is_file():
        return f"The file {path} went away"
    if file_digest(path) != kept.get("sha256"):
        return f"The file {path} changed"
    modules = kept.get(MODULES)
    if not isinstance(modules, Mapping):
        return ""  # The first studies with digests kept only that of the file.
    for name, digest in modules.items():
        each = path.parent / name
        if not each.is_file() or file_digest(each) != digest:
            return f"The file {each}, which {path.name} imports, changed"
    # Only what the code says counts here: what else is loaded depends on the process.
    for each in sorted(imported_files(path)):
        if each.relative_to(path.parent).as_posix() not in modules:
            return f"The file {each}, which {path.name} imports, came"
    return ""
