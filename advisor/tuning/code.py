"""Which code of the user's a study runs, and whether it is still the code that it began with.

A study's folder may come from elsewhere, and so may the name of a file in its `study.json`.
Code runs only where the user names it in the call, or where the file is what it was when the
study was made.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from advisor.settings import CODE, Settings
from advisor.training.loading import file_digest, split_reference
from knowledge_base.errors import UserError
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import JsonObject

KEPT = "code"
"""Name of the setting in `study.json` that keeps what the code was."""


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
            digest = file_digest(path)
            found[name] = {"file": str(path), "function": function, "sha256": digest}
    return found


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


def check_owner(path: Path, file: str = "study.json") -> None:
    """Refuse to go on with a study that belongs to another user of the machine.

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
        UserError: code is not what it was when the study was made, and the call does not
            name it.
    """
    run: dict[str, str] = {}
    notes: list[str] = []
    kept = directory.settings.get(KEPT)
    known: JsonObject = dict(kept) if isinstance(kept, Mapping) else {}
    for name in CODE:
        reference = getattr(stored, name)
        if getattr(now, name) is not None or not isinstance(reference, str):
            continue
        if name not in known:
            notes.append(
                f"The study '{directory.path.name}' was made before studies kept what their code "
                f"was; {reference.rpartition(':')[0]} is run as it is now."
            )
            continue
        run[name] = _unchanged(name, reference, known[name], directory.path.name)
    return replace(stored, **run), notes  # type: ignore[arg-type]


def _unchanged(name: str, reference: str, kept: object, study: str) -> str:
    """Return the reference to code that is what it was.

    Raises:
        UserError: it is not.
    """
    again = f"Look at it, then name it again with `{name}={reference}` to go on with it."
    entries = kept if isinstance(kept, Mapping) else {}
    path, function = Path(str(entries.get("file"))), str(entries.get("function"))
    file, _, named = reference.rpartition(":")
    if named != function or Path(file).name != path.name or path.resolve() != path:
        raise UserError(f"The study '{study}' names other code than it was made with. {again}")
    if not path.is_file():
        raise UserError(f"The file {path} of the study '{study}' does not exist any more. {again}")
    if file_digest(path) != entries.get("sha256"):
        raise UserError(f"The file {path} changed since the study '{study}' was made. {again}")
    return f"{path}:{function}"
