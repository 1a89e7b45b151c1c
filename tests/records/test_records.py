import json
import math
import tempfile

import numpy as np
import pytest

from curate import CurateError
from curate.records import pool as pool_module
from curate.records.files import read_arrow, write_arrow, write_jsonl
from curate.records.identity import derive_seed
from curate.records.pool import PIECE, from_rows, scores_of, set_candidates, set_embeddings, set_labels, set_scores
from curate.records.schema import columns_of
from curate.records.writing import write_records

ROWS = [
    {"id": "a", "messages": [{"role": "user", "content": "Hi"}]},
    {
        "id": "b",
        "messages": [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "Hello"}],
        "stars": 3,
    },
]


def test_a_key_that_only_some_records_have_is_null_in_the_others():
    pool = from_rows(ROWS)
    assert pool["stars"][:] == [None, 3]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_rows_that_come_in_pieces_make_the_same_pool(monkeypatch, size):
    rows = [
        {"id": "a", "stars": None, "scores": {"fit": 1.0}, "source": {"line": 1}},
        {"id": "b", "stars": 3, "embedding": [1.0, 0.0], "candidates": [{"content": "y", "scores": {"fit": 0.5}}]},
        {"id": "c", "stars": 4, "tag": "x", "scores": {"quality": 2.0}, "candidates": [{"content": "z"}]},
        {"id": "d", "labels": {"category": "Math"}, "source": "elsewhere", "tag": 5},
    ]
    rows = [{**row, "messages": ROWS[0]["messages"]} for row in rows]
    whole = from_rows(rows)
    monkeypatch.setattr("curate.records.pool.PIECE", size)
    pieces = from_rows(row for row in rows)
    assert pieces.features == whole.features
    assert pieces.to_list() == whole.to_list()


def test_scores_add_up_and_replace_by_name():
    pool = set_scores(set_scores(from_rows(ROWS), {"fit": [1.0, 2.0]}), {"fit": [3.0, None], "other": [0.0, 1.0]})
    assert pool["scores"][:] == [{"fit": 3.0, "other": 0.0}, {"fit": None, "other": 1.0}]


def test_labels_add_up_and_are_named():
    pool = set_labels(set_labels(from_rows(ROWS), {"category": ["Math", None]}), {"safety": ["safe", "unsafe"]})
    assert pool["labels"][:] == [{"category": "Math", "safety": "safe"}, {"category": None, "safety": "unsafe"}]
    assert columns_of(pool) >= {"labels.category", "labels.safety"}
    assert from_rows(pool.to_list()).features["labels"] == pool.features["labels"]


def test_a_missing_score_names_its_record():
    pool = set_scores(from_rows(ROWS), {"fit": [3.0, None]})
    with pytest.raises(CurateError, match="record 'b' has no score 'fit'"):
        scores_of(pool, "fit")


def test_columns_name_nested_scores_and_the_response():
    pool = set_candidates(from_rows(ROWS[1:]), [[{"content": "x", "scores": {"logprob": -1.0}}]], ["logprob"])
    assert columns_of(pool) >= {"id", "messages", "response", "candidates", "candidates.scores.logprob"}
    assert "response" not in columns_of(from_rows(ROWS[:1]))


def test_shards_of_one_stage_have_one_type_even_where_a_shard_has_no_score():
    with_score = set_candidates(from_rows(ROWS[:1]), [[{"content": "x", "scores": {"logprob": -1.0}}]], ["logprob"])
    without = set_candidates(from_rows(ROWS[:1]), [[]], ["logprob"])
    assert with_score.features["candidates"] == without.features["candidates"]


def test_embeddings_come_back_as_they_went_in():
    vectors = np.array([[0.6, 0.8], [1.0, 0.0]], dtype=np.float32)
    assert np.array_equal(set_embeddings(from_rows(ROWS), vectors)["embedding"][:], vectors)


def test_a_selection_of_rows_keeps_its_own_embeddings():
    pool = set_embeddings(from_rows(ROWS), np.array([[0.6, 0.8], [1.0, 0.0]], dtype=np.float32))
    assert pool.select([1])["embedding"][:] == [[1.0, 0.0]]


def test_arrow_files_give_back_the_same_rows(tmp_path):
    pool = set_scores(from_rows(ROWS), {"fit": [1.0, 2.0]})
    write_arrow(pool.select([1]), tmp_path / "pool.arrow")
    assert read_arrow(tmp_path / "pool.arrow").to_list() == pool.to_list()[1:]


def test_jsonl_leaves_null_values_out_and_keeps_chinese_readable(tmp_path):
    assert write_jsonl(from_rows(ROWS), tmp_path / "pool.jsonl") == 2
    lines = (tmp_path / "pool.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == ROWS[0]
    assert "你好" in lines[1]


def test_a_file_whose_writing_fails_does_not_appear(tmp_path):
    rows = ({"id": 1 // n} for n in (1, 0))
    with pytest.raises(ZeroDivisionError):
        write_jsonl(rows, tmp_path / "x.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_seeds_depend_on_every_part():
    assert derive_seed(0, "respond", "a") == derive_seed(0, "respond", "a")
    assert len({derive_seed(s, st, i) for s in (0, 1) for st in ("respond", "choose") for i in ("a", "b")}) == 8
    assert 0 <= derive_seed("x") < 2**63


@pytest.mark.parametrize("picked", [range(0, 3000, 2), [2999, 0, 1, 1500, 0], [7, 5, 6], range(10, 12), []])
def test_picked_rows_are_written_as_they_are_in_batches_and_not_one_by_one(tmp_path, picked):
    rows = [
        {"id": str(n), "messages": [{"role": "user", "content": f"{n}?"}] * (n % 3), "note": {"n": n}, "score": n / 2}
        for n in range(3000)
    ]
    write_arrow(from_rows(rows), tmp_path / "all.arrow")
    records = read_arrow(tmp_path / "all.arrow").select(picked)
    write_arrow(records, tmp_path / "picked.arrow")
    written = read_arrow(tmp_path / "picked.arrow")
    assert written.to_list() == records.to_list()
    assert written["id"] == [str(n) for n in picked]
    assert len(written.data.to_batches()) == math.ceil(len(picked) / 1000)


def test_values_of_mixed_types_stay_exact_wherever_a_piece_ends(tmp_path):
    values = [0.7994025740810211, "3", {"a": 0.1 + 0.2}, None, 7]
    rows = [{"id": str(n), "messages": [], "x": values[n % 5] if n > PIECE else 0.1 * n} for n in range(2 * PIECE)]
    write_records(from_rows(rows), tmp_path / "out.jsonl")
    written = [json.loads(line).get("x") for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    given = [row["x"] for row in rows]
    assert written == [x if x is None or isinstance(x, str) else json.dumps(x) for x in given]


def test_what_exceeds_the_memory_for_a_pool_lies_in_a_file_that_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(pool_module, "HELD", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = [{"id": str(n), "messages": [{"role": "user", "content": f"question {n}"}]} for n in range(3 * PIECE)]
    pool = from_rows(rows)
    assert list(tmp_path.iterdir()) == []
    assert (len(pool), pool[-1]["messages"][0]["content"]) == (3 * PIECE, f"question {3 * PIECE - 1}")
