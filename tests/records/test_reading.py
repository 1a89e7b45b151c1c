"""Rows of files, directories and Hub datasets."""

import gzip
import json

import pyarrow as pa
import pytest

from curate.errors import CurateError
from curate.records.reading import Row, rows_of

ROWS = [{"prompt": "2 + 2?", "response": "4"}, {"prompt": "你好", "response": "嗨"}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


def read(path) -> list[Row]:
    return list(rows_of(path, "load: path"))


def contents(path) -> list[dict]:
    return [row.content for row in read(path)]


def write_zstd(path, content: bytes) -> None:
    with pa.output_stream(path, compression="zstd") as file:
        file.write(content)


def test_gzip_and_zstd_give_what_the_plain_file_gives(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES))
    write_zstd(tmp_path / "a.jsonl.zst", LINES)
    for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst"):
        assert [(row.source, row.line, row.content) for row in read(tmp_path / name)] == [
            (str(tmp_path / name), 1, ROWS[0]),
            (str(tmp_path / name), 2, ROWS[1]),
        ]


def test_several_gzip_members_are_one_file(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES) + gzip.compress(LINES))
    assert contents(tmp_path / "a.jsonl.gz") == ROWS * 2


def test_a_broken_archive_is_named(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES)[:-12])
    with pytest.raises(CurateError, match=r"load: path: .*a.jsonl.gz cannot be read: "):
        read(tmp_path / "a.jsonl.gz")


def test_json_is_an_array_or_one_object_a_line(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(ROWS, indent=2))
    (tmp_path / "b.json").write_bytes(LINES)
    assert contents(tmp_path / "a.json") == contents(tmp_path / "b.json") == ROWS


def test_what_is_no_object_in_an_array_is_a_fault_of_its_own(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([ROWS[0], "x"]))
    _, bad = read(tmp_path / "a.json")
    assert (bad.line, bad.fault, bad.text) == (2, "a JSON object is expected, found str", '"x"')


def test_an_array_that_breaks_off_is_named(tmp_path):
    (tmp_path / "a.json").write_text('[{"prompt": "x"},')
    with pytest.raises(CurateError, match=r"load: path: .*a.json begins as a JSON array and is not one: .*column"):
        read(tmp_path / "a.json")


def test_csv_has_a_header_and_quoted_cells_of_several_lines(tmp_path):
    long = "x" * 200_000
    (tmp_path / "a.csv").write_text(
        f'prompt,response\r\n"one,\ntwo","say ""hi"""\r\n你好,{long}\r\nalone,\r\n', "utf-8-sig"
    )
    rows = read(tmp_path / "a.csv")
    assert [row.line for row in rows] == [2, 4, 5]
    assert [row.content for row in rows] == [
        {"prompt": "one,\ntwo", "response": 'say "hi"'},
        {"prompt": "你好", "response": long},
        {"prompt": "alone"},
    ]


def test_a_csv_row_of_another_width_is_a_fault(tmp_path):
    (tmp_path / "a.csv").write_text("prompt,response\na,b,c\nd,e\n")
    bad, good = read(tmp_path / "a.csv")
    assert (bad.line, bad.fault, bad.text) == (2, "the header has 2 columns and the row 3", '["a", "b", "c"]')
    assert good.content == {"prompt": "d", "response": "e"}


@pytest.mark.parametrize("content", [b'prompt\n"never closed\n', b"prompt\n\xff\n"])
def test_broken_csv_is_named(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(CurateError, match=r"load: path: .*a.csv cannot be read as CSV from line \d on: "):
        read(tmp_path / "a.csv")


def test_broken_parquet_is_named(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(CurateError, match=r"load: path: .*a.parquet cannot be read: "):
        read(tmp_path / "a.parquet")


def test_a_directory_gives_its_readable_files_in_the_order_of_their_names(tmp_path):
    (tmp_path / "b.jsonl").write_bytes(LINES)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "part.jsonl.gz").write_bytes(gzip.compress(LINES))
    (tmp_path / "README.md").write_text("not data")
    (tmp_path / ".hidden.jsonl").write_bytes(LINES)
    assert [row.source for row in read(tmp_path)][::2] == [
        str(tmp_path / "a" / "part.jsonl.gz"),
        str(tmp_path / "b.jsonl"),
    ]


def test_a_directory_without_data_is_named(tmp_path):
    with pytest.raises(CurateError, match="is a directory without a file that can be read: .jsonl, .json, .csv"):
        read(tmp_path)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """`datasets.load_dataset` looks for owner/name in the current directory before it asks the Hub."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "owner" / "name"
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_bytes(LINES)
    (folder / "test.jsonl").write_bytes(LINES.splitlines(keepends=True)[0])
    return "hub:owner/name"


def test_a_hub_dataset_is_loaded_by_its_name(hub):
    assert [(row.source, row.line, row.content) for row in read(hub)] == [(hub, 1, ROWS[0]), (hub, 2, ROWS[1])]


def test_split_and_config_can_be_named(hub):
    assert contents(f"{hub}:test") == ROWS[:1]
    assert contents(f"{hub}/default:train[1:]") == ROWS[1:]


def test_a_split_that_is_not_there_is_named(hub):
    with pytest.raises(CurateError, match=r'load: path: hub:owner/name:dev cannot be loaded: Unknown split "dev"'):
        read(f"{hub}:dev")


def test_a_dataset_that_is_not_here_is_named_and_how_to_name_one():
    with pytest.raises(CurateError, match=r"load: path: hub:nobody/nothing cannot be loaded: .*offline, only what was"):
        read("hub:nobody/nothing")
