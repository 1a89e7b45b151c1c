"""Whatever is broken in an input, every good record survives unchanged, every bad one is put aside with its place."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curate import CurateError, load
from curate.records.writing import write_records
from tests.faults.mutations import FILES, turns

BROKEN = 100  # rows of each file; a thousand in all


def text_or_value(value: Any) -> Any:
    """What a column of mixed values has for `value`: a text as it is, else JSON text."""
    return value if isinstance(value, str) else json.dumps(value)


def check(path: Path, seed: int, count: int) -> None:
    rows = FILES[path.name](path, random.Random(seed), count)
    outcome = load(path)
    written = path.with_name("out.jsonl")
    write_records(outcome.kept, written)
    kept = {record["id"]: record for record in map(json.loads, written.read_text().splitlines())}
    assert len(kept) == len(outcome.kept)
    for row in rows:
        if row.good:
            record = kept[row.row["id"]]
            assert [(turn["role"], turn["content"]) for turn in record["messages"]] == turns(row.row)
            scores = [text_or_value(line["score"]) for line in (record, row.row) if line.get("score") is not None]
            assert len(scores) in (0, 2)
            assert scores[:1] == scores[1:]
        if row.bad:
            assert row.row["id"] not in kept
    for fault in outcome.dropped:
        assert fault["file"] == str(path)
        assert fault["reason"]
        assert fault["text"]
    if path.suffix not in (".csv", ".tsv", ".json"):  # where a broken row may be taken for more rows than one
        assert len(outcome.kept) + len(outcome.dropped) == len(rows)
        bad = [number for number, row in enumerate(rows, 1) if row.bad]
        assert set(bad) <= set(outcome.dropped["line"])


@pytest.mark.parametrize("name", FILES)
def test_a_thousand_broken_rows_cost_no_good_one(tmp_path: Path, name: str) -> None:
    check(tmp_path / name, seed=0, count=BROKEN)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 11))
@pytest.mark.parametrize("name", FILES)
def test_ten_thousand_broken_rows_cost_no_good_one(tmp_path: Path, name: str, seed: int) -> None:
    check(tmp_path / name, seed, BROKEN)


def test_no_traceback_is_shown_and_strict_ends_at_the_first_bad_line(tmp_path: Path) -> None:
    for name in FILES:
        FILES[name](tmp_path / name, random.Random(0), 10)
    command: list[Any] = [sys.executable, "-m", "curate", "apply", "screen", tmp_path, "-o", tmp_path / "out.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for line in (tmp_path / "out.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)
    (tmp_path / "out.jsonl").unlink()
    (tmp_path / "out.quarantine.jsonl").unlink()
    strict = subprocess.run([*command, "--strict"], capture_output=True, text=True)
    assert strict.returncode == 2
    assert strict.stderr.count("\n") == 1
    assert f"curate: load: {tmp_path / 'array.json'}:" in strict.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_with_strict_the_error_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a", "response": "b"}\n{"prompt": 7}\nnonsense\n')
    with pytest.raises(CurateError, match=r"load: .*a.jsonl:2: prompt must be a text, found 7 \(strict: the first"):
        load(path, strict=True)
