"""Rows of files, directories and Hub datasets."""

import gzip
import json
import lzma

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset

from curate.errors import CurateError
from curate.records.files import write_arrow
from curate.records.pool import from_rows
from curate.records.reading import rows_of
from curate.records.rows import Row

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


def test_an_array_that_breaks_off_gives_what_came_before(tmp_path):
    (tmp_path / "a.json").write_text('[{"prompt": "x"},')
    good, bad = read(tmp_path / "a.json")
    assert good.content == {"prompt": "x"}
    assert bad.fault == "the array that begins the file does not end in it"


PRETTY = json.dumps(ROWS[0], indent=2)


@pytest.mark.parametrize(
    "text",
    [
        PRETTY,
        "\ufeff" + PRETTY,
        PRETTY + "\n" + PRETTY,
        PRETTY + PRETTY,
        json.dumps(ROWS[0]) * 3,
        json.dumps([ROWS[0]] * 3),
        json.dumps([ROWS[0]] * 3, indent=2),
    ],
)
def test_objects_of_a_json_file_may_be_pretty_printed_and_follow_each_other(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    rows = read(tmp_path / "a.json")
    assert [row.content for row in rows] == [ROWS[0]] * text.count("response")
    assert [row.line for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("begin", ["[", ""])
@pytest.mark.parametrize(
    "broken", ['{"prompt": "x", "response": [}', '{"prompt": "x", "response": "y', '{"prompt": NaN}']
)
def test_a_broken_object_of_a_json_file_costs_no_other(tmp_path, indent, begin, broken):
    objects = [json.dumps(row, indent=indent) for row in ROWS]
    text = begin + ("," if begin else "\n").join([objects[0], broken, *objects]) + ("]" if begin else "")
    (tmp_path / "a.json").write_text(text)
    first, bad, *others = read(tmp_path / "a.json")
    assert [row.content for row in (first, *others)] == [ROWS[0], *ROWS]
    assert (bad.line, bad.text) == (2, broken)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "broken", ['{"prompt": "x", "response": [}', '{"prompt": "x}', '{"prompt": {"a": 1}}, "b": 2}']
)
def test_a_broken_object_at_the_beginning_of_an_array_costs_no_other(tmp_path, indent, broken):
    (tmp_path / "a.json").write_text(f"[{broken}, {json.dumps(ROWS, indent=indent)[1:]}")
    rows = read(tmp_path / "a.json")
    assert rows[0].text.startswith('{"prompt": ')
    assert [row.content for row in rows[-2:]] == ROWS
    assert any(row.fault for row in rows)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_utf16_is_read_as_nothing_else(tmp_path, encoding, name):
    (tmp_path / name).write_bytes(json.dumps({"prompt": "animal кот"}, ensure_ascii=False).encode(encoding) + b"\n")
    rows = read(tmp_path / name)
    assert rows
    assert all(row.fault.startswith("not UTF-8: the line holds bytes of zero, as UTF-16 does") for row in rows)


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + LINES)
    assert contents(tmp_path / "a.jsonl") == ROWS


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
    assert (bad.line, bad.fault, bad.text) == (2, "the header has 2 columns and the row 3", "a,b,c")
    assert good.content == {"prompt": "d", "response": "e"}


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (b"caf\xe9,x", "not UTF-8: byte 3 of the line is 0xe9"),
        (b'"never closed,x', "',' expected after '\"'"),
        (b'"a" b,x', "',' expected after '\"'"),
        (b"a,b,c", "the header has 2 columns and the row 3"),
        (b"prompt,response", "the header stands here again"),
    ],
)
def test_a_broken_csv_row_costs_no_other(tmp_path, bad, fault):
    (tmp_path / "a.csv").write_bytes(b'prompt,response\na,b\n%s\nc,"d\n""e"""\nf,g\n' % bad)
    rows = read(tmp_path / "a.csv")
    assert [row.content for row in rows if not row.fault] == [
        {"prompt": "a", "response": "b"},
        {"prompt": "c", "response": 'd\n"e"'},
        {"prompt": "f", "response": "g"},
    ]
    (wrong,) = [row for row in rows if row.fault]
    assert (wrong.line, wrong.fault, wrong.text) == (3, fault, bad.decode("utf-8", "backslashreplace"))


def test_a_header_that_names_a_column_twice_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("prompt,response,prompt\na,b,c\n")
    with pytest.raises(CurateError, match=r".*a.csv: the header names the column 'prompt' twice; rename one"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize("content", [b"prom\xffpt\na\n", "prompt\na\n".encode("utf-16")])
def test_a_header_that_is_not_utf8_is_an_error(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(CurateError, match=r"load: path: .*a.csv cannot be read as CSV: its header is not UTF-8: "):
        read(tmp_path / "a.csv")


def test_tsv_and_xz(tmp_path):
    (tmp_path / "a.tsv.xz").write_bytes(lzma.compress(b'prompt\tresponse\na, b\t"c\td"\n'))
    assert contents(tmp_path / "a.tsv.xz") == [{"prompt": "a, b", "response": "c\td"}]


@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])
def test_arrow_is_a_file_or_a_stream(tmp_path, new):
    table = pa.Table.from_pylist(ROWS)
    with new(str(tmp_path / "a.arrow"), table.schema) as writer:
        writer.write_table(table)
    assert contents(tmp_path / "a.arrow") == ROWS


def test_columns_of_json_text_in_arrow_are_their_values(tmp_path):
    write_arrow(from_rows([{"id": "a", "messages": [], "source": {"file": "x", "line": 3}}]), tmp_path / "a.arrow")
    (row,) = contents(tmp_path / "a.arrow")
    assert row["source"] == {"file": "x", "line": 3}


def test_text_in_parquet_that_is_not_utf8_is_a_fault_of_its_row(tmp_path):
    prompts = pa.array([b"a", b"\xff", b"c"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"prompt": prompts}), tmp_path / "a.parquet")
    first, bad, last = read(tmp_path / "a.parquet")
    assert (first.content, last.content) == ({"prompt": "a"}, {"prompt": "c"})
    assert bad.line == 2
    assert bad.fault.startswith("'prompt': 'utf-8' codec can't decode byte 0xff")


def test_two_columns_of_one_name_are_an_error(tmp_path):
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), pa.schema([("a", pa.int64())] * 2)):
        pass
    with pytest.raises(CurateError, match=r"a.arrow has two columns 'a'; rename one"):
        read(tmp_path / "a.arrow")


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


def test_what_save_to_disk_writes_beside_its_rows_is_no_data(tmp_path):
    Dataset.from_list(ROWS).save_to_disk(str(tmp_path / "saved"))
    assert contents(tmp_path / "saved") == ROWS


def test_the_directory_of_a_run_gives_its_dataset(tmp_path):
    for name in ("dataset.jsonl", "dropped.jsonl", "manifest.json"):
        (tmp_path / name).write_bytes(LINES)
    assert [row.source for row in read(tmp_path)] == [str(tmp_path / "dataset.jsonl")] * 2


def test_a_pattern_gives_the_files_that_match(tmp_path):
    for name in ("b-1.jsonl", "a-1.jsonl", "a-2.jsonl", "a-3.txt"):
        (tmp_path / name).write_bytes(LINES)
    assert [row.source for row in read(tmp_path / "a-*")][::2] == [
        str(tmp_path / "a-1.jsonl"),
        str(tmp_path / "a-2.jsonl"),
    ]
    (tmp_path / "a[b].jsonl").write_bytes(LINES)
    assert contents(tmp_path / "a[b].jsonl") == ROWS


def test_a_pattern_without_files_is_named(tmp_path):
    with pytest.raises(CurateError, match=r"c-\* is a pattern that matches no file that can be read: .jsonl"):
        read(tmp_path / "c-*")


def test_several_paths_follow_each_other(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(LINES)
    assert contents([tmp_path / "a.jsonl", tmp_path / "a.jsonl"]) == ROWS * 2


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
