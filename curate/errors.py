"""Errors that a user can mend, and the sentences that they are told in."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class CurateError(Exception):
    """What the user can mend: one sentence with the file, the key or the record, what was found, and what to do."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """The end of a sentence that rejects `name`: the nearest valid name, or all of them."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"valid: {', '.join(names)}"


def explain(error: ValidationError, where: str, valid: Iterable[str]) -> CurateError:
    """The first fault that pydantic found, as one sentence that begins with `where`.

    `valid` are the keys that would have been accepted.
    """
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return CurateError(f"{where}: unknown key {key!r}; {nearest(key, valid)}")
    if first["type"] == "missing":
        return CurateError(f"{where}: the key {key!r} is missing; it is required")
    message = first["msg"][0].lower() + first["msg"][1:]
    return CurateError(f"{where}: {key}: {message}, found {first['input']!r}")


def first_line(error: BaseException) -> str:
    """The first line of an error of a library, which may run to many."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
