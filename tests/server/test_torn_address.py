"""A password that tears its address is shown by no message, not in part."""

import pytest
from click.testing import CliRunner

from advisor.cli import main
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.server.address import address

TORN = (
    "anna:secret@word@db.example.org/team",
    "anna:secret/word@db.example.org/team",
    "anna:12?secret@word/team",
    "anna:12?secret=word@db.example.org/team",
    "anna:12#secret@word/team",
    "anna:secret[word@db.example.org/team",
    "anna:secret@word@word@db.example.org/team",
)


@pytest.mark.parametrize("rest", TORN)
def test_no_part_of_it_is_shown(rest, monkeypatch):
    with pytest.raises(KnowledgeBaseError, match="%40 for @") as found:
        address(f"postgresql://{rest}")
    assert "secret" not in str(found.value)
    assert "word@" not in str(found.value)
    monkeypatch.setenv("ADVISOR_KB", f"postgresql://{rest}")
    done = CliRunner().invoke(main, ["kb", "info"])
    assert done.exit_code == 2
    assert "secret" not in done.output
    assert "word@" not in done.output


@pytest.mark.parametrize(
    ("rest", "shown"),
    [
        ("anna:se%40cret@db/team", "anna@db/team"),
        ("db/team?user=anna@corp&password=a@b", "db/team?user=anna%40corp"),
        ("anna@[::1]:5432/team?sslmode=require", "anna@[::1]:5432/team?sslmode=require"),
    ],
)
def test_what_is_written_as_it_ought_to_be_is_understood(rest, shown):
    assert address(f"postgresql://{rest}").shown == f"postgresql://{shown}"
