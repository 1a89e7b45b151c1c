import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import CurateError, load
from curate.records.files import plain
from curate.records.reserved import trainable_rows
from curate.records.rows import Row
from curate.records.writing import write_records
from curate.stages.load import peek, read_record

PAIR = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]


def pool(tmp_path, *lines):
    path = tmp_path / "pool.jsonl"
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(texts) + b"\n")
    return path


def turns(record):
    return [(message["role"], message["content"]) for message in record["messages"]]


@pytest.mark.parametrize(
    ("row", "shape"),
    [
        ({"messages": PAIR}, "messages"),
        ({"conversations": [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}]}, "sharegpt"),
        ({"instruction": "2 + 2?", "input": "", "output": "4"}, "alpaca"),
        ({"prompt": "2 + 2?", "response": "4"}, "prompt/response"),
        ({"prompt": "2 + 2?", "completion": "4"}, "prompt/completion"),
        ({"question": "2 + 2?", "answer": "4"}, "question/answer"),
    ],
)
def test_shapes_are_recognised_and_counted(tmp_path, row, shape):
    outcome = load(path=pool(tmp_path, row))
    assert turns(outcome.kept[0]) == [("user", "2 + 2?"), ("assistant", "4")]
    assert outcome.stats == {f"shape {shape}": 1}


def test_alpaca_input_follows_the_instruction(tmp_path):
    row = {"instruction": "Translate.", "input": "Hund", "output": "dog"}
    assert turns(load(path=pool(tmp_path, row)).kept[0])[0] == ("user", "Translate.\n\nHund")


def test_other_keys_stay_and_the_source_says_where_from(tmp_path):
    path = pool(tmp_path, {"messages": PAIR, "id": 7, "stars": 5})
    record = load(path=path).kept[0]
    assert (record["id"], record["stars"], record["source"]) == ("7", 5, {"file": str(path), "line": 1})


def test_a_record_without_id_is_named_by_its_content(tmp_path):
    ids = load(path=pool(tmp_path, {"messages": PAIR}, {"prompt": "2 + 2?", "response": "4"})).kept["id"]
    assert ids[1] == f"{ids[0]}-2"


def test_parquet_gives_the_same_records_as_jsonl(tmp_path):
    rows = [{"id": "a", "messages": PAIR, "stars": 5}, {"id": "b", "messages": PAIR[:1], "stars": 1}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pool.parquet")
    a, b = (
        load(path=path).kept.remove_columns("source") for path in (pool(tmp_path, *rows), tmp_path / "pool.parquet")
    )
    assert a.to_list() == b.to_list()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"messages": [', "not JSON: Expecting value at character"),
        (b'{"prompt": "\xff"}', "not UTF-8: byte 12 of the line is 0xff"),
        (b"[1]", "a JSON object is expected, found list"),
        (b'{"text": "x"}', "no shape is recognised: one of the keys"),
        (b'{"messages": []}', "messages holds no turns"),
        (
            b'{"messages": [{"role": "tool", "content": "x"}]}',
            "turns must be user, assistant, user ... with tool turns between; turn 1 (tool) begins",
        ),
        (b'{"messages": [{"role": "assistant", "content": "x"}]}', "turns must be user, assistant, user"),
        (
            b'{"messages": [{"role": "user", "content": ["x"]}]}',
            "messages: turn 1: content must be a text or a list of text parts, found ['x']",
        ),
        (b'{"prompt": "\\ud800"}', "half of a surrogate pair"),
        (
            b'{"conversations": [{"from": "human"}]}',
            "conversations: turn 1: the content of a user turn must be a text, found none",
        ),
    ],
)
def test_an_unreadable_line_goes_to_quarantine_with_file_line_and_reason(tmp_path, line, reason):
    path = pool(tmp_path, {"messages": PAIR}, line)
    outcome = load(path=path)
    assert len(outcome.kept) == 1
    (bad,) = outcome.dropped.to_list()
    assert (bad["file"], bad["line"]) == (str(path), 2)
    assert reason in bad["reason"]
    assert bad["text"] == line.decode("utf-8", "backslashreplace")


def test_an_id_that_stands_twice_goes_to_quarantine(tmp_path):
    path = pool(tmp_path, {"id": "a", "messages": PAIR}, {"id": "a", "messages": PAIR[:1]})
    assert load(path=path).dropped["reason"][:] == [f"the id 'a' is already used at {path}:1"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CurateError, match=r"load: path: there is no file .*nowhere.jsonl"):
        load(path=tmp_path / "nowhere.jsonl")


def test_another_kind_of_file_is_named(tmp_path):
    (tmp_path / "pool.xlsx").touch()
    with pytest.raises(
        CurateError,
        match=r"load: path: .*pool.xlsx ends in '.xlsx'; these can be read: .jsonl, .json, .csv, .tsv, .parquet",
    ):
        load(path=tmp_path / "pool.xlsx")


def test_a_file_without_records_is_an_error_that_says_why(tmp_path):
    with pytest.raises(CurateError, match="holds no records: 1 unreadable lines; the first: line 1: not JSON"):
        load(path=pool(tmp_path, b"nonsense"))


def test_peek_tells_the_columns_before_a_run(tmp_path):
    path = pool(tmp_path, b"nonsense", {"messages": PAIR, "scores": {"logprob": -1.0}})
    assert peek(path) == ["id", "messages", "response", "scores", "scores.logprob", "source"]


def test_a_record_that_was_written_is_read_back_whole():
    record = {"id": "a", "messages": PAIR, "candidates": [{"content": "4", "generator": "g", "scores": {"fit": 1.0}}]}
    assert read_record(Row("pool.jsonl", 1, record)) == (record, "messages")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"instruction": "a", "input": 7, "output": "b"}, "input must be a text, found 7"),
        ({"instruction": ["a"], "output": "b"}, r"instruction must be a text, found ['a']"),
        ({"instruction": "a", "output": True}, "output must be a text, found True"),
        ({"instruction": "a", "output": "b", "system": {"x": 1}}, "system must be a text"),
        ({"instruction": "a", "output": "b", "history": [["only a question"]]}, "history must be a list of pairs"),
    ],
)
def test_what_cannot_become_a_turn_goes_to_quarantine(tmp_path, row, reason):
    (bad,) = load(pool(tmp_path, {"messages": PAIR}, row)).dropped
    assert reason in bad["reason"]


def test_a_column_with_the_name_of_ours_that_is_another_stands_aside_and_is_counted(tmp_path):
    outcome = load(pool(tmp_path, {"prompt": "a", "rejected": "The Danube.", "labels": [1, 2]}))
    assert outcome.kept[0]["reserved"] == {"rejected": "The Danube.", "labels": [1, 2]}
    assert outcome.stats["column rejected under reserved"] == outcome.stats["column labels under reserved"] == 1


def test_a_name_for_the_source_stands_beside_file_and_line(tmp_path):
    path = pool(tmp_path, {"messages": PAIR})
    assert load(path, source="sums").kept[0]["source"] == {"name": "sums", "file": str(path), "line": 1}


def test_what_finds_no_place_in_the_messages_is_counted_by_its_name(tmp_path):
    turn = {"role": "user", "content": "2 + 2?", "ts": 1}
    rows = [{"messages": [turn], "answer": "four", "stage": "draft"}, {"messages": [turn], "answer": "vier"}]
    assert load(pool(tmp_path, *rows)).stats == {
        "message key ts ignored": 2,
        "column answer not used as a turn": 2,
        "column stage under reserved": 1,
        "shape messages": 2,
    }


def test_of_a_line_that_cannot_be_read_nothing_is_counted(tmp_path):
    assert load(pool(tmp_path, {"messages": PAIR}, {"messages": [{**PAIR[1], "ts": 1}]})).stats == {"shape messages": 1}


def test_columns_maps_the_files_names_to_ours(tmp_path):
    path = pool(tmp_path, {"frage": "2 + 2?", "antwort": "4", "instruction": "maths"})
    outcome = load(path, columns={"instruction": "frage", "response": "antwort"})
    assert turns(outcome.kept[0]) == [("user", "2 + 2?"), ("assistant", "4")]
    assert outcome.kept[0]["reserved"] == {"instruction": "maths"}
    assert outcome.stats["column frage as instruction"] == outcome.stats["column antwort as response"] == 1


def test_columns_names_what_it_does_not_know_and_what_no_row_has(tmp_path):
    path = pool(tmp_path, {"frage": "2 + 2?"})
    with pytest.raises(CurateError, match="columns: curate reads no 'instructoin'; did you mean 'instruction'"):
        load(path, columns={"instructoin": "frage"})
    with pytest.raises(CurateError, match="columns.response: no row has a column 'antwort'"):
        load(path, columns={"instruction": "frage", "response": "antwort"})


def test_peek_looks_at_all_rows(tmp_path):
    open_rows = [{"messages": PAIR[:1]}] * 200
    assert "response" in peek(pool(tmp_path, *open_rows, {"messages": PAIR}))
    assert "scores.fit" in peek(pool(tmp_path, *open_rows, {"messages": PAIR[:1], "scores": {"fit": 1}}))
    assert "response" not in peek(pool(tmp_path, *[{**row, "response": "x"} for row in open_rows]))


CALLING = {
    "id": "a",
    "messages": [
        {"role": "user", "content": "Rain?", "name": "Ada"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"city": null}'}}
            ],
            "weight": 0.0,
        },
        {"role": "tool", "content": "yes", "tool_call_id": "c"},
        {"role": "assistant", "content": "Yes."},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
}


def test_calls_and_tools_come_back_from_arrow_as_they_were(tmp_path):
    kept = load(pool(tmp_path, {"messages": PAIR}, CALLING)).kept
    assert plain(kept[1]) == {**CALLING, "source": kept[1]["source"]}
    assert plain(kept[0])["messages"] == PAIR
    assert next(iter(trainable_rows(kept.select([1]))))["messages"] == CALLING["messages"]


def shards(tmp_path, *lists):
    for number, rows in enumerate(lists):
        (tmp_path / f"part-{number}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_ids_that_files_share_are_made_unique_by_the_file_and_counted(tmp_path):
    rows = [{"id": number, "messages": PAIR} for number in range(2)]
    outcome = load(shards(tmp_path, rows, rows, [*rows, rows[0]]))
    assert outcome.kept["id"][:] == ["0", "1", "0-part-1", "1-part-1", "0-part-2", "1-part-2"]
    assert outcome.stats["id of another file, made unique by its own"] == 4
    assert outcome.dropped["reason"][:] == [f"the id '0' is already used at {tmp_path / 'part-2.jsonl'}:1"]


def test_files_of_one_name_get_a_number_too(tmp_path):
    for folder in "abc":
        (tmp_path / folder).mkdir()
        shards(tmp_path / folder, [{"id": "x", "messages": PAIR}])
    assert load(tmp_path).kept["id"][:] == ["x", "x-part-0", "x-part-0-2"]


def test_limit_takes_the_first_records_that_can_be_read(tmp_path):
    path = pool(tmp_path, b"nonsense", {"id": "a", "messages": PAIR}, {"id": "b", "messages": PAIR}, b"more")
    outcome = load(path, limit=1)
    assert (outcome.kept["id"][:], outcome.dropped["line"][:]) == (["a"], [1])


def test_sample_is_seeded_keeps_the_order_and_does_not_depend_on_it(tmp_path):
    rows = [{"id": f"{number:02}", "messages": PAIR} for number in range(50)]
    path = pool(tmp_path, *rows)
    ids = load(path, sample=10).kept["id"][:]
    assert len(ids) == 10
    assert ids == sorted(ids)
    assert ids == load(path, sample=10).kept["id"][:]
    assert ids != load(path, sample=10, seed=1).kept["id"][:]
    assert sorted(load(pool(tmp_path, *rows[::-1]), sample=10).kept["id"]) == ids
    assert len(load(path, sample=99).kept) == 50


def test_limit_and_sample_together_are_refused(tmp_path):
    with pytest.raises(
        CurateError, match="load: limit and sample are both given; take the first records or random ones"
    ):
        load(pool(tmp_path, {"messages": PAIR}), limit=1, sample=1)


def test_an_empty_path_is_not_the_current_directory():
    with pytest.raises(CurateError, match="load: path: an empty path names no file; write . for the current directory"):
        load(path="")


@pytest.mark.parametrize("odd", [{"embedding": []}, {"embedding": [0.5]}])
@pytest.mark.parametrize("first", [True, False])
def test_an_odd_embedding_costs_its_own_record_wherever_it_stands(tmp_path, odd, first):
    good = [{"id": str(number), "messages": PAIR, "embedding": [0.6, 0.8]} for number in range(2)]
    bad = {"id": "odd", "messages": PAIR, **odd}
    outcome = load(pool(tmp_path, *([bad, *good] if first else [*good, bad])))
    assert outcome.kept["id"][:] == ["0", "1"]
    assert outcome.kept.features["embedding"].length == 2
    assert outcome.dropped["line"][:] == [1 if first else 3]


def test_a_record_of_twenty_thousand_keys_costs_no_other(tmp_path):
    rows = [{"id": str(number), "messages": PAIR} for number in range(300)]
    path = pool(tmp_path, *rows, {"messages": PAIR, **{f"k{number}": number for number in range(20_000)}})
    outcome = load(path)
    assert len(outcome.kept) == 300
    assert set(outcome.kept.column_names) == {"messages", "id", "source"}
    assert outcome.dropped["reason"][0].startswith("20002 keys, 20000 of them new, where all records together may have")


def test_texts_that_look_like_json_stay_texts_beside_other_values(tmp_path):
    rows = [{"messages": PAIR, "tag": tag} for tag in ("3", "null", 0.7994025740810211, {"a": 1}, "x")]
    table = load(pool(tmp_path, *rows)).kept.data.table
    assert table["tag"].to_pylist() == ['"3"', '"null"', "0.7994025740810211", '{"a":1}', '"x"']


def test_bytes_dates_and_decimals_of_parquet_become_texts(tmp_path):
    columns = {
        "prompt": [b"2 + 2?", b"\xff"],
        "response": ["4", "5"],
        "image": [b"\xff\xd8", b""],
        "day": [date(2026, 1, 31)] * 2,
        "cost": [Decimal("1.50"), None],
    }
    pq.write_table(pa.table(columns), tmp_path / "pool.parquet")
    outcome = load(tmp_path / "pool.parquet")
    (record,) = outcome.kept
    assert turns(record) == [("user", "2 + 2?"), ("assistant", "4")]
    assert (record["image"], record["day"], record["cost"]) == ("/9g=", "2026-01-31", "1.50")
    assert outcome.dropped["reason"][:] == [r"prompt must be a text, found b'\xff'"]


def test_a_column_of_the_users_own_that_is_called_reserved_is_kept_over_and_over(tmp_path):
    path = pool(tmp_path, {"messages": PAIR, "reserved": 5, "labels": "x"})
    for _ in range(2):
        outcome = load(path)
        assert outcome.kept[0]["reserved"] == {"reserved": 5, "labels": "x"}
        path = tmp_path / "again.jsonl"
        write_records(outcome.kept, path)


def test_a_column_without_a_name_is_no_system_prompt(tmp_path):
    (tmp_path / "pool.csv").write_text(",prompt,response\n0,2 + 2?,4\n")
    record = load(tmp_path / "pool.csv").kept[0]
    assert (turns(record), record[""]) == ([("user", "2 + 2?"), ("assistant", "4")], "0")
