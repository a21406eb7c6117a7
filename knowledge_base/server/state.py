"""What this computer has of a server: how far it read, in a small file beside the copy."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from knowledge_base.durable import PRIVATE_FOLDER, reason_of, write_text
from knowledge_base.errors import KnowledgeBaseError

NAME = "server.json"


@dataclass(frozen=True)
class Seen:
    """How far a server was read.

    Attributes:
        instance: which server it was; another one, or a restored one, is read from its beginning.
        horizon: all transactions with smaller numbers had ended, and what they added is here.
        curves: the same for learning curves, which are read only when they are asked for.
        quarantine: digest of the quarantine.
    """

    instance: str = ""
    horizon: int = 0
    curves: int = 0
    quarantine: str = ""


def seen_in(folder: Path) -> Seen:
    """Return what was seen; nothing, where the file is missing or cannot be understood."""
    with suppress(OSError, ValueError, TypeError):
        return Seen(**json.loads((folder / NAME).read_text(encoding="utf-8")))
    return Seen()


def keep(folder: Path, seen: Seen) -> None:
    """Write down what was seen; only after it is durable here.

    Raises:
        KnowledgeBaseError: the folder cannot be written.
    """
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        write_text(folder / NAME, json.dumps(asdict(seen)))
    except OSError as error:
        raise KnowledgeBaseError(f"{folder} cannot be written: {reason_of(error)}.") from error
