"""Errors that a user can mend, and the sentences that they are told in."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from curate.shown import one_line

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


_KEPT = "and give the same command again: what is finished is kept"
SYSTEM = {  # what to do about an error of the operating system
    errno.ENOSPC: f"make room there, {_KEPT}",
    errno.EDQUOT: f"make room there, {_KEPT}",
    errno.EFBIG: f"raise the limit of a file's size (ulimit -f), {_KEPT}",
    errno.EIO: f"see to the disk, {_KEPT}",
    errno.EROFS: "it can only be read there; name another place with -o",
    errno.EACCES: "see that you may read and write there, or name another place",
    errno.EPERM: "see that you may read and write there, or name another place",
    errno.EEXIST: "it is a file, and a directory is needed there; name another place with -o",
    errno.ENOTDIR: "a part of the path is a file; name another place",
    errno.EISDIR: "it is a directory, and a file is needed there; name another place",
    errno.ENOENT: f"see that the directory is there and stays, {_KEPT}",
    errno.ENAMETOOLONG: "name a shorter one",
    errno.ELOOP: "its symbolic links lead in a circle; name the file itself",
    errno.EMFILE: f"raise the number of open files (ulimit -n), {_KEPT}",
}


class CurateError(Exception):
    """What the user can mend: one sentence with the file, the key or the record, what was found, and what to do.

    It is one line, fit for a terminal, whatever stands in it (`curate/shown.py`).
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__(one_line(str(sentence)))


def of_system(error: OSError) -> CurateError | None:
    """What the operating system refuses, as a sentence with the path and what to do; None for a fault of no file."""
    if error.errno not in SYSTEM and error.filename is None:
        return None
    path = f"{error.filename}: " if error.filename is not None else ""
    said, remedy = error.strerror or str(error), SYSTEM.get(error.errno or 0, "see what is there")
    return CurateError(f"{path}{said[:1].lower()}{said[1:]}; {remedy}")


def nearest(name: str, valid: Iterable[str]) -> str:
    """The end of a sentence that rejects `name`: the nearest valid name, or all of them."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"valid: {', '.join(names)}"


def explain(error: ValidationError, where: str, schema: type[BaseModel] | Iterable[str]) -> CurateError:
    """The first fault that pydantic found, as one sentence that begins with `where`.

    `schema` is the model that was validated, or the keys that would have been accepted.
    """
    first = error.errors()[0]
    *path, last = first["loc"] or ("",)
    key = ".".join(str(part) for part in first["loc"] if "[" not in str(part))  # those of a union
    if first["type"] == "extra_forbidden":
        inside = f" in {'.'.join(map(str, path))}" if path else ""
        valid = _keys_at(schema, path)
        return CurateError(
            f"{where}: unknown key {str(last)!r}{inside}" + (f"; {nearest(str(last), valid)}" if valid else "")
        )
    if first["type"] == "missing":
        return CurateError(f"{where}: the key {key!r} is missing; it is required")
    message = first["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return CurateError(f"{where}: {': '.join(filter(None, (key, message)))}, found {first['input']!r}")


def _keys_at(schema: Any, path: Iterable[str | int]) -> list[str]:
    """The keys that are valid at `path` in a pydantic model, none where it cannot be told."""
    fields = getattr(schema, "model_fields", None)
    if fields is None:
        return [] if list(path) else list(schema)
    for part in path:
        if isinstance(part, str):
            fields = _inner_fields(fields[part].annotation) if part in fields else {}
    return list(fields)


def _inner_fields(annotation: Any) -> Mapping[str, Any]:
    """The fields of the pydantic model in an annotation: `list[Message]`, `Message | None` ..."""
    fields: Mapping[str, Any] | None = getattr(annotation, "model_fields", None)
    if fields is not None:
        return fields
    return next(filter(None, map(_inner_fields, get_args(annotation))), {})


def first_line(error: BaseException) -> str:
    """The first line of an error of a library, which may run to many."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
