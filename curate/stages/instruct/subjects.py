"""What instructions are made from: passages of documents, topics or personas, from files and lists."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from curate.errors import CurateError
from curate.records.reading import KINDS, TEXT, TEXTS, files_of, kind_of, rows_of
from curate.records.rows import Row
from curate.stages.instruct.passages import passages

DOCUMENTS = TEXTS + KINDS  # the kinds of files that are read
KEYS = {  # under which a row has its text
    "passage": (TEXT, "content", "document", "passage"),
    "topic": ("topic", TEXT),
    "persona": ("persona", TEXT),
}
PARAMETERS = {"documents": "passage", "topics": "topic", "personas": "persona"}

Kind = Literal["passage", "topic", "persona"]


@dataclass(frozen=True)
class Subject:
    """One passage, topic or persona; `where` is its file and line, where it has one."""

    kind: Kind
    text: str
    where: dict[str, Any]

    @property
    def source(self) -> dict[str, Any]:
        """What a record says of it."""
        return {**self.where, self.kind: self.text}


@dataclass(frozen=True)
class Subjects:
    """All subjects, in the order of their files, and the rows that cannot be read, as a run's quarantine has them."""

    subjects: list[Subject]
    unreadable: list[dict[str, Any]]

    @property
    def plural(self) -> str:
        """What they are called together."""
        return f"{self.subjects[0].kind}s"


_lock = threading.Lock()


def read_subjects(parameter: str, given: Any, words: int) -> Subjects:
    """What the value of `documents`, `topics` or `personas` holds; passages have `words` words at most.

    Raises CurateError, which begins with the parameter, when a source is missing or of another kind, or holds nothing.
    """
    kind: Any = PARAMETERS[parameter]
    if parameter != "documents" and isinstance(given, list):
        return Subjects([Subject(kind, text, {}) for text in given], [])
    sources = given if isinstance(given, list) else [given]
    with _lock:  # the shards of a run ask at the same time, and for the same
        found = _read(parameter, tuple(sources), words, check_sources(parameter, sources))
    if not found.subjects:
        first = f"; the first: line {found.unreadable[0]['line']}: {found.unreadable[0]['reason']}"
        raise CurateError(
            f"{parameter}: {', '.join(map(str, sources)):.200} holds no {kind}: {len(found.unreadable)} unreadable rows"
            f"{first if found.unreadable else ''}"
        )
    return found


def check_sources(parameter: str, sources: Sequence[Any]) -> tuple[tuple[str, int, int], ...]:
    """The name, time and size of each file; raises CurateError when one is missing or of another kind."""
    try:
        files = [file for source in sources if isinstance(source, Path) for file in files_of(source, DOCUMENTS)]
    except CurateError as error:
        raise CurateError(f"{parameter}: {error}") from None
    return tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)


@lru_cache(maxsize=1)
def _read(parameter: str, sources: Sequence[Any], words: int, state: object) -> Subjects:
    """The subjects of files and Hub datasets, as they are in this `state`."""
    found = Subjects([], [])
    for row in rows_of(list(sources), parameter, DOCUMENTS):
        try:
            found.subjects.extend(_subjects(row, PARAMETERS[parameter], words))
        except CurateError as error:
            fault = {"file": row.source, "line": row.line, "reason": str(error), "text": row.text}
            found.unreadable.append(fault)
    return found


def _subjects(row: Row, kind: Any, words: int) -> Iterator[Subject]:
    """The subjects in a row; the line of one in a text file is where it begins."""
    text = _text(row, KEYS[kind])
    whole_file = kind_of(Path(row.source)) in TEXTS
    if kind == "passage":
        cut = list(passages(text, words))
        if not cut:
            raise CurateError(f"the text holds no word, only {text.strip()!r:.80}")
        for begin, passage in cut:
            line = text.count("\n", 0, begin) + 1 if whole_file else row.line
            yield Subject(kind, passage, {"file": row.source, "line": line})
    elif whole_file:
        for line, words_of_line in enumerate(text.splitlines(), 1):
            if words_of_line.strip():
                yield Subject(kind, words_of_line.strip(), {"file": row.source, "line": line})
    else:
        yield Subject(kind, text.strip(), {"file": row.source, "line": row.line})


def _text(row: Row, keys: Sequence[str]) -> str:
    """The text under the first of `keys` that the row has; raises CurateError with what is there instead."""
    if row.fault:
        raise CurateError(row.fault)
    key = next((key for key in keys if key in row.content), None)
    if key is None:
        found = ", ".join(map(repr, row.content)) or "no keys"
        raise CurateError(f"one of the keys {', '.join(map(repr, keys))} is needed, found {found}")
    text = row.content[key]
    if not isinstance(text, str) or not text.strip():
        raise CurateError(f"{key} must be a text that is not empty, found {text!r:.80}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CurateError("the text holds half of a surrogate pair, which is not valid Unicode") from None
    return text
