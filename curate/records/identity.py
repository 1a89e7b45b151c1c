"""Names and seeds that follow from content alone, and so do not depend on how records are batched or sharded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(order="sorted").encode

MARK_DIGITS = 12  # 48 bits


def digest(*parts: Any) -> str:
    """A stable name (32 hexadecimal digits) of the canonical JSON of `parts`."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def conversation_digest(messages: Any) -> str:
    """`digest` of messages, which hold texts alone, and many times faster."""
    return hashlib.blake2b(_encode([messages]), digest_size=16).hexdigest()


def derive_seed(*parts: Any) -> int:
    """A seed in [0, 2**63) that depends on `parts` alone: a run's seed, a stage, a record's id, a candidate's number.

    Randomness drawn from it does not depend on how records are batched or sharded.
    """
    return int(digest(*parts)[:16], 16) >> 1


def unforeseen_mark(texts: Sequence[str], *parts: Any) -> str:
    """Hexadecimal digits between which a prompt may quote `texts`: they occur in none of them.

    They follow from `parts`, a run's seed among them, and from the texts themselves, so that no text could have
    foreseen them.
    """
    marks = (digest(*parts, list(texts), number)[:MARK_DIGITS] for number in count())
    return next(mark for mark in marks if not any(mark in text for text in texts))
