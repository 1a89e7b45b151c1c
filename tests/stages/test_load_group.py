"""`load` with `group`: the rows of one instruction as one record with candidates."""

from __future__ import annotations

from curate.stages.load import load, peek
from tests.stages.test_load import PAIR, pool, turns

ROWS = [
    {"instruction": "2 + 2?", "output": "4", "generator": "m", "dataset": "sums", "seconds": 1},
    {"instruction": "A herb?", "output": "Basil.", "generator": "m", "dataset": "herbs", "seconds": 2},
    {"instruction": "2 + 2?", "output": "<think>Two, two.</think>5", "generator": "n", "dataset": "sums", "seconds": 3},
    {"instruction": "2 + 2?", "output": "four", "dataset": "sums", "seconds": 1},
]


def test_group_gathers_the_rows_of_an_instruction_into_candidates(tmp_path):
    outcome = load(pool(tmp_path, *ROWS), group="candidates")
    first, second = outcome.kept.to_list()
    assert turns(first) == [("user", "2 + 2?")]
    assert [(c["content"], c["reasoning_content"], c["generator"]) for c in first["candidates"]] == [
        ("4", None, "m"),
        ("5", "Two, two.", "n"),
        ("four", None, None),
    ]
    assert (first["dataset"], first["seconds"], first["source"]["line"]) == ("sums", [1, 3, 1], 1)
    assert (len(second["candidates"]), second["seconds"]) == (1, 2)
    assert outcome.stats["rows gathered"] == 4
    assert outcome.stats["column seconds as the list of its rows' values"] == 1


def test_group_takes_ids_scores_and_candidates_that_are_there(tmp_path):
    rows = [
        {"id": 7, "messages": PAIR, "scores": {"quality": 4}},
        {"id": 7, "messages": PAIR[:1], "candidates": [{"content": "five", "scores": {"quality": 1}}]},
    ]
    (record,) = load(pool(tmp_path, *rows), group="candidates").kept.to_list()
    assert record["id"] == "7"
    assert [(c["content"], c["scores"]) for c in record["candidates"]] == [
        ("4", {"quality": 4.0}),
        ("five", {"quality": 1.0}),
    ]


def test_group_takes_the_generator_from_the_column_that_is_named(tmp_path):
    path = pool(tmp_path, {"prompt": "2 + 2?", "response": "4", "modell": "m"})
    (record,) = load(path, group="candidates", columns={"generator": "modell"}).kept.to_list()
    assert record["candidates"][0]["generator"] == "m"
    assert "candidates" in peek(path, {"generator": "modell"}, "candidates")
