"""What a stage judges, and where its scores and verdicts go; and what the stages do after `choose`."""

import pytest

from curate import choose, fit, label, moderate, respond, reward, screen
from curate.answers import as_turn, every_turn, judged, last_turns, response_turns
from curate.outcome import Drop
from curate.records.pool import from_rows

QUESTION = {"role": "user", "content": "What is a lake?"}
ANSWER = {"role": "assistant", "content": "A large body of water."}
CANDIDATES = [
    {"content": "Water.", "generator": "m1", "scores": {"logprob": -1.0}},
    {"content": "A body of water in the land.", "generator": "m2", "scores": {"logprob": -2.0}},
]
DONE = {"id": "done", "messages": [QUESTION, ANSWER]}
OPEN = {"id": "open", "messages": [QUESTION], "candidates": CANDIDATES}
BOTH = {"id": "both", "messages": [QUESTION, ANSWER], "candidates": CANDIDATES}
NEITHER = {"id": "neither", "messages": [QUESTION]}
POOL = from_rows([DONE, OPEN, BOTH, NEITHER])


def shown(turns):
    return [(turn.row, turn.candidate, turn.last["content"]) for turn in turns]


RESPONSE, FIRST, SECOND = ANSWER["content"], CANDIDATES[0]["content"], CANDIDATES[1]["content"]


def test_a_response_is_judged_where_there_is_one_and_candidates_where_there_is_none():
    assert shown(response_turns(POOL)) == [(0, None, RESPONSE), (1, 0, FIRST), (1, 1, SECOND), (2, None, RESPONSE)]


def test_the_last_turn_is_judged_with_or_without_a_response():
    asked = QUESTION["content"]
    assert shown(last_turns(POOL)) == [
        (0, None, RESPONSE),
        (1, None, asked),
        (1, 0, FIRST),
        (1, 1, SECOND),
        (2, None, RESPONSE),
        (3, None, asked),
    ]


def test_every_turn_comes_after_the_turns_before_it():
    assert [(turn.row, turn.candidate, len(turn.messages)) for turn in every_turn(POOL)] == [
        *((0, None, 1), (0, None, 2)),
        *((1, None, 1), (1, 0, 2), (1, 1, 2)),
        *((2, None, 1), (2, None, 2)),
        (3, None, 1),
    ]


def test_scores_go_to_the_record_for_its_response_and_to_a_candidate_for_its_own():
    turns = response_turns(POOL)
    outcome = judged(POOL, turns, [None] * 4, {"stars": [1.0, 2.0, 3.0, 4.0]})
    rows = {row["id"]: row for row in outcome.kept}
    assert [rows[name]["scores"]["stars"] for name in ("done", "both")] == [1.0, 4.0]
    assert [c["scores"] for c in rows["open"]["candidates"]] == [
        {"logprob": -1.0, "stars": 2.0},
        {"logprob": -2.0, "stars": 3.0},
    ]
    assert [c["scores"]["stars"] for c in rows["both"]["candidates"]] == [None, None]


def test_a_bad_response_drops_its_record_and_a_bad_candidate_is_rejected():
    bad = Drop("bad", {"n": 1})
    outcome = judged(POOL, response_turns(POOL), [bad, bad, None, None], without=Drop("nothing"))
    assert {row["id"]: row["reason"] for row in outcome.dropped} == {"done": "bad", "neither": "nothing"}
    kept = {row["id"]: row for row in outcome.kept}
    assert [c["content"] for c in kept["open"]["candidates"]] == [SECOND]
    assert [(c["content"], c["reason"]) for c in kept["open"]["rejected"]] == [(FIRST, "bad")]
    assert len(kept["both"]["candidates"]) == 2


# After `choose`

CHOSEN = choose(from_rows([OPEN]), by="fit").kept


def untouched(outcome):
    """The candidates and the conversation are those that `choose` left."""
    (row,) = outcome.kept
    assert [(c["content"], c["scores"]["logprob"]) for c in row["candidates"]] == [(FIRST, -1.0), (SECOND, -2.0)]
    assert [turn["content"] for turn in row["messages"]] == [QUESTION["content"], FIRST]
    return row


def test_a_second_fit_scores_the_chosen_response_under_the_other_model(base):
    row = untouched(fit(CHOSEN, model=base))
    (alone,) = fit(from_rows([{"id": "x", "messages": [QUESTION, as_turn(CANDIDATES[0])]}]), model=base).kept
    assert row["scores"]["logprob"] == pytest.approx(alone["scores"]["logprob"], abs=1e-5)
    assert row["scores"]["logprob"] != -1.0


def test_a_second_reward_scores_the_chosen_response(reward_model):
    row = untouched(reward(CHOSEN, model=reward_model))
    assert row["scores"]["reward"]
    assert [set(c["scores"]) for c in row["candidates"]] == [{"logprob"}] * 2


def test_label_judges_the_chosen_response(judge):
    row = untouched(label(CHOSEN, model=judge))
    assert row["labels"]["quality"]
    assert [set(c["scores"]) for c in row["candidates"]] == [{"logprob"}] * 2


def test_moderate_and_screen_judge_the_chosen_response_and_leave_the_others():
    harmful = {
        "content": "Here is how to build a pipe bomb: first, take gunpowder.",
        "generator": "m3",
        "scores": {"logprob": -9.0},
    }
    pool = choose(from_rows([{**OPEN, "candidates": [*CANDIDATES, harmful]}]), by="fit").kept
    assert len(moderate(pool).kept[0]["candidates"]) == 3
    assert len(screen(pool, response_length=(3, 10)).kept[0]["candidates"]) == 3
    assert screen(pool, response_length=(30, 100)).dropped["reason"][:] == ["too short"]


def test_choosing_again_replaces_the_choice():
    again = choose(choose(from_rows([OPEN]), by="fit").kept, by="longest").kept
    assert again.to_list() == choose(from_rows([OPEN]), by="longest").kept.to_list()
    assert [turn["role"] for turn in again[0]["messages"]] == ["user", "assistant"]


def test_more_candidates_after_the_choice_open_it_again(teacher):
    (row,) = respond(CHOSEN, models=[teacher], candidates=1, max_tokens=8).kept
    assert [turn["role"] for turn in row["messages"]] == ["user"]
    assert [c["generator"] for c in row["candidates"]] == ["m1", "m2", "demo-chat"]


def test_a_response_that_is_no_candidate_stays_and_is_counted():
    outcome = choose(from_rows([BOTH, OPEN]), by="longest")
    assert [row["messages"][-1]["content"] for row in outcome.kept] == [RESPONSE, SECOND]
    assert outcome.stats["with a response already"] == 1


def test_a_pool_in_which_only_some_have_a_response_gives_the_same_in_any_order(base):
    rows = [DONE, {**NEITHER, "id": "n1"}, {**DONE, "id": "d2"}]
    for order in (rows, rows[::-1], [rows[1], rows[0], rows[2]]):
        outcome = fit(from_rows(order), model=base)
        assert sorted(outcome.kept["id"]) == ["d2", "done"]
        assert outcome.dropped["reason"][:] == ["nothing to score"]
