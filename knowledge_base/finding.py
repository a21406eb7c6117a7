"""Names of studies and of other directories below one folder: new ones, and finding old ones."""

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from knowledge_base.durable import PRIVATE_FOLDER, private_folder, reason_of
from knowledge_base.errors import UserError
from knowledge_base.naming import did_you_mean
from knowledge_base.studies import StudyDirectory

MAX_NAME = 150
"""Characters that the name of a study may have."""


def new_path(root: Path, label: str, name: str | None, kind: str = "study") -> Path:
    """Return a path for a new study: its name, or a label with the first free number.

    Args:
        root: folder of studies.
        label: label of what is searched, such as a data set's name.
        name: name that the user wants, None for one made from the label.
        kind: what the directory will hold; becomes part of the label unless it is a study.

    Raises:
        UserError: the name holds other characters than it may, or is there already.
    """
    if name is not None:
        if re.fullmatch(r"[\w-][\w.-]*", name) is None or len(name) > MAX_NAME:
            raise UserError(
                f"`study` {name[:MAX_NAME]!r} may hold letters, digits, '.', '_' and '-' only, not "
                f"begin with '.', and have {MAX_NAME} characters at most."
            )
        if (root / name).exists():
            raise _taken(root / name, kind)
        return root / name
    label = re.sub(r"[^\w.-]+", "-", label).lstrip(".")[:MAX_NAME] or kind
    label = label if kind == "study" else f"{label}-{kind}"
    numbers = (number for number in range(1, 1_000_000))
    return next(path for n in numbers if not (path := root / f"{label}-{n}").exists())


def claim_path(root: Path, label: str, name: str | None, kind: str = "study") -> Path:
    """Make the empty folder of a new study; of several processes, one gets a path.

    Args:
        root, label, name, kind: as for `new_path`.

    Raises:
        UserError: as for `new_path`, or the folder cannot be made.
    """
    while True:
        path = new_path(root, label, name, kind)
        try:
            private_folder(root)
            path.mkdir(mode=PRIVATE_FOLDER)
        except FileExistsError:  # Another process was quicker.
            if name is not None or not root.is_dir():
                raise _taken(path, kind) from None
        except OSError as error:
            raise UserError(f"The {kind} {path} cannot be written: {reason_of(error)}.") from error
        else:
            return path


def _taken(path: Path, kind: str) -> UserError:
    if not path.is_dir() or any(path.iterdir()):
        return UserError(f"The {kind} '{path.name}' exists already; add `resume` to go on with it.")
    return UserError(
        f"The {kind} '{path.name}' is being made by another process, or {path} is empty since one "
        "was cut off; wait, remove that folder, or take another name."
    )


def find_study(
    root: Path,
    name: str | None,
    signatures: Collection[str],
    same: Callable[[StudyDirectory], bool] = lambda directory: True,
) -> Path:
    """Return the study of a name below `root`, or the newest that has one of the signatures.

    Args:
        root: folder of studies.
        name: name as the user gave it, None to look for the signatures.
        signatures: digests of the settings that a study was started with.
        same: whether a study of such a signature is one that may be meant.

    Raises:
        UserError: there is no such study; the known ones are listed.
    """

    def signature_of(path: Path) -> str | None:
        directory = StudyDirectory.open(path)
        signature: str | None = directory.settings.get("signature")
        return signature if signature not in signatures or same(directory) else None

    return find(root, "study.json", name, signatures, signature_of)


def find(
    root: Path,
    file: str,
    name: str | None,
    signatures: Collection[str],
    signature_of: Callable[[Path], str | None],
) -> Path:
    """Return the directory of a name below `root`, or the newest that has one of the signatures.

    Args:
        root: folder of directories.
        file: name of the file by which they are known, such as "study.json".
        name: name as the user gave it, None to look for the signatures.
        signatures: digests of the settings that a directory was started with.
        signature_of: function that reads the signature of a directory.

    Raises:
        UserError: there is no such directory; the known ones are listed.
    """
    if name is not None:
        return named(root, file, name)
    kind, known = _known(root, file)
    same = []
    for each in known:
        with suppress(UserError):  # A damaged one stops none of the others.
            same += [root / each] if signature_of(root / each) in signatures else []
    if not same:
        raise UserError(
            f"No {kind} in {root} was started with these arguments. {_listing(known, kind)} "
            "Name one with `study=NAME` and `resume`."
        )
    return max(same, key=lambda path: (path / file).stat().st_mtime)


def named(root: Path, file: str, name: str) -> Path:
    """Return the directory of a name below `root`.

    Raises:
        UserError: there is no such directory; the nearest or the known ones are named.
    """
    kind, known = _known(root, file)
    if name in known:
        return root / name
    hint = did_you_mean(name, known, otherwise=_listing(known, kind))
    raise UserError(f"There is no {kind} '{name}' in {root}. {hint}")


def _known(root: Path, file: str) -> tuple[str, list[str]]:
    """Return what the directories are, such as "study", and the names of all below `root`."""
    names = sorted(path.parent.name for path in root.glob(f"*/{file}"))
    return file.removesuffix(".json"), names


def _listing(known: list[str], kind: str) -> str:
    many = "studies" if kind == "study" else f"{kind}s"
    shown = ", ".join(known[-5:])
    return f"Known {many}: {shown}." if known else f"There are no {many} yet."
