"""`screen`: each rule, on instructions, on responses and on candidates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.records.pool import from_rows
from curate.stages.screen import screen
from tests.stages.screening import GOOD, conversation, verdict, with_candidates

LOOP = "I like it very much because it is good. " * 10
SORRY = "I'm sorry, but I can't assist with that."
CHINESE_LOOP = "我非常喜欢这本书，因为它写得很好。" * 10


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
        ("so " * 40, "repeated characters", {"share": pytest.approx(1), "threshold": pytest.approx(0.3)}),
        ("And so on it goes\n" * 8, "repeated lines", {"share": pytest.approx(7 / 8), "threshold": 0.5}),
        (LOOP, "repeated phrases", {"share": pytest.approx(0.9), "threshold": 0.5}),
        (CHINESE_LOOP, "repeated phrases", {"share": pytest.approx(0.9), "threshold": 0.5}),
        (SORRY, "refusal", {"found": "I'm sorry, but I can't assist"}),
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
        (LOOP, "repeated phrases", {"share": pytest.approx(0.9), "threshold": 0.5}),
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
    assert (row["reason"], row["detail"]) == (
        "repeated phrases",
        {"candidates": {"empty": 1, "repeated phrases": 2}},
    )
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
    long = conversation("Hi", "x" * 40_000)
    assert verdict(long, instruction_length=None, response_length=None, repeated_character_share=None) is None
    assert verdict(conversation("A question?", LOOP), repeated_phrase_share=None) is None
    assert verdict(conversation("A question?", "Goes on\nand on\n" * 2), repeated_line_share=None) is None
    assert verdict(conversation("A question?", SORRY), refusals="keep") is None


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


# Refusals


def test_an_instruction_may_apologise() -> None:
    assert verdict(conversation(SORRY, "No problem at all.")) is None


# Language

GERMAN = "Die Hauptstadt von Frankreich ist seit vielen Jahrhunderten die Stadt Paris."
LONG_GERMAN = f"{GERMAN} Dort wohnen mehr als zwei Millionen Menschen, und jedes Jahr kommen viele Reisende her."


def test_a_conversation_in_another_language_is_dropped_with_what_was_found_and_wanted() -> None:
    reason, detail = verdict(conversation("Was ist die Hauptstadt?", GERMAN), languages=["en", "fr"]) or ("", {})
    assert reason == "language"
    assert detail | {"confidence": 0} == {
        "text": "response",
        "language": "de",
        "confidence": 0,
        "wanted": ["en", "fr"],
    }
    assert 0.5 < detail["confidence"] <= 1


def test_the_language_becomes_a_label_and_what_cannot_be_told_is_kept_as_und() -> None:
    rows = [
        conversation("What is the capital of France?", GOOD),
        conversation("2 + 2", "4"),
        conversation("Was?", GERMAN),
    ]
    kept = screen(from_rows(rows), languages=["en", "de"]).kept
    assert [labels["language"] for labels in kept["labels"]] == ["en", "und", "de"]


def test_without_the_rule_there_is_no_label() -> None:
    assert "labels" not in screen(from_rows([conversation("What is it?", GOOD)])).kept.column_names


def test_a_candidate_is_in_the_language_of_its_conversation() -> None:
    outcome = screen(from_rows([with_candidates(GOOD, LONG_GERMAN)]), languages=["en"])
    assert [c["content"] for c in outcome.kept[0]["candidates"]] == [GOOD]
    assert outcome.stats == {"candidates language": 1}
    assert outcome.kept[0]["labels"] == {"language": "en"}


def test_a_language_that_nobody_knows_is_refused_before_anything_is_read() -> None:
    with pytest.raises(CurateError, match="screen: languages.*: there is no language 'eng'; did you mean 'en'"):
        screen(from_rows([conversation("A question?")]), languages=["eng"])


# Personal data

MAIL = "Write to ann.lee@acme.io or call +32 2 643 12 34."
REDACTED = "Write to <EMAIL> or call <PHONE>."


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_personal_data_in_any_turn_drops_the_record_and_is_not_repeated(role: str) -> None:
    messages = [
        {"role": name, "content": MAIL if name == role else "This is a text."}
        for name in ("system", "user", "assistant")
    ]
    kinds = {"system": "system", "user": "instruction", "assistant": "response"}
    assert verdict({"id": "x", "messages": messages}, personal_data="drop") == (
        "personal data",
        {"text": kinds[role], "found": {"email": 1, "phone": 1}},
    )


def test_personal_data_in_the_reasoning_drops_as_well() -> None:
    record = conversation("What is it?", GOOD)
    record["messages"][1]["reasoning_content"] = MAIL
    assert (verdict(record, personal_data="drop") or ("",))[0] == "personal data"


def test_personal_data_is_redacted_everywhere_and_counted() -> None:
    record = {**with_candidates(GOOD, MAIL, instruction=MAIL), "rejected": [{"content": MAIL, "reason": "x"}]}
    record["candidates"][0]["reasoning_content"] = MAIL
    outcome = screen(from_rows([record, {**with_candidates(GOOD), "id": "y"}]), personal_data="redact")
    first, second = outcome.kept
    assert first["messages"][0]["content"] == REDACTED
    assert [c["content"] for c in first["candidates"]] == [GOOD, REDACTED]
    assert first["candidates"][0]["reasoning_content"] == REDACTED
    assert first["rejected"][0]["content"] == REDACTED
    assert (first["redactions"], second["redactions"]) == ({"email": 4, "phone": 4}, None)
    assert outcome.stats == {"redacted email": 4, "redacted phone": 4}


def test_redacting_again_adds_nothing() -> None:
    once = screen(from_rows([conversation(MAIL, GOOD)]), personal_data="redact").kept
    again = screen(once, personal_data="redact")
    assert again.kept[:] == once[:]
    assert again.stats == {}


def test_personal_data_is_left_alone_unless_asked_for() -> None:
    outcome = screen(from_rows([conversation(MAIL, GOOD)]))
    assert outcome.kept[0]["messages"][0]["content"] == MAIL
    assert "redactions" not in outcome.kept.column_names


# LIMA's rules for Stack Exchange

PLAIN = "".join(f"Step {n} of the method is to sort part {n} of the list and to merge it. " for n in range(30))


@pytest.mark.parametrize(
    ("response", "reason", "detail"),
    [
        (GOOD, "too short", {"characters": len(GOOD), "threshold": 1200}),
        (PLAIN * 2, "too long", {"characters": len((PLAIN * 2).strip()), "threshold": 4096}),
        (f"{PLAIN} I like it.", "first person", {"found": "I"}),
        (f"{PLAIN} As mentioned above, sort it.", "other answers", {"found": "As mentioned above"}),
        (f"{PLAIN} See [this](https://a.org).", "links or markup", {"found": "[this](https://a.org)"}),
    ],
)
def test_stack_exchange_rules(response: str, reason: str, detail: dict[str, Any]) -> None:
    parameters = {"stack_exchange_rules": True, "repeated_phrase_share": None}
    record = conversation("How do I sort this?", response)
    assert verdict(record, **parameters) == (reason, {"text": "response", **detail})
    assert verdict(record, repeated_phrase_share=None) is None


def test_stack_exchange_rules_let_a_plain_answer_pass() -> None:
    assert verdict(conversation("How do I sort this?", PLAIN), stack_exchange_rules=True) is None


def test_stack_exchange_rules_narrow_bounds_that_are_given() -> None:
    record = conversation("How do I sort this?", PLAIN)
    reason, detail = verdict(record, stack_exchange_rules=True, response_length=(1, 1500)) or ("", {})
    assert (reason, detail["threshold"]) == ("too long", 1500)


# Properties

TEXTS = st.sampled_from(
    [GOOD, LOOP, SORRY, GERMAN, MAIL, PLAIN, "", "a" * 99, "<s>", "Hi", "cafÃ©", "Hi.\nUser: Ho"]
) | st.text(max_size=40)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(TEXTS, st.lists(TEXTS, max_size=3), st.none() | TEXTS), min_size=1, max_size=4),
    st.fixed_dictionaries(
        {
            "languages": st.sampled_from([None, ["en"]]),
            "personal_data": st.sampled_from([None, "drop", "redact"]),
            "mojibake": st.sampled_from(["drop", "repair"]),
            "user_turns": st.sampled_from(["drop", "repair"]),
            "stack_exchange_rules": st.booleans(),
        }
    ),
)
def test_no_record_and_no_candidate_is_lost(rows: list[Any], parameters: dict[str, Any]) -> None:
    records = [
        {**with_candidates(*candidates, instruction=instruction), "id": str(n)}
        for n, (instruction, candidates, _) in enumerate(rows)
    ]
    for record, (_, _, response) in zip(records, rows, strict=True):
        if response is not None:
            record["messages"].append({"role": "assistant", "content": response})
    outcome = screen(from_rows(records), **parameters)
    assert sorted([*outcome.kept["id"], *outcome.dropped["id"]]) == sorted(record["id"] for record in records)
    for row in [*outcome.kept, *outcome.dropped]:
        assert len(row["candidates"]) + len(row["rejected"]) == len(rows[int(row["id"])][1])
        if parameters["personal_data"] == "redact":
            assert "ann.lee@acme.io" not in str(row)
        if parameters["personal_data"] == "drop" and row["id"] in outcome.kept["id"]:
            assert "ann.lee@acme.io" not in str(
                (row["messages"], row["candidates"] if not rows[int(row["id"])][2] else 0)
            )
