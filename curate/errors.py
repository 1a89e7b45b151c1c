"""Errors that a user can mend, and the sentences that they are told in."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


class CurateError(Exception):
    """What the user can mend: one sentence with the file, the key or the record, what was found, and what to do."""


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
