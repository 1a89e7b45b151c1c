"""Seeded files of records in every format that is read, some of them broken in ways that people's files are."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

WORDS = [
    "stone",
    "naïve",
    "石头",
    "кот",
    'so-called "rock"',
    "a, b; c",
    "tab\there",
    "two\nlines",
    "😀",
    "\\n",
    "'",
    "{}",
    "]",
]


@dataclass(frozen=True)
class Entry:
    """One row of a file: `row` is what it says if it is good, `text` how it stands in a text file.

    `bad` rows must be put aside; of one that is neither good nor `bad`, nobody can say.
    """

    row: dict[str, Any]
    text: bytes
    good: bool = False
    bad: bool = False


def good_row(rng: random.Random, number: int, flat: bool = False) -> dict[str, Any]:
    """A record that has to survive, in one of the usual shapes."""
    question, answer = (" ".join(rng.choices(WORDS, k=6)) + f" {number}" for _ in range(2))
    shapes: list[dict[str, Any]] = [
        {"prompt": question, "response": answer},
        {"instruction": question, "output": answer},
        {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]},
        {"conversations": [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]},
    ]
    row = {"id": f"good-{number}", **shapes[0 if flat else rng.randrange(len(shapes))], "score": f"{rng.random():.3f}"}
    if not flat:
        row |= {
            "embedding": [0.6, 0.8],
            "scores": {"fit": rng.random()},
            "tags": ["a", {"b": 1}],
            "score": rng.random(),
        }
    return row


def turns(row: dict[str, Any]) -> list[tuple[str, str]]:
    """What a good row's messages have to say."""
    if "messages" in row:
        return [(turn["role"], turn["content"]) for turn in row["messages"]]
    if "conversations" in row:
        return list(zip(("user", "assistant"), (turn["value"] for turn in row["conversations"]), strict=True))
    return [("user", row.get("prompt", row.get("instruction"))), ("assistant", row.get("response", row.get("output")))]


NESTED = json.loads("[" * 900 + "]" * 900)
ODD_TEXTS = [7, 7.5, True, ["a"], {"a": 1}, math.nan, "\ud800"]
ODD_COLUMNS: list[dict[str, Any]] = [
    {"n": 1 << 64},
    {"n": -(1 << 63) - 1},
    {"n": NESTED},
    {"n": math.nan},
    {"n": {"deep": [-math.inf]}},
    {"n": "\udfff"},
    {"n": {"\ud800": 1}},
    {"a\0b": 1},
    {"embedding": []},
    {"embedding": [0.1, 0.2, 0.3]},
    {"embedding": [math.nan, 0.8]},
    {"scores": {"fit": math.inf}},
    {f"k{number}": number for number in range(20_000)},
]
THEIRS: list[dict[str, Any]] = [  # columns of the user's own that have the name of one of ours
    {"embedding": "0.6, 0.8"},
    {"embedding": [[0.6], [0.8]]},
    {"scores": {"fit": "high"}},
    {"scores": [1.0]},
    {"rejected": "no idea"},
]
MIXED: list[Any] = ["high", 3, None, [1, 2], {"a": 1}, True, 1 << 63, ""]  # in a user's own column


def odd_json(rng: random.Random, number: int) -> Entry:
    """A row that is broken by its values, or a line that is broken as a text."""
    row = {**good_row(rng, number), "id": f"odd-{number}"}
    match rng.randrange(6):
        case 0:
            key = next(key for key in ("prompt", "instruction", "messages", "conversations") if key in row)
            row[key] = rng.choice([value for value in ODD_TEXTS if not (isinstance(value, list) and key == "messages")])
            return Entry(row, json.dumps(row).encode(), bad=True)
        case 1:
            row |= rng.choice(ODD_COLUMNS)
            return Entry(
                row, json.dumps(row, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass"), bad=True
            )
        case 2:
            row["n"] = 0
            digits = b"1" + b"0" * rng.choice([20, 30, 400, 4300, 9000])
            return Entry(row, json.dumps(row).encode().replace(b'"n": 0', b'"n": ' + digits), bad=True)
        case 3:
            row |= rng.choice([{"score": rng.choice(MIXED)}, rng.choice(THEIRS)])
            return Entry(row, json.dumps(row).encode(), good=True)
        case 4:
            text = json.dumps(row).encode()
            return Entry(
                row, rng.choice([text[: rng.randrange(1, len(text) - 1)], text.replace(b'"', b"'"), b"null"]), bad=True
            )
        case _:
            return Entry(row, scrambled(rng, json.dumps(row, ensure_ascii=False).encode()))


def scrambled(rng: random.Random, text: bytes) -> bytes:
    """The text with one to three bytes or pieces changed, lost, doubled or put in; no line ends in it."""
    for _ in range(rng.randrange(1, 4)):
        begin, end = sorted(rng.choices(range(len(text) + 1), k=2))
        end = min(end, begin + 12)
        some = rng.choice([b"", rng.randbytes(1), text[begin:end] * 2, b'"', b"\\", b"\0", b"\xff", b",", b"}", b"NaN"])
        text = text[:begin] + some + text[end:]
    return text.replace(b"\n", b" ").replace(b"\r", b" ") or b"x"


def odd_cells(rng: random.Random, number: int, delimiter: str) -> Entry:
    """A row of a table that is broken as a text."""
    row = {**good_row(rng, number, flat=True), "id": f"odd-{number}"}
    text = cells(row.values(), delimiter).strip(b"\n")
    match rng.randrange(4):
        case 0:
            return Entry(row, text[:5] + b"\xff" + text[5:], bad=True)
        case 1:
            return Entry(row, text + delimiter.encode() + b"more", bad=True)
        case 2:
            return Entry(row, b"\xfe\0" + text.replace(b'"', b""), bad=True)
        case _:
            return Entry(row, scrambled(rng, text))


def cells(values: Any, delimiter: str) -> bytes:
    """A line of a table."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="\n").writerow(values)
    return line.getvalue().encode()


def entries(rng: random.Random, count: int, odd: Callable[[random.Random, int], Entry], flat: bool) -> Iterator[Entry]:
    """So many broken rows, and twice as many good ones among them."""
    numbers = iter(range(3 * count))
    for _ in range(count):
        trio = [good_row(rng, next(numbers), flat), good_row(rng, next(numbers), flat)]
        rows = [Entry(row, json.dumps(row, ensure_ascii=rng.random() < 0.5).encode(), good=True) for row in trio]
        rows.insert(rng.randrange(3), odd(rng, next(numbers)))
        yield from rows


def write_jsonl(path: Path, rng: random.Random, count: int) -> list[Entry]:
    """One row a line, compressed as the name says."""
    rows = list(entries(rng, count, odd_json, flat=False))
    content = b"\xef\xbb\xbf" + b"".join(row.text + b"\n" for row in rows)
    pack = {".gz": gzip.compress, ".xz": lzma.compress}.get(path.suffix, bytes)
    path.write_bytes(pack(content))
    return rows


def write_json(path: Path, rng: random.Random, count: int) -> list[Entry]:
    """An array, compact or indented, or objects one after another, by the name."""
    rows = list(entries(rng, count, odd_json, flat=False))
    if "pretty" in path.name:
        rows = [Entry(row.row, json.dumps(row.row, indent=2).encode(), True) if row.good else row for row in rows]
    array = "array" in path.name
    inner = (b",\n" if array else b"\n").join(row.text for row in rows)
    path.write_bytes(b"[" + inner + b"]" if array else inner)
    return rows


def write_cells(path: Path, rng: random.Random, count: int) -> list[Entry]:
    """A table under a header."""
    delimiter = "\t" if path.suffix == ".tsv" else ","
    rows = list(entries(rng, count, lambda rng, number: odd_cells(rng, number, delimiter), flat=True))
    rows = [Entry(row.row, cells(row.row.values(), delimiter).strip(b"\n"), True) if row.good else row for row in rows]
    header = cells(rows[0].row, delimiter)
    path.write_bytes(header + b"".join(row.text + b"\n" for row in rows))
    return rows


def write_columns(path: Path, rng: random.Random, count: int) -> list[Entry]:
    """A Parquet or Arrow file: text that is no UTF-8, NaN, ragged embeddings, nulls."""

    def odd(rng: random.Random, number: int) -> Entry:
        row = {**good_row(rng, number, flat=True), "id": f"odd-{number}"}
        row |= rng.choice(
            [
                {"prompt": b"\xff\xfe"},
                {"prompt": None},
                {"weight": math.nan},
                {"weight": math.inf},
                {"embedding": [1.0]},
                {"embedding": []},
                {"embedding": [math.nan, 1.0]},
            ]
        )
        return Entry(row, b"", bad=True)

    rows = list(entries(rng, count, odd, flat=True))
    columns: dict[str, pa.Array] = {}
    for name in ("id", "prompt", "response", "score"):
        texts = [value.encode() if isinstance(value, str) else value for value in (row.row[name] for row in rows)]
        columns[name] = pa.array(texts, pa.binary()).view(pa.string())
    columns["weight"] = pa.array([row.row.get("weight", 1.5) for row in rows], pa.float64())
    columns["embedding"] = pa.array([row.row.get("embedding", [0.6, 0.8]) for row in rows], pa.list_(pa.float64()))
    columns["raw"] = pa.array([b"\xff"] * len(rows))
    columns["day"] = pa.array([0] * len(rows), pa.date32())
    columns["cost"] = pa.array([None] * len(rows), pa.decimal128(5, 2))
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_stream(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=100)
    return rows


FILES: dict[str, Callable[[Path, random.Random, int], list[Entry]]] = {
    "lines.jsonl": write_jsonl,
    "lines.jsonl.gz": write_jsonl,
    "lines.jsonl.xz": write_jsonl,
    "lines.json": write_json,
    "array.json": write_json,
    "pretty-array.json": write_json,
    "table.csv": write_cells,
    "table.tsv": write_cells,
    "table.parquet": write_columns,
    "table.arrow": write_columns,
}
