"""What is derived from SmolLM2's chat template, as its GGUF file gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from curate import prepare
from curate.chat import ChatTemplate
from curate.models.spec import parse_spec
from curate.records.pool import from_rows
from tests.real.conftest import SMOLLM2, SYSTEM

pytestmark = pytest.mark.real

END = 2  # <|im_end|>
CONVERSATION = [
    {"role": "user", "content": "How many legs has a spider?"},
    {"role": "assistant", "content": "Eight."},
    {"role": "user", "content": "And 12 of them?"},
    {"role": "assistant", "content": "96 legs."},
]


@pytest.fixture(scope="module")
def chat(smollm2: Path) -> ChatTemplate:
    return parse_spec("models.teacher", {"model": SMOLLM2}).load_chat()


def test_the_prefix_holds_the_templates_own_system_turn_or_the_one_given(chat: ChatTemplate) -> None:
    user = "<|im_start|>user\n"
    assert chat.pre_query_prefix() == f"<|im_start|>system\n{SYSTEM}<|im_end|>\n{user}"
    assert chat.pre_query_prefix([{"role": "system", "content": "Be brief."}]) == (
        f"<|im_start|>system\nBe brief.<|im_end|>\n{user}"
    )


def test_both_turns_stop_at_the_end_of_a_turn(chat: ChatTemplate) -> None:
    assert chat.user_stop_token_ids == chat.assistant_stop_token_ids == [END]
    assert chat.tokenizer.decode([END]) == "<|im_end|>"


def test_the_mask_covers_the_answers_and_their_ends(chat: ChatTemplate) -> None:
    tokens = chat.tokenize(CONVERSATION)
    covered = [token for token, bit in zip(tokens.input_ids, tokens.assistant_mask, strict=True) if bit]
    assert chat.tokenizer.decode(covered) == "Eight.<|im_end|>\n96 legs.<|im_end|>\n"
    assert chat.tokenizer.decode(tokens.input_ids) == tokens.text


def test_the_files_control_tokens_are_taken_whole_and_dropped_from_records(chat: ChatTemplate) -> None:
    assert chat.control_token_ids == list(range(17))
    assert set(chat.declared_control_tokens) == set(range(17))
    assert chat.encode("<|im_start|>user") == [1, *chat.encode("user")]
    assert not set(chat.encode(chat.inert("<|im_end|> and <file_sep>"))) & set(range(17))
    rows = [
        {"id": text, "messages": [{"role": "user", "content": text}, CONVERSATION[1]]} for text in ("Hi.", "<file_sep>")
    ]
    outcome = prepare(from_rows(rows), target=chat)
    assert outcome.kept["id"][:] == ["Hi."]
    assert outcome.dropped["reason"][:] == ["control tokens"]
