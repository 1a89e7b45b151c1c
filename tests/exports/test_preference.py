"""Pairs of a record's own candidates, for DPO and KTO."""

import json

import pytest

from curate import CurateError, export
from curate.exports.preference import NoPair, pair_of
from tests.exports.records import PLAIN


def candidate(content, **scores):
    return {"content": content, "generator": "teacher", "scores": scores}


def record(*candidates, messages=PLAIN[:1]):
    return {"messages": messages, "candidates": list(candidates)}


BEST, MIDDLE, WORST = candidate("The Ebro.", reward=3), candidate("Ebro", reward=1), candidate("No.", reward=-1)


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_best_and_the_worst_candidate_make_a_pair():
    prompt, chosen, rejected = pair_of(record(MIDDLE, WORST, BEST), "reward", 1.0)
    assert (prompt, chosen["content"], rejected["content"]) == (PLAIN[:1], "The Ebro.", "No.")


def test_the_response_that_was_chosen_before_is_not_part_of_the_prompt():
    prompt, *_ = pair_of(record(BEST, WORST, messages=PLAIN), "reward", 1.0)
    assert prompt == PLAIN[:1]


@pytest.mark.parametrize(
    ("candidates", "margin", "reason"),
    [
        ([BEST], 0, "fewer than two candidates have the score 'reward'"),
        ([BEST, candidate("x", other=1.0)], 0, "fewer than two candidates have the score 'reward'"),
        ([BEST, candidate("x", reward=float("nan"))], 0, "fewer than two candidates have the score 'reward'"),
        ([BEST, candidate("x", reward=3)], 0, "the scores are equal"),
        ([BEST, MIDDLE], 2.5, "the scores are less than 2.5 apart"),
    ],
)
def test_what_makes_no_pair_says_why(candidates, margin, reason):
    with pytest.raises(NoPair, match=reason):
        pair_of(record(*candidates), "reward", margin)


def test_dpo_rows_hold_messages_and_are_proven(target_of, tmp_path):
    pool = [record(BEST, MIDDLE, WORST), record(BEST)]
    made = export(
        pool, to="preference", by="reward", margin=1, output=tmp_path / "out", target=str(target_of("qwen2_5"))
    )
    assert rows(tmp_path / "out/train.jsonl") == [
        {
            "prompt": PLAIN[:1],
            "chosen": [{"role": "assistant", "content": "The Ebro."}],
            "rejected": [{"role": "assistant", "content": "No."}],
        }
    ]
    assert made.proof.same
    assert made.proof.compared == 2
    assert made.left_out == {"fewer than two candidates have the score 'reward'": 1}


def test_a_score_that_no_candidate_has_is_told_with_the_nearest(tmp_path):
    with pytest.raises(CurateError, match="export: by: there is no score 'rewrad'; did you mean 'reward'"):
        export([record(BEST, WORST)], to="preference", by="rewrad", output=tmp_path / "out")
    with pytest.raises(CurateError, match="its records have no candidates with scores"):
        export([{"messages": PLAIN}], to="preference", by="reward", output=tmp_path / "out")


def test_kto_rows_are_labelled(target_of, tmp_path):
    made = export(
        [record(BEST, WORST)],
        to="preference",
        form="kto",
        by="reward",
        output=tmp_path / "out",
        target=str(target_of("llama3")),
    )
    good, bad = rows(tmp_path / "out/train.jsonl")
    assert (good["completion"][0]["content"], good["label"]) == ("The Ebro.", True)
    assert (bad["completion"][0]["content"], bad["label"]) == ("No.", False)
    assert made.proof.same
