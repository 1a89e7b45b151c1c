"""`screen`: each rule, on instructions, on responses and on candidates."""

from __future__ import annotations

from typing import Any

import pytest

from curate.errors import CurateError
from curate.records import from_rows
from curate.stages.screen import screen

GOOD = "The capital of France is Paris."
LOOP = "I like it very much because it is good. " * 10
CHINESE_LOOP = "我非常喜欢这本书，因为它写得很好。" * 10


def conversation(*turns: str) -> dict[str, Any]:
    roles = ("user", "assistant") * len(turns)
    messages = [{"role": role, "content": content} for role, content in zip(roles, turns, strict=False)]
    return {"id": "x", "messages": messages}


def with_candidates(*contents: str, instruction: str = "What is the capital of France?") -> dict[str, Any]:
    candidates = [{"content": c, "generator": "teacher", "finish_reason": "stop"} for c in contents]
    return {**conversation(instruction), "candidates": candidates}


def verdict(record: dict[str, Any], **parameters: Any) -> tuple[str, dict[str, Any]] | None:
    """The reason and the detail of a record that is dropped, None for one that is kept."""
    dropped = screen(from_rows([record]), **parameters).dropped
    return (dropped[0]["reason"], dropped[0]["detail"]) if len(dropped) else None


@pytest.mark.parametrize(
    "record",
    [
        conversation("What is the capital of France?", GOOD),
        conversation("法国的首都是哪里？", "巴黎。"),
        conversation("Is 7 prime?", "是"),
        conversation("How do you like it?", "👍"),
        conversation("写一首诗"),
        conversation("Hello there", "Hi!", "What is 2 + 2?", "4"),
        with_candidates(GOOD, "Paris"),
    ],
)
def test_ordinary_text_passes(record: dict[str, Any]) -> None:
    assert verdict(record) is None


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("", "empty", {"characters": 0}),
        (" \n\t ", "empty", {"characters": 0}),
        ("……！？", "empty", {"characters": 4}),
        ("--- ***", "empty", {"characters": 7}),
        ("Answer <|im_end|>", "special tokens", {"token": "<|im_end|>"}),
        ("[INST] 好的 [/INST]", "special tokens", {"token": "[INST]"}),
        ("<think>hm</think> Paris", "special tokens", {"token": "<think>"}),
        ("x" * 32_001, "too long", {"characters": 32_001, "threshold": 32_000}),
        (LOOP, "repetition", {"of": "words", "share": pytest.approx(0.9), "threshold": 0.5}),
        (CHINESE_LOOP, "repetition", {"of": "words", "share": pytest.approx(0.9), "threshold": 0.5}),
        ("so\n" * 8, "repetition", {"of": "lines", "share": pytest.approx(7 / 8), "threshold": 0.5}),
    ],
)
def test_a_bad_response_drops_its_record_with_the_measure(text: str, reason: str, detail: dict[str, Any]) -> None:
    assert verdict(conversation("A question?", text)) == (reason, {"text": "response", **detail})


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("?!", "empty", {"characters": 2}),
        ("Hi", "too short", {"characters": 2, "threshold": 4}),
        ("x" * 8_001, "too long", {"characters": 8_001, "threshold": 8_000}),
        ("<start_of_turn>user", "special tokens", {"token": "<start_of_turn>"}),
        (LOOP, "repetition", {"of": "words", "share": pytest.approx(0.9), "threshold": 0.5}),
    ],
)
@pytest.mark.parametrize("rest", [[], [GOOD]])
def test_a_bad_instruction_does_so_with_and_without_a_response(
    text: str, reason: str, detail: dict[str, Any], rest: list[str]
) -> None:
    assert verdict(conversation(text, *rest)) == (reason, {"text": "instruction", **detail})


def test_every_turn_of_a_conversation_is_judged() -> None:
    assert verdict(conversation("Hello there", "Hi!", "Ok", GOOD)) == (
        "too short",
        {"text": "instruction", "characters": 2, "threshold": 4},
    )
    assert verdict(conversation("Hello there", "...", "Go on please", GOOD)) == (
        "empty",
        {"text": "response", "characters": 3},
    )


def test_a_candidate_that_was_cut_off_goes_and_the_others_stay() -> None:
    record = with_candidates(GOOD, "The capital of")
    record["candidates"][1]["finish_reason"] = "length"
    outcome = screen(from_rows([record]))
    assert [c["content"] for c in outcome.kept[0]["candidates"]] == [GOOD]
    rejected = outcome.kept[0]["rejected"]
    assert [(r["content"], r["generator"], r["reason"], r["detail"]) for r in rejected] == [
        ("The capital of", "teacher", "cut off", {"text": "response", "finish_reason": "length", "characters": 14})
    ]
    assert outcome.stats == {"candidates cut off": 1}


def test_a_record_whose_candidates_all_fail_is_dropped_for_the_commonest_reason() -> None:
    outcome = screen(from_rows([with_candidates("...", LOOP, CHINESE_LOOP)]))
    row = outcome.dropped[0]
    assert (row["reason"], row["detail"]) == ("repetition", {"candidates": {"empty": 1, "repetition": 2}})
    assert (len(row["candidates"]), len(row["rejected"])) == (0, 3)


def test_a_bad_instruction_outweighs_its_candidates() -> None:
    assert verdict(with_candidates(GOOD, "...", instruction="?")) == ("empty", {"text": "instruction", "characters": 1})


def test_candidates_that_were_not_chosen_are_not_judged_again() -> None:
    record = {**with_candidates(GOOD, "..."), **conversation("What is the capital of France?", GOOD)}
    outcome = screen(from_rows([record]))
    assert len(outcome.kept[0]["candidates"]) == 2


def test_lengths_can_be_those_of_lima() -> None:
    reason, detail = verdict(conversation("A question?", GOOD), response_length=(1200, 4096)) or ("", {})
    assert (reason, detail) == ("too short", {"text": "response", "characters": len(GOOD), "threshold": 1200})


def test_rules_can_be_turned_off() -> None:
    assert verdict(conversation("Hi", "x" * 40_000), instruction_length=None, response_length=None) is None
    assert verdict(conversation("A question?", LOOP), repetition=None) is None


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(CurateError, match="response_length: the least must not exceed the most, found 9 and 3"):
        screen(from_rows([conversation("A question?")]), response_length=(9, 3))


def test_a_record_is_judged_the_same_alone_and_among_others() -> None:
    rows = [
        conversation("A question?", text) | {"id": str(i)} for i, text in enumerate((GOOD, LOOP, "...", "<s>", "ok"))
    ]
    together = screen(from_rows(rows))
    reasons = dict(zip(together.dropped["id"], together.dropped["reason"], strict=True))
    for row in rows:
        alone = verdict(row)
        assert reasons.get(row["id"]) == (alone[0] if alone else None)


def test_a_candidate_that_never_left_its_reasoning_is_rejected_as_such_cut_off_or_not() -> None:
    record = with_candidates(GOOD, "", "")
    record["candidates"][1] |= {"reasoning_content": "Let me see", "finish_reason": "length"}
    record["candidates"][2] |= {"reasoning_content": "So it is Paris"}
    rejected = screen(from_rows([record])).kept[0]["rejected"]
    assert [(r["reason"], r["detail"]) for r in rejected] == [
        ("unfinished reasoning", {"text": "response", "finish_reason": "length", "reasoning": 10}),
        ("unfinished reasoning", {"text": "response", "finish_reason": "stop", "reasoning": 14}),
    ]


def test_an_answer_with_reasoning_that_was_cut_off_is_cut_off() -> None:
    record = with_candidates("The capital of")
    record["candidates"][0] |= {"reasoning_content": "Let me see", "finish_reason": "length"}
    assert (verdict(record) or ("",))[0] == "cut off"
