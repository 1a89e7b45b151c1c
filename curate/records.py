"""The record schema, and the reading and writing of records.

A record is one conversation. In Python a pool of records is a `datasets.Dataset` with these columns:

    id          string, unique in the pool
    messages    list of {role, content, reasoning_content}; roles `system`, `user`, `assistant`
    candidates  list of {content, reasoning_content, generator, finish_reason, scores}
    scores      struct of float64, each named by what it measures
    labels      struct of strings
    embedding   list of float32, unit length
    source      where the record comes from

and whatever other columns the input had. On disk a pool is JSONL, one record a line, null values left out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypedDict

import pyarrow as pa
from datasets import Dataset, Features, Json, List, Value


class CurateError(Exception):
    """What the user can mend: one sentence with the file, the key or the record, what was found, and what to do."""


class Message(TypedDict, total=False):
    """One turn of a conversation."""

    role: str
    content: str
    reasoning_content: str | None


ROLES = ("system", "user", "assistant")

MESSAGES = List({"role": Value("string"), "content": Value("string"), "reasoning_content": Value("string")})


def scores_feature(names: Iterable[str]) -> dict[str, Value]:
    """The Arrow type of a `scores` struct with these fields."""
    return {name: Value("float64") for name in sorted(names)}


def candidates_feature(scores: Iterable[str] = ()) -> List:
    """The Arrow type of a `candidates` column whose candidates carry these scores."""
    fields: dict[str, Any] = {
        name: Value("string") for name in ("content", "reasoning_content", "generator", "finish_reason")
    }
    named = scores_feature(scores)
    return List({**fields, "scores": named} if named else fields)


def digest(*parts: Any) -> str:
    """A stable name (32 hexadecimal digits) of the canonical JSON of `parts`."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def derive_seed(*parts: Any) -> int:
    """A seed in [0, 2**63) that depends on `parts` alone: a run's seed, a stage, a record's id, a candidate's number.

    Randomness drawn from it does not depend on how records are batched or sharded.
    """
    return int(digest(*parts)[:16], 16) >> 1
