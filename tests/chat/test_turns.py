"""Where the model's part of a turn begins and ends. ⟦ ⟧ stand around it."""

import pytest

from curate.chat import ChatTemplate
from curate.errors import CurateError
from tests.chat.conversations import turns
from tests.chat.templates import LLAMA2, MISTRAL_SYSTEM_LAST, ROLES, VICUNA, ZEPHYR, trl_template


class TestOtherShapes:
    """Templates of other makes: no generation prompt of their own, no special tokens, a system text that moves."""

    @pytest.mark.parametrize(
        ("template", "shown", "stops"),
        [
            (LLAMA2, "<s>[INST] Hi [/INST]⟦ Ho </s>⟧<s>[INST] So? [/INST]⟦ Hum </s>⟧", ["[/INST]", "</s>"]),
            (
                ZEPHYR,
                "<~user~>\nHi</s>\n<~assistant~>\n⟦Ho</s>\n⟧<~user~>\nSo?</s>\n<~assistant~>\n⟦Hum</s>\n⟧",
                ["</s>"],
            ),
            (VICUNA, "USER: Hi ASSISTANT:⟦ Ho</s>⟧USER: So? ASSISTANT:⟦ Hum</s>⟧", ["</s>"]),
        ],
    )
    def test_two_rounds(self, template, shown, stops, tokenizer_for, marked):
        chat = ChatTemplate(tokenizer_for(template, bos="<s>", eos="</s>"))
        assert marked(chat, turns("Hi", "Ho", "So?", "Hum")) == shown
        assert chat.tokenizer.convert_ids_to_tokens(chat.user_stop_token_ids) == stops
        assert chat.tokenizer.convert_ids_to_tokens(chat.assistant_stop_token_ids) == ["</s>"]

    def test_a_system_text_that_moves_to_the_last_user_turn(self, tokenizer_for, marked):
        chat = ChatTemplate(tokenizer_for(MISTRAL_SYSTEM_LAST, bos="<s>", eos="</s>"))
        messages = [{"role": "system", "content": "Be brief."}, *turns("Hi", "Ho", "So?", "Hum")]
        assert marked(chat, messages) == "<s>[INST]Hi[/INST]⟦Ho</s>⟧[INST]Be brief.\n\nSo?[/INST]⟦Hum</s>⟧"
        assert chat.pre_query_prefix(messages[:1]) == "<s>[INST]Be brief.\n\n"
        assert chat.pre_query_prefix(messages[:3]) == "<s>[INST]Hi[/INST]Ho</s>[INST]Be brief.\n\n"


def test_the_mask_begins_where_the_generation_prompt_of_these_options_ends(tokenizer_for, marked):
    tokenizer = tokenizer_for(trl_template("qwen3"))
    thinking, silent = ChatTemplate(tokenizer), ChatTemplate(tokenizer, options={"enable_thinking": False})
    assert marked(thinking, turns("Hi", "Ho")).endswith("assistant\n⟦<think>\n\n</think>\n\nHo<|im_end|>\n⟧")
    assert marked(silent, turns("Hi", "Ho")).endswith("assistant\n<think>\n\n</think>\n\n⟦Ho<|im_end|>\n⟧")


def test_an_assistant_turn_cannot_come_first(chatml):
    with pytest.raises(CurateError, match="cannot begin with an assistant turn"):
        chatml.tokenize([{"role": "assistant", "content": "Ho"}])


def test_a_text_that_is_gone_once_a_turn_follows_is_named(tokenizer_for):
    last_only = "{{ message.reasoning_content if loop.last else '' }}"
    template = ChatTemplate(tokenizer_for(ROLES.replace("REASONING", last_only)))
    thought = {"role": "assistant", "content": "", "reasoning_content": "Hm."}
    with pytest.raises(CurateError, match="forgets what message 2 says"):
        template.tokenize([*turns("Hi"), thought, {"role": "assistant", "content": "Ho"}])
