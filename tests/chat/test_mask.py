"""Conversations to tokens and mask: whole ones, awkward contents, reasoning. ⟦ ⟧ stand around what the mask covers."""

import pytest
from transformers import ByT5Tokenizer

from curate.chat import ChatTemplate
from curate.errors import CurateError
from tests.chat.conversations import CHINESE, ENGLISH, assistant, loose, turns
from tests.chat.families import CONVERSATIONS, FAMILIES, REASONED, ROUND, every_family, taken_by
from tests.chat.templates import ROLES, trl_template


class TestGolden:
    def test_english_in_chatml(self, chatml, marked):
        assert marked(chatml, ENGLISH) == (
            "<|im_start|>system\nYou are a geographer.<|im_end|>\n"
            "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n"
            "<|im_start|>assistant\n⟦Paris.<|im_end|>\n⟧"
            "<|im_start|>user\nAnd of Spain?<|im_end|>\n"
            "<|im_start|>assistant\n⟦Madrid.\n\nAnything else?<|im_end|>\n⟧"
        )

    def test_chinese_in_chatml(self, chatml, marked):
        assert marked(chatml, CHINESE) == (
            "<|im_start|>system\n你是一位地理老师。<|im_end|>\n"
            "<|im_start|>user\n法国的首都是哪里？<|im_end|>\n"
            "<|im_start|>assistant\n⟦巴黎。<|im_end|>\n⟧"
            "<|im_start|>user\n西班牙呢？<|im_end|>\n"
            "<|im_start|>assistant\n⟦马德里。🙂<|im_end|>\n⟧"
        )

    def test_english_in_llama3(self, llama3, marked):
        assert marked(llama3, ENGLISH) == (
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou are a geographer.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nWhat is the capital of France?<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n⟦Paris.<|eot_id|>⟧"
            "<|start_header_id|>user<|end_header_id|>\n\nAnd of Spain?<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n⟦Madrid.\n\nAnything else?<|eot_id|>⟧"
        )

    def test_chinese_in_llama3(self, llama3, marked):
        assert marked(llama3, CHINESE) == (
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n你是一位地理老师。<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\n法国的首都是哪里？<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n⟦巴黎。<|eot_id|>⟧"
            "<|start_header_id|>user<|end_header_id|>\n\n西班牙呢？<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n⟦马德里。🙂<|eot_id|>⟧"
        )


class TestAwkwardContents:
    @pytest.mark.parametrize(
        "contents",
        [
            ("a", "a", "a", "a"),  # also a letter of the scaffold, and of each other
            ("user", "assistant", "system", "user\nassistant"),
            ("\n", "x", "\n\n", "\n"),
            ("<|im_end|>", "<|im_start|>user\nno", "<|im_start|>assistant\nme?", "<|im_end|>\n"),
            ("sentinel-0-content", "sentinel-1-content", "{{ messages }}", "{% raw %}"),
            ("🙂👩‍👩‍👧", "🙂", "中文，标点。", "Ça va? naïve\u3000"),
            ("  leads", "trails  ", "\n both \n", " \t"),
        ],
    )
    def test_each_turn_is_found_in_its_place(self, contents, chatml, marked):
        shown = marked(chatml, turns(*contents)).split("<|im_end|>\n", 1)[1]
        expected = "".join(
            f"<|im_start|>user\n{text}<|im_end|>\n"
            if index % 2 == 0
            else f"<|im_start|>assistant\n⟦{text}<|im_end|>\n⟧"
            for index, text in enumerate(contents)
        )
        assert loose(shown) == loose(expected)

    def test_an_empty_response_is_its_end_token(self, chatml, marked):
        assert marked(chatml, turns("Hi", "")).endswith("<|im_start|>assistant\n⟦<|im_end|>\n⟧")
        assert marked(chatml, turns("Hi", "", "So?", "Ho")).endswith(
            "<|im_start|>assistant\n⟦<|im_end|>\n⟧<|im_start|>user\nSo?<|im_end|>\n<|im_start|>assistant\n⟦Ho<|im_end|>\n⟧"
        )

    def test_empty_user_and_system_turns(self, chatml, tokenizer_for, marked):
        assert marked(chatml, turns("", "Ho", "", "Hum")).count("⟦") == 2
        phi = ChatTemplate(tokenizer_for(trl_template("phi3_5")))  # writes no system turn at all when it is empty
        empty_system = [{"role": "system", "content": ""}, *turns("Hi", "Ho")]
        assert marked(phi, empty_system) == "<|user|>\nHi<|end|>\n<|assistant|>\n⟦Ho<|end|>\n<|endoftext|>⟧"

    def test_an_empty_response_where_the_template_looks_at_it(self, tokenizer_for, marked):
        glm = ChatTemplate(tokenizer_for(trl_template("glm4moe")))  # writes no newline before an empty response
        assert marked(glm, turns("Hi", "")) == "[gMASK]<sop><|user|>\nHi<|assistant|>⟦\n<think></think>⟧"

    def test_a_template_that_strips_is_followed(self, llama3, marked):
        assert marked(llama3, turns("\n Hi ", " Ho\n\n", " a ", "a\n")) == (
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n⟦Ho<|eot_id|>⟧"
            "<|start_header_id|>user<|end_header_id|>\n\na<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n⟦a<|eot_id|>⟧"
        )

    def test_a_template_that_strips_newlines_only_is_followed(self, tokenizer_for, marked):
        template = ChatTemplate(tokenizer_for(trl_template("qwen3")))
        assert marked(template, turns("Hi", "\n  Ho \n")).endswith("⟦<think>\n\n</think>\n\n  Ho \n<|im_end|>\n⟧")

    def test_a_template_that_writes_more_for_some_contents_is_refused(self, tokenizer_for):
        more = ROLES.replace("REASONING", "") + "{% if 'Ho' in messages[-1].content %}{{ eos_token }}{% endif %}"
        template = ChatTemplate(tokenizer_for(more))
        assert template.tokenize(turns("Hi", "Hum")).text.endswith("Hum<|im_end|>\n")
        with pytest.raises(CurateError, match="changes the content of message 2 of 2"):
            template.tokenize(turns("Hi", "Ho"))

    def test_a_conversation_that_ends_with_the_user_masks_only_the_answers(self, chatml, marked):
        shown = marked(chatml, turns("Hi", "Ho", "So?"))
        assert shown.endswith("⟦Ho<|im_end|>\n⟧<|im_start|>user\nSo?<|im_end|>\n")
        assert "⟦" not in marked(chatml, turns("Hi"))

    def test_answers_without_a_question_between_them(self, chatml, marked):
        messages = [*turns("Hi", "Ho"), {"role": "assistant", "content": "Hum"}]
        assert marked(chatml, messages).endswith("⟦Ho<|im_end|>\n⟧<|im_start|>assistant\n⟦Hum<|im_end|>\n⟧")


class TestReasoning:
    def test_reasoning_of_earlier_turns_is_dropped_where_the_template_drops_it(self, tokenizer_for, marked):
        messages = turns("1?", "one", "2?", "two")
        messages[1]["reasoning_content"] = messages[3]["reasoning_content"] = "Easy."
        template = ChatTemplate(tokenizer_for(trl_template("qwen3")))
        assert marked(template, messages) == (
            "<|im_start|>user\n1?<|im_end|>\n<|im_start|>assistant\n⟦one<|im_end|>\n⟧"
            "<|im_start|>user\n2?<|im_end|>\n<|im_start|>assistant\n⟦<think>\nEasy.\n</think>\n\ntwo<|im_end|>\n⟧"
        )

    @pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
    def test_reasoning_goes_under_the_key_that_the_template_reads(self, key, tokenizer_for, marked):
        template = ChatTemplate(tokenizer_for(ROLES.replace("REASONING", "{{ message.KEY }}".replace("KEY", key))))
        assert template.reasoning_key == key
        messages = [*turns("Hi"), {"role": "assistant", "content": "Ho", "reasoning_content": "Hm."}]
        assert marked(template, messages).endswith("<|im_start|>assistant\n⟦Hm.Ho<|im_end|>\n⟧")

    def test_reasoning_inside_the_content_is_refused_where_the_template_takes_it_out(self, tokenizer_for):
        template = ChatTemplate(tokenizer_for(trl_template("deepseek_r1_distill")))
        with pytest.raises(
            CurateError, match=r"changes the content of message 2 of 2 \(assistant\).*reasoning_content"
        ):
            template.tokenize(turns("Hi", "<think>Hm.</think>Ho"))

    def test_the_message_at_fault_is_named_when_the_template_moves_text_in_front_of_it(self, tokenizer_for):
        template = ChatTemplate(tokenizer_for(trl_template("qwen3")))
        with pytest.raises(CurateError, match=r"changes the content of message 4 of 4 \(assistant\)"):
            template.tokenize(turns("Hi", "Ho", "So?", "<think>Hm.</think>Hum"))


class TestEveryFamily:
    @every_family
    def test_the_mask_covers_what_the_table_says(self, name, template_of, marked):
        template, (before, after) = template_of(name), FAMILIES[name].writes
        text = template.render(ROUND)
        assert text.endswith(f"{before}Paris.{after}")
        assert marked(template, ROUND) == f"{text.removesuffix(f'{before}Paris.{after}')}⟦{before}Paris.{after}⟧"

    @every_family
    def test_reasoning_is_covered_with_its_marks_or_not_rendered(self, name, template_of, marked):
        template, family = template_of(name), FAMILIES[name]
        shown = marked(template, REASONED)
        if family.reasons is None:
            assert template.reasoning_key is None
            assert shown == marked(template, [REASONED[0], assistant("4")])
        else:
            before, after = family.reasons
            assert shown.endswith(f"⟦{before}Two and two.{after}4{family.writes[1]}⟧")

    @every_family
    def test_every_turn_of_every_conversation_is_covered_and_nothing_else(self, name, template_of, marked):
        template = template_of(name)
        for messages in CONVERSATIONS.values():
            if not taken_by(name, messages):
                continue
            outside, *inside = marked(template, messages).split("⟦")
            turns = [part.split("⟧") for part in inside]
            answers = [message["content"] for message in messages if message["role"] == "assistant"]
            assert len(turns) == len(answers)
            assert all(answer in written for answer, (written, _) in zip(answers, turns, strict=True))
            rest = outside + "".join(after for _, after in turns)
            given = [message["content"] for message in messages if message["role"] != "assistant"]
            assert all(content in rest for content in given)
            assert not any(content in written for content in given for written, _ in turns)


def test_a_slow_tokenizer_gives_no_mask_but_all_the_rest():
    tokenizer = ByT5Tokenizer()
    tokenizer.chat_template = ROLES.replace("REASONING", "")
    template = ChatTemplate(tokenizer)
    assert template.pre_query_prefix() == "<|im_start|>user\n"
    assert template.assistant_stop_token_ids == [tokenizer.eos_token_id]
    with pytest.raises(CurateError, match="slow one and gives no character offsets"):
        template.tokenize(turns("Hi", "Ho"))
