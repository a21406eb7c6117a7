"""Which encoding a file of text is in: told by its first bytes, else UTF-8, else Windows Latin."""

import codecs

PLAIN = "utf-8-sig"
"""UTF-8, with or without a byte order mark."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNUSED = b"\x81\x8d\x8f\x90\x9d"
"""Bytes that mean nothing in Windows Latin."""
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\x1a"))
"""Bytes that no text has."""


def marked_encoding(head: bytes) -> str:
    """Return the encoding that the first bytes of a file tell, UTF-8 if they tell none.

    UTF-16 without a byte order mark shows in every other byte being zero.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[start:400:2], head[1 - start : 400 : 2]
        if len(head) > 8 and zeros.count(0) > 0.8 * len(zeros) and 0 not in others:
            return encoding
    return PLAIN


def latin_encoding(content: bytes) -> str | None:
    """Return which Latin encoding bytes that are no UTF-8 are in, None if they are no text."""
    if content.translate(None, _CONTROLS) != content:
        return None
    return "cp1252" if content.translate(None, _UNUSED) == content else "latin-1"
