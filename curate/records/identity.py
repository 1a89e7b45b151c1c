"""Names and seeds that follow from content alone, and so do not depend on how records are batched or sharded."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(*parts: Any) -> str:
    """A stable name (32 hexadecimal digits) of the canonical JSON of `parts`."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def derive_seed(*parts: Any) -> int:
    """A seed in [0, 2**63) that depends on `parts` alone: a run's seed, a stage, a record's id, a candidate's number.

    Randomness drawn from it does not depend on how records are batched or sharded.
    """
    return int(digest(*parts)[:16], 16) >> 1
