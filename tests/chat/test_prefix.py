"""The pre-query prefix: what stands before the user's content."""

import pytest

from curate.chat.scaffold import Slot
from curate.errors import CurateError
from tests.chat.conversations import ENGLISH, turns, user
from tests.chat.families import FAMILIES, ROUND, SECOND, SYSTEM, every_family, taken_by


def test_the_pre_query_prefix_of_qwen_holds_its_default_system_turn(chatml):
    assert chatml.pre_query_prefix() == (
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n"
    )


def test_the_pre_query_prefix_after_a_system_turn_and_after_a_conversation(llama3):
    assert llama3.pre_query_prefix(ENGLISH[:1]) == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou are a geographer.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n"
    )
    continued = llama3.pre_query_prefix(ENGLISH[:3])
    assert continued.endswith("\n\nParis.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n")


@every_family
def test_the_pre_query_prefix_begins_the_real_conversation(name, template_of):
    template, question = template_of(name), "Why is the sky blue?"
    histories = [[], [SYSTEM], ROUND, ROUND + SECOND, [SYSTEM, *ROUND]]
    for messages in histories:
        if not taken_by(name, messages):
            continue
        prefix = template.pre_query_prefix(messages)
        folded = f"{FAMILIES[name].user}Be brief.\n\n"  # Gemma 3 writes the system's content into the user turn
        assert prefix.endswith(folded if name == "gemma3" and messages == [SYSTEM] else FAMILIES[name].user)
        assert all(message["content"] in prefix for message in messages)
        assert template.generation_prompt([*messages, user(question)]).startswith(prefix + question)


@every_family
def test_the_beginning_of_text_is_there_once(name, template_of):
    template, bos = template_of(name), FAMILIES[name].bos
    ids = template.encode(template.pre_query_prefix())
    if bos and not name.startswith("phi"):  # Phi's templates write none
        assert ids.count(template.tokenizer.bos_token_id) == 1
        assert ids[0] == template.tokenizer.bos_token_id


def test_a_user_turn_cannot_follow_a_user_turn(chatml):
    with pytest.raises(CurateError, match="end with a user turn"):
        chatml.pre_query_prefix(turns("Hi"))


def test_a_history_that_quotes_a_sentinel(chatml):
    quoted = turns(Slot(0, "content").sentinel, Slot(1, "content").sentinel)
    assert chatml.pre_query_prefix(quoted) == chatml.render(quoted) + "<|im_start|>user\n"
    assert chatml.tokenize(quoted).text == chatml.render(quoted)
