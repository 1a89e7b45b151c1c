"""`screen`: damaged texts, what was asked for, and what is repaired."""

from __future__ import annotations

from typing import Any

import pytest

from curate.records.pool import from_rows
from curate.stages.screen import screen
from tests.stages.screening import GOOD, conversation, verdict, with_candidates

WORDS = (
    "The moon is the only natural satellite of the Earth. It has no air of its own, and because of that its sky is "
    "black even in the day. However, there is water in the form of ice at the poles, and people like to talk of it."
)
SHUFFLED = " ".join(sorted(WORDS.split(), key=lambda word: word[::-1]))


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("The cafÃ© is open.", "mojibake", {"found": "The cafÃ© is open"}),
        ("浣犲ソ涓栫晫浣犲ソ", "mojibake", {"found": "浣犲ソ涓栫晫浣犲ソ"}),
        ("Paris.\n\nUser: And of Spain?", "user turn", {"found": "User: And of Spain?", "characters": 6}),
        ("巴黎。\n用户：西班牙呢？", "user turn", {"found": "用户：西班牙呢？", "characters": 3}),
        ("### Response:\nParis.", "template debris", {"found": "### Response:"}),
        ("ASSISTANT: Paris.", "template debris", {"found": "ASSISTANT:"}),
        ("### 回答：\n巴黎。", "template debris", {"found": "### 回答："}),
        ("<div>Paris is the capital.</div>", "markup residue", {"found": "<div>"}),
        ("巴黎&nbsp;是法国的首都。", "markup residue", {"found": "&nbsp;"}),
    ],
)
def test_damage_drops_its_record_with_what_was_found(text: str, reason: str, detail: dict[str, Any]) -> None:
    assert verdict(conversation("A question?", text)) == (reason, {"text": "response", **detail})


def test_shuffled_words_are_gibberish_with_their_share() -> None:
    reason, detail = verdict(conversation("What is the moon?", SHUFFLED)) or ("", {})
    assert (reason, detail["of"], detail["threshold"]) == ("gibberish", "broken order", pytest.approx(0.01))
    assert detail["share"] > 0.01
    assert verdict(conversation("What is the moon?", WORDS)) is None


def test_a_response_without_an_end_is_cut_off_with_the_signs() -> None:
    text = "The moon has no air of its own. Because of that, its sky is black while the"
    assert verdict(conversation("Why is its sky black?", text)) == (
        "cut off",
        {
            "text": "response",
            "signs": ["function word", "length", "no end", "sentence"],
            "score": 6,
            "threshold": 2,
            "end": "ause of that, its sky is black while the",
        },
    )
    assert verdict(conversation("Why is its sky black?", text), cut_off_score=7) is None
    assert verdict(conversation("Why is its sky black?", text), cut_off_score=None) is None


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        ("Write an HTML page that says hello.", "<div>Hello &amp; welcome</div>"),
        ("Make a form with two fields.", '<form><input type="text" name="a"><input type="text" name="b"></form>'),
        ("Write a dialogue with a robot.", "The lights go out.\nHuman: Who is there?\nAssistant: It is me."),
        (
            "Encrypt this with a random cipher.",
            "Xqzr vkpt wmnb lrtd gfhj zxcv bnmq wrtp sdfg hjkl qwrt plkj mnbv zzxq.",
        ),
        ("How do I write generics in Java?", "Use List<String> for a list of strings."),
    ],
)
def test_what_was_asked_for_is_no_damage(instruction: str, text: str) -> None:
    assert verdict(conversation(instruction, text)) is None


def test_what_an_earlier_turn_asked_for_counts() -> None:
    first = ("Write an HTML page, please.", "<p>Hello to all of you</p>")
    assert verdict(conversation(*first, "Now in Spanish.", "<p>Hola a todos vosotros</p>")) is None


def test_instructions_may_have_markup_and_no_end() -> None:
    assert verdict(conversation("Explain <div>this</div> and the", GOOD)) is None
    assert (verdict(conversation("### Instruction:\nExplain this.", GOOD)) or ("",))[0] == "template debris"
    assert (verdict(conversation("Where is the cafÃ©?", GOOD)) or ("",))[0] == "mojibake"


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"mojibake": "keep"}, "The cafÃ© is open."),
        ({"user_turns": "keep", "template_debris": "keep"}, "Paris.\n\nHuman: And of Spain?"),
        ({"template_debris": "keep"}, "### Response:\nParis."),
        ({"markup_residue": "keep"}, "<div>Paris is the capital.</div>"),
        ({"gibberish": "keep", "cut_off_score": None}, SHUFFLED),
        ({}, "Sincerely yours,\n[Your Name]"),
        ({}, "As an AI language model, I find this question interesting."),
    ],
)
def test_each_kind_of_damage_can_be_kept(parameters: dict[str, Any], text: str) -> None:
    assert verdict(conversation("A question?", text), **parameters) is None


def test_placeholders_and_self_references_go_where_asked() -> None:
    assert verdict(conversation("A letter?", "Sincerely yours,\n[Your Name]"), placeholders="drop") == (
        "placeholder",
        {"text": "response", "found": "[Your Name]"},
    )
    text = "As an AI language model, I find this question interesting."
    assert verdict(conversation("A question?", text), self_references="drop") == (
        "self reference",
        {"text": "response", "found": "As an AI"},
    )


def test_mojibake_is_repaired_in_every_text_and_the_rest_stays() -> None:
    record = {**with_candidates("“Café”  Â£5", GOOD, instruction="Where is the cafÃ©?")}
    outcome = screen(from_rows([record]), mojibake="repair")
    kept = outcome.kept[0]
    assert kept["messages"][0]["content"] == "Where is the café?"
    assert [candidate["content"] for candidate in kept["candidates"]] == ["“Café”  £5", GOOD]
    assert outcome.stats == {"repaired mojibake": 2}


def test_mojibake_that_lost_characters_goes_where_the_rest_is_repaired() -> None:
    assert (verdict(conversation("A question?", "The caf\ufffd is open."), mojibake="repair") or ("",))[0] == "mojibake"


def test_a_user_turn_is_cut_off_at_its_beginning() -> None:
    record = with_candidates(f"{GOOD}\n\nHuman: And of Spain?\n\nAssistant: Madrid.", GOOD)
    outcome = screen(from_rows([record]), user_turns="repair")
    assert [candidate["content"] for candidate in outcome.kept[0]["candidates"]] == [GOOD, GOOD]
    assert outcome.stats == {"repaired user turn": 1}


def test_a_user_turn_that_was_asked_for_stays() -> None:
    text = "The lights go out.\nHuman: Who is there?\nAssistant: It is me."
    outcome = screen(from_rows([conversation("Write a dialogue with a robot.", text)]), user_turns="repair")
    assert outcome.kept[0]["messages"][1]["content"] == text
    assert outcome.stats == {}
