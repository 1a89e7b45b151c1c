"""What of a row a column can hold, and JSON can say."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from curate.errors import CurateError
from curate.records.values import Columns, clean_row


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (math.nan, "'x': nan is no JSON number; leave it out, or write null"),
        ([{"a": -math.inf}], "'x': -inf is no JSON number"),
        (1 << 64, "'x': an integer of more than 64 bits; write it as a text"),
        ({"a": -(1 << 63) - 1}, "'x': an integer of more than 64 bits"),
        (json.loads("[" * 101 + "]" * 101), "'x': nested more than 100 levels deep"),
        ("\ud800", "'x': a text holds half of a surrogate pair"),
        ({"\udfff": 1}, "'x': a text holds half of a surrogate pair"),
        ({1: 2}, "'x': a key is a text, found int"),
        (object, "'x': type has no place in JSON"),
    ],
)
def test_what_json_cannot_hold_is_named_with_its_key(value: Any, fault: str) -> None:
    with pytest.raises(CurateError, match=f"^{fault}"):
        clean_row({"id": "a", "x": value})


def test_a_key_with_a_nul_is_named() -> None:
    with pytest.raises(CurateError, match=r"'a\\x00b': a key is a text without NUL"):
        clean_row({"a\0b": 1})


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (1 << 63, 1 << 63),
        (json.loads("[" * 100 + "]" * 100), json.loads("[" * 100 + "]" * 100)),
        ({"a": None, "b": [None, {"c": None}]}, {"b": [None, {}]}),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 12), "2026-01-31T12:00:00"),
        (timedelta(seconds=5), "0:00:05"),
        (Decimal("1.50"), "1.50"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", b"caf\xe9"),
        ((1, 2), [1, 2]),
        (np.array([1.5, 2.5]), [1.5, 2.5]),
        (np.int64(3), 3),
    ],
)
def test_other_values_are_as_json_has_them(value: Any, clean: Any) -> None:
    assert clean_row({"x": value, "y": None}) == {"x": clean}


def test_a_pool_has_a_thousand_columns_and_no_more() -> None:
    columns = Columns()
    columns.add({"messages": [], "scores": {f"s{number}": 1.0 for number in range(900)}})
    columns.add({f"k{number}": 1 for number in range(90)})
    with pytest.raises(CurateError, match="20000 keys, 19910 of them new, where all records together may have 1000"):
        columns.add({f"k{number}": 1 for number in range(20_000)})
    columns.add({"messages": [], "k1": 1})
