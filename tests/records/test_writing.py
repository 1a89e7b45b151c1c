"""Records to a file that a user names."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import Dataset

from curate import load
from curate.errors import CurateError
from curate.records.pool import from_rows
from curate.records.writing import beside, check_output, write_records

TURNS = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]
ROWS = [
    {
        "id": "a",
        "messages": TURNS,
        "source": {"file": "x", "line": 1},
        "n": 1,
        "tag": "x",
        "empty": {},
        "labels": {"k": "v"},
    },
    {"id": "b", "messages": TURNS, "source": {"file": "y", "line": 2}, "n": 2.5, "tag": {"a": 1}, "huge": 1 << 63},
]
WRITTEN = [
    {**ROWS[0], "empty": {}, "reserved": {"labels": {"k": "v"}}},
    {**ROWS[1], "tag": '{"a": 1}', "huge": "9223372036854775808", "reserved": {"labels": {}}},
]
del WRITTEN[0]["labels"]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"])
def test_the_suffix_says_the_format_and_what_was_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    assert write_records(from_rows(ROWS), path) == 2
    again = load(path)
    assert [(record["id"], record["messages"][1]["content"]) for record in again.kept] == [("a", "4"), ("b", "4")]
    assert again.kept["n"][:] == [1, 2.5]
    assert again.kept["labels"][:] == [{"k": "v"}, {"k": None}]
    first = path.read_bytes()
    write_records(from_rows(ROWS), path)
    assert path.read_bytes() == first


def test_jsonl_holds_every_value(tmp_path: Path) -> None:
    write_records(from_rows(ROWS), tmp_path / "out.jsonl")
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == WRITTEN


def test_parquet_holds_lists_and_structs_and_what_it_cannot_hold_as_json_text(tmp_path: Path) -> None:
    write_records(from_rows(ROWS), tmp_path / "out.parquet")
    first, second = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert first["messages"] == TURNS
    assert (first["empty"], second["tag"], second["huge"]) == ("{}", '{"a": 1}', "9223372036854775808")


def test_numbers_are_written_exactly_and_never_as_nan(tmp_path: Path) -> None:
    numbers = Dataset.from_dict({"id": ["a"], "messages": [[]], "x": [float("nan")], "y": [[float("inf"), 0.5]]})
    write_records(numbers, tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text()) == {"id": "a", "messages": [], "y": [None, 0.5]}
    exact = {"id": "a", "messages": [], "mixed": {"x": 0.7994025740810211, "y": "3"}}
    write_records(from_rows([exact]), tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text()) == exact


def test_dates_and_bytes_of_a_dataset_of_ones_own_are_texts(tmp_path: Path) -> None:
    own = Dataset.from_dict({"id": ["a"], "messages": [[]], "day": [date(2026, 1, 31)], "raw": [b"\xff\xd8"]})
    write_records(own, tmp_path / "out.jsonl")
    written = json.loads((tmp_path / "out.jsonl").read_text())
    assert (written["day"], written["raw"]) == ("2026-01-31", "/9g=")


def test_the_files_beside_have_the_same_suffix_and_are_jsonl() -> None:
    assert beside(Path("d/out.jsonl.gz"), "dropped") == Path("d/out.dropped.jsonl.gz")
    assert beside(Path("d/out.v2.parquet"), "quarantine") == Path("d/out.v2.quarantine.jsonl")


def faults(path: Path, *inputs: Path) -> str:
    with pytest.raises(CurateError) as error:
        check_output(path, inputs)
    return str(error.value)


def test_only_known_formats_are_written(tmp_path: Path) -> None:
    assert "ends in '.csv'; these can be written: .jsonl, .jsonl.gz, .jsonl.zst, .parquet, and - " in faults(
        tmp_path / "out.csv"
    )


def test_an_input_is_not_overwritten_by_whatever_name(tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl"
    write_records(from_rows(ROWS), pool)
    (tmp_path / "link.jsonl").symlink_to(pool)
    check_output(pool, [])
    for name in (pool, tmp_path / "link.jsonl", tmp_path / "x" / ".." / "pool.jsonl"):
        (tmp_path / "x").mkdir(exist_ok=True)
        assert faults(name, pool) == f"{name} is an input; name another file for the output"


@pytest.mark.parametrize("content", ["my notes\n", '{"prompt": "mine"}\n', '{"id": 1, "messages": []}\n', "[]\n[]\n"])
def test_a_file_of_the_users_own_is_not_overwritten(tmp_path: Path, content: str) -> None:
    (tmp_path / "out.jsonl").write_text(content)
    assert faults(tmp_path / "out.jsonl").endswith(
        "exists, and is not of curate's making; remove it, or name another file"
    )


def test_an_empty_file_and_a_file_of_ours_are(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").touch()
    check_output(tmp_path / "out.jsonl", [])
    write_records(from_rows(ROWS), tmp_path / "out.parquet")
    check_output(tmp_path / "out.parquet", [])


def test_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert faults(tmp_path / "file" / "out.jsonl") == f"{tmp_path / 'file'} is a file; nothing can be written under it"
    (tmp_path / "folder.jsonl").mkdir()
    assert "is a directory; name a file in it" in faults(tmp_path / "folder.jsonl")
    check_output(tmp_path / "new" / "folders" / "out.jsonl", [])
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to the superuser")
def test_a_directory_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "permission denied; name another directory" in faults(tmp_path / "out.jsonl")
