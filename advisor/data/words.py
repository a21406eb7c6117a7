"""Words of texts in any script, without a dictionary.

Scripts that put no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) are
taken apart into characters. Elsewhere a word is a run of letters, digits and the marks that
belong to them: vowel signs of Indic scripts, points of Arabic and Hebrew, accents.
"""

import re
import unicodedata

_UNSPACED = (
    "\u0e00-\u0e4f\u0e80-\u0ecf\u1000-\u104f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
    "\u0900-\u0963\u0966-\u0df3\u0f71-\u0f84\u200c\u200d"
)
_UNSPACED_MARKS = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3"
)
_LETTER = rf"(?![{_UNSPACED}])\w"
_WORD = rf"[{_UNSPACED}][{_UNSPACED_MARKS}]*|{_LETTER}(?:{_LETTER}|[{_MARKS}])*"
_WORDS = re.compile(_WORD)
_TOKENS = re.compile(rf"{_WORD}|[^\w\s]")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, composed as Unicode's NFC has it."""
    return _WORDS.findall(unicodedata.normalize("NFC", text).lower())


def tokens(text: str) -> list[str]:
    """Return words and punctuation, each sign by itself, in lower case."""
    return _TOKENS.findall(unicodedata.normalize("NFC", text).lower())
