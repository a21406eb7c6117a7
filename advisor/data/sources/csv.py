"""CSV files, packed or not, in any of the usual encodings."""

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import pandas as pd

from advisor.data.inference import MIN_PER_CLASS, check_columns
from advisor.data.intake import counted
from advisor.data.limits import CHUNK, check_chunks, check_lines
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, RawTable, as_path, existing_file
from advisor.data.sources.encodings import PLAIN, latin_encoding, marked_encoding
from advisor.data.sources.packed import content_of, inner_suffix, is_packed
from advisor.faults import one_line
from knowledge_base.errors import UserError

SEPARATORS = ",;\t"
OTHER_SEPARATOR = "|"
"""Separates only where none of the others does."""

COMMENT = "#"
HEAD_BYTES = 2**20
"""Bytes of a file that its encoding is told by."""

CLASS_WORDS = frozenset({"none", "na", "n/a", "null"})
"""Words, in lower case, that pandas reads as missing but that may be classes of a target."""

_DECIMAL_COMMA = re.compile(r"(^|;)\s*-?\d+,\d+\s*(;|$)")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.I)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


class CsvSource(DataSource):
    """CSV files with a header, separated by comma, semicolon, tab or bar, maybe packed.

    Between semicolons numbers may have a decimal comma, as spreadsheets write them in much
    of Europe. Lines before the header that begin with # are comments.
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt")

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of a CSV file."""
        path = as_path(source)
        return path is not None and inner_suffix(path) in self.SUFFIXES

    def read(self, source: object, request: DataRequest) -> RawTable:
        """Read the file; types are inferred."""
        path = existing_file(source)
        frame, notes = read_csv(content_of(path) if is_packed(path) else path, str(path), request)
        return RawTable(frame, request, path.name, "file", notes=notes)


def read_csv(
    content: Path | bytes, where: str, request: DataRequest
) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns of a CSV file by their types, and notes on how it was read.

    Args:
        content: the file, or what is in it.
        where: how errors call it.
        request: of these count the columns with texts and the target.

    Raises:
        UserError: it is no CSV file, or beyond the limits.
    """
    try:
        if isinstance(content, Path):
            check_lines(content)
        else:
            pieces = (content[at : at + CHUNK] for at in range(0, len(content), CHUNK))
            check_chunks(pieces, where)
        return _read_encoded(content, where, request)
    except pd.errors.EmptyDataError:
        raise UserError(f"{where} is empty.") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error, OSError) as error:
        raise UserError(f"{where} cannot be read as CSV: {one_line(error)}.") from error


def _read_encoded(
    content: Path | bytes, where: str, request: DataRequest
) -> tuple[pd.DataFrame, list[str]]:
    with _open(content) as file:
        head = file.read(HEAD_BYTES)
    encoding = marked_encoding(head)
    try:
        frame, notes = _read(content, where, request, encoding)
    except UnicodeError as error:
        whole = content.read_bytes() if isinstance(content, Path) else content
        latin = None if encoding != PLAIN else latin_encoding(whole)
        if latin is None:
            raise _no_text(where, error) from error
        frame, notes = _read(content, where, request, latin)
        notes.append(f"It is not in UTF-8 and was read as {latin}; if names look odd, save it so.")
        return frame, notes
    if encoding != PLAIN:
        notes.append(f"It was read as {encoding.upper()}.")
    return frame, notes


def _no_text(where: str, error: UnicodeError) -> UserError:
    at = f" (byte {error.start}: {error.reason})" if isinstance(error, UnicodeDecodeError) else ""
    return UserError(f"{where} is not a text file in UTF-8{at}; save it as UTF-8.")


@dataclass(frozen=True)
class _Form:
    """How the lines of a file are to be read.

    Attributes:
        skip: lines before the header.
        comments: whether some of these are comments.
        separator: of columns.
        names: of the columns.
        first: the first row.
    """

    skip: int
    comments: bool
    separator: str
    names: list[str]
    first: str


def _read(
    content: Path | bytes, where: str, request: DataRequest, encoding: str
) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns by their types; texts and classes are taken literally."""
    form = _form_of(content, encoding)
    # pandas would rename the second of two equal columns without a word.
    check_columns(pd.Index(form.names), Path(where).name)
    if form.comments:
        content, form, encoding = _without_comments(content, form, encoding)
    with warnings.catch_warnings():
        # Rows longer than the header would lose their last cells with a warning only.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        comma = form.separator == ";" and _has_comma(content, form, request, encoding)

        def read(**more: object) -> pd.DataFrame:
            reader: Callable[..., pd.DataFrame] = pd.read_csv
            place = content if isinstance(content, Path) else io.BytesIO(content)
            return partial(
                reader,
                place,
                sep=form.separator,
                index_col=False,
                decimal="," if comma else ".",
                encoding=encoding,
                skipinitialspace=True,
                skiprows=form.skip,
                low_memory=False,  # with it, the type of a column may change on the way
            )(**more)

        literal = [name for name in request.literal if name in form.names]
        frame = read(dtype=dict.fromkeys(literal, str)) if literal else read()
        if request.text in frame.columns:
            # "NA" and "none" are words, and a text of digits is no number.
            frame[request.text] = _literally(read, str(request.text))
        if request.labelled:
            return frame, _with_classes(frame, request, read)
        if request.target in literal:  # it is known already which words are classes
            frame[request.target] = _literally(read, str(request.target))
    return frame, []


def _has_comma(content: Path | bytes, form: _Form, request: DataRequest, encoding: str) -> bool:
    """Return whether numbers have a decimal comma; the first row tells, of new rows any."""
    if request.labelled:
        return _DECIMAL_COMMA.search(form.first) is not None
    with io.TextIOWrapper(_open(content), encoding=encoding, errors="replace") as file:
        return any(_DECIMAL_COMMA.search(line.rstrip("\n")) for line in file)


def _literally(read: Callable[..., pd.DataFrame], column: str) -> pd.Series:
    return read(usecols=[column], dtype=str, keep_default_na=False)[column]


def _with_classes(
    frame: pd.DataFrame, request: DataRequest, read: Callable[..., pd.DataFrame]
) -> list[str]:
    """Put classes called None or NA into the target of a frame, and return notes on that."""
    target = request.target
    if target not in frame.columns or target in (request.text, request.time):
        return []
    label = frame[target]
    wanted = request.as_types.get(str(target)) == "category"
    missing = label.isna()
    if not missing.any() or not (wanted or pd.api.types.infer_dtype(label) == "string"):
        return []
    words = _literally(read, str(target)).where(missing, "").str.strip()
    counts = Counter(words[words != ""])
    classes = [
        word
        for word, count in counts.most_common()
        if count >= MIN_PER_CLASS and (wanted or word.lower() in CLASS_WORDS)
    ]
    notes = []
    if classes:
        frame[target] = label.astype(object).where(~words.isin(classes), words)
        rows = counted(sum(counts[word] for word in classes), "row")
        notes.append(
            f"{' and '.join(map(repr, classes))} in {rows} of '{target}' is taken as a class, not "
            "as missing; empty these cells if you mean that."
        )
    others = [word for word in counts if word not in classes]
    if others:
        notes.append(
            f"'{others[0]}' in '{target}' counts as missing; `as_types={target}=category` keeps it "
            f"where {MIN_PER_CLASS} rows have it."
        )
    return notes


def _form_of(content: Path | bytes, encoding: str) -> _Form:
    """Look at the first lines of a file."""
    skip, comments, separator, header, first = 0, 0, "", "", ""
    with io.TextIOWrapper(_open(content), encoding=encoding, errors="replace") as file:
        passed: list[str] = []
        for line in (line.rstrip("\n") for line in file):
            told = _SEPARATOR_LINE.fullmatch(line.strip()) if not passed else None
            if told is not None:
                skip, separator = 1, told[1]
            elif not line.strip():
                skip += not header
            elif header:
                first = line
                break
            elif line.startswith(COMMENT):
                passed.append(line)
                skip += 1
            else:
                header = line
    last = passed[-1] if passed else ""
    chosen = separator or _separator(header or last)
    if passed and (not header or _n_cells(last, chosen) == _n_cells(header, chosen) > 1):
        # The last line with a # has as many cells as the row below: it is the header.
        header, first, skip = last, header, skip - 1
        comments = len(passed) - 1
    else:
        comments = len(passed)
    names = next(csv.reader([header], delimiter=chosen), [])
    return _Form(skip, comments > 0, chosen, names, first)


def _separator(header: str) -> str:
    """Return what separates the names of a header; what stands in quotes does not count."""
    bare = _QUOTED.sub("", header)
    found = max(SEPARATORS, key=bare.count)
    return OTHER_SEPARATOR if found not in bare and OTHER_SEPARATOR in bare else found


def _n_cells(line: str, separator: str) -> int:
    return len(next(csv.reader([line], delimiter=separator), []))


def _without_comments(
    content: Path | bytes, form: _Form, encoding: str
) -> tuple[bytes, _Form, str]:
    """Return the lines from the header on, without those among them that are comments."""
    whole = content.read_bytes() if isinstance(content, Path) else content
    lines = whole.decode(encoding).split("\n")[form.skip :]
    kept = lines[:1] + [line for line in lines[1:] if not line.startswith(COMMENT)]
    plain = _Form(0, False, form.separator, form.names, form.first)
    return "\n".join(kept).encode(), plain, "utf-8"


def _open(content: Path | bytes) -> io.BufferedReader | io.BytesIO:
    return content.open("rb") if isinstance(content, Path) else io.BytesIO(content)
