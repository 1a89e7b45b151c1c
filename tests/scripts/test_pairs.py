"""The generator of the pairs that the demo models were trained on."""

import hashlib
import json
import random
import re
from itertools import islice

import pytest

from pairs import DOMAINS, KINDS, generate
from pairs.conversations import after_list
from pairs.wording import say

UNFILLED = re.compile(r"\{[a-z]+\}|\[[^\]\n]*\|[^\]\n]*\]")


def test_the_same_seed_writes_the_same_conversations() -> None:
    assert list(generate(50, seed=3)) == list(generate(50, seed=3))
    assert list(generate(50, seed=3)) != list(generate(50, seed=4))


def test_the_conversations_are_those_that_the_shipped_models_were_trained_on() -> None:
    lines = "".join(json.dumps(conversation, ensure_ascii=False) + "\n" for conversation in generate(3000, seed=0))
    written = hashlib.sha256(lines.encode("utf-8")).hexdigest()
    assert written == "0981c0efcf48822e342116cd8172a34a8286d5e554aefdc9679b965ad69842c3"


def test_no_conversation_comes_twice() -> None:
    texts = [str(conversation["messages"]) for conversation in generate(3000, seed=0)]
    assert len(set(texts)) == 3000


def test_kinds_have_different_names_within_a_domain() -> None:
    names = [(kind.domain, kind.name) for kind in KINDS]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.domain}-{kind.name}")
def test_a_kind_writes_turns_without_open_slots(kind) -> None:
    for seed in range(40):
        turns = kind.write(random.Random(seed))
        assert len(turns) % 2 == 0
        for text in turns:
            assert text.strip() == text
            assert text
            assert "```" in text or "`" in text or not UNFILLED.search(text), text


def test_a_system_turn_names_the_domain_of_its_kind() -> None:
    for conversation in islice(generate(500, seed=1), 500):
        first = conversation["messages"][0]
        if first["role"] == "system":
            assert first["content"] in (DOMAINS[conversation["domain"]], DOMAINS["general"])


def test_say_draws_inner_choices_first_and_then_fills_the_slots() -> None:
    assert say(random.Random(0), "[{a}|{a}] [is [very|very] old|is very old].", a="it [x|y]") == "It [x|y] is very old."


def test_a_request_about_a_list_is_answered_from_the_list() -> None:
    answers = {tuple(after_list(random.Random(seed), "Here:\n1. One\n2. Two"))[1] for seed in range(40)}
    assert answers == {"One", "One; Two", "- One", "- One\n- Two"}
    assert after_list(random.Random(0), "No list here.") == []
