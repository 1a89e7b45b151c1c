"""Rendering, dates, and the assistant mask where contents are awkward. ⟦ ⟧ stand around what the mask covers."""

import datetime
import string
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import TEMPLATES
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AddedToken, ByT5Tokenizer, PreTrainedTokenizerFast

from curate.chat import ChatTemplate
from curate.chat.mask import token_mask
from curate.chat.scaffold import Slot
from curate.errors import CurateError

ENGLISH = [
    {"role": "system", "content": "You are a geographer."},
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "Paris."},
    {"role": "user", "content": "And of Spain?"},
    {"role": "assistant", "content": "Madrid.\n\nAnything else?"},
]
CHINESE = [
    {"role": "system", "content": "你是一位地理老师。"},
    {"role": "user", "content": "法国的首都是哪里？"},
    {"role": "assistant", "content": "巴黎。"},
    {"role": "user", "content": "西班牙呢？"},
    {"role": "assistant", "content": "马德里。🙂"},
]


def source(name: str) -> str:
    return (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")


def turns(*contents: str) -> list[dict]:
    """A conversation of user and assistant by turns."""
    return [{"role": ("user", "assistant")[index % 2], "content": text} for index, text in enumerate(contents)]


@pytest.fixture(scope="module")
def chatml(tokenizer_for):
    return ChatTemplate(tokenizer_for(source("qwen2_5")))


@pytest.fixture(scope="module")
def llama3(tokenizer_for):
    return ChatTemplate(tokenizer_for(source("llama3"), bos="<|begin_of_text|>", eos="<|eot_id|>"))


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

    def test_the_rendering_is_the_tokenizer_s_own(self, chatml, llama3):
        for template in (chatml, llama3):
            for messages in (ENGLISH, CHINESE):
                own = template.tokenizer.apply_chat_template(messages, tokenize=False)
                assert template.render(messages) == template.tokenize(messages).text == own

    def test_the_pre_query_prefix_of_qwen_holds_its_default_system_turn(self, chatml):
        assert chatml.pre_query_prefix() == (
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
            "<|im_start|>user\n"
        )

    def test_the_pre_query_prefix_after_a_system_turn_and_after_a_conversation(self, llama3):
        assert llama3.pre_query_prefix(ENGLISH[:1]) == (
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou are a geographer.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\n"
        )
        continued = llama3.pre_query_prefix(ENGLISH[:3])
        assert continued.endswith("\n\nParis.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n")


class TestOptions:
    def test_options_reach_the_template(self, tokenizer_for):
        tokenizer = tokenizer_for(source("qwen3"))
        thinking, silent = ChatTemplate(tokenizer), ChatTemplate(tokenizer, options={"enable_thinking": False})
        assert thinking.generation_prompt(turns("Hi")).endswith("<|im_start|>assistant\n")
        assert silent.generation_prompt(turns("Hi")).endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")

    def test_the_mask_begins_where_the_generation_prompt_of_these_options_ends(self, tokenizer_for, marked):
        tokenizer = tokenizer_for(source("qwen3"))
        thinking, silent = ChatTemplate(tokenizer), ChatTemplate(tokenizer, options={"enable_thinking": False})
        assert marked(thinking, turns("Hi", "Ho")).endswith("assistant\n⟦<think>\n\n</think>\n\nHo<|im_end|>\n⟧")
        assert marked(silent, turns("Hi", "Ho")).endswith("assistant\n<think>\n\n</think>\n\n⟦Ho<|im_end|>\n⟧")


class TestDate:
    @pytest.mark.parametrize(
        ("name", "printed"),
        [
            ("llama3_2", "Today Date: 02 Jan 2026"),
            ("gptoss", "Current date: 2026-01-02"),
            ("muse_glimmer", "Current date: 2026-01-02"),
        ],
    )
    def test_the_date_is_the_one_given(self, name, printed, tokenizer_for):
        template = ChatTemplate(tokenizer_for(source(name), bos="<s>"), date=datetime.date(2026, 1, 2))
        assert printed in template.pre_query_prefix()
        assert printed in template.generation_prompt(turns("Hi"))
        assert printed in template.tokenize(turns("Hi", "Ho")).text

    def test_without_one_it_is_the_day_of_construction(self, tokenizer_for):
        before = datetime.date.today()
        template = ChatTemplate(tokenizer_for(source("gptoss")))
        assert before <= template.date <= datetime.date.today()
        template.date = datetime.date(1999, 12, 31)  # rendering asks the template, never the clock
        assert "Current date: 1999-12-31" in template.pre_query_prefix()

    def test_a_template_with_a_date_of_its_own_keeps_it(self, tokenizer_for):
        """Llama 3.1 prints a constant unless told otherwise, and was trained on it."""
        tokenizer = tokenizer_for(source("llama3_1"), bos="<s>")
        assert "Today Date: 26 Jul 2024" in ChatTemplate(tokenizer).pre_query_prefix()
        told = ChatTemplate(tokenizer, options={"date_string": "02 Jan 2026"})
        assert "Today Date: 02 Jan 2026" in told.pre_query_prefix()


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
        phi = ChatTemplate(tokenizer_for(source("phi3_5")))  # writes no system turn at all when it is empty
        empty_system = [{"role": "system", "content": ""}, *turns("Hi", "Ho")]
        assert marked(phi, empty_system) == "<|user|>\nHi<|end|>\n<|assistant|>\n⟦Ho<|end|>\n<|endoftext|>⟧"

    def test_an_empty_response_where_the_template_looks_at_it(self, tokenizer_for, marked):
        glm = ChatTemplate(tokenizer_for(source("glm4moe")))  # writes no newline before an empty response
        assert marked(glm, turns("Hi", "")) == "[gMASK]<sop><|user|>\nHi<|assistant|>⟦\n<think></think>⟧"

    def test_a_template_that_strips_is_followed(self, llama3, marked):
        assert marked(llama3, turns("\n Hi ", " Ho\n\n", " a ", "a\n")) == (
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n⟦Ho<|eot_id|>⟧"
            "<|start_header_id|>user<|end_header_id|>\n\na<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n⟦a<|eot_id|>⟧"
        )

    def test_a_template_that_strips_newlines_only_is_followed(self, tokenizer_for, marked):
        template = ChatTemplate(tokenizer_for(source("qwen3")))
        assert marked(template, turns("Hi", "\n  Ho \n")).endswith("⟦<think>\n\n</think>\n\n  Ho \n<|im_end|>\n⟧")

    def test_a_template_that_writes_more_for_some_contents_is_refused(self, tokenizer_for):
        more = ROLES.replace("REASONING", "") + "{% if 'Ho' in messages[-1].content %}{{ eos_token }}{% endif %}"
        template = ChatTemplate(tokenizer_for(more))
        assert template.tokenize(turns("Hi", "Hum")).text.endswith("Hum<|im_end|>\n")
        with pytest.raises(CurateError, match="changes the content of message 2 of 2"):
            template.tokenize(turns("Hi", "Ho"))

    def test_a_history_that_quotes_a_sentinel(self, chatml):
        quoted = turns(Slot(0, "content").sentinel, Slot(1, "content").sentinel)
        assert chatml.pre_query_prefix(quoted) == chatml.render(quoted) + "<|im_start|>user\n"
        assert chatml.tokenize(quoted).text == chatml.render(quoted)

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
        template = ChatTemplate(tokenizer_for(source("qwen3")))
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
        template = ChatTemplate(tokenizer_for(source("deepseek_r1_distill")))
        with pytest.raises(
            CurateError, match=r"changes the content of message 2 of 2 \(assistant\).*reasoning_content"
        ):
            template.tokenize(turns("Hi", "<think>Hm.</think>Ho"))

    def test_the_message_at_fault_is_named_when_the_template_moves_text_in_front_of_it(self, tokenizer_for):
        template = ChatTemplate(tokenizer_for(source("qwen3")))
        with pytest.raises(CurateError, match=r"changes the content of message 4 of 4 \(assistant\)"):
            template.tokenize(turns("Hi", "Ho", "So?", "<think>Hm.</think>Hum"))


ROLES = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.role == 'assistant' %}REASONING{% endif %}{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA2 = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + m.content.strip() + ' [/INST]' }}"
    "{% elif m.role == 'assistant' %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL_SYSTEM_LAST = (
    "{{ bos_token }}{% for m in messages if m.role != 'system' %}{% if m.role == 'user' %}[INST]"
    "{% if loop.last or loop.length - loop.index == 1 %}{% if messages[0].role == 'system' %}"
    "{{ messages[0].content + '\n\n' }}{% endif %}{% endif %}{{ m.content }}[/INST]"
    "{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}"
)
ZEPHYR = (
    "{% for m in messages %}{{ '<~' + m.role + '~>\n' + m.content + eos_token + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<~assistant~>\n{% endif %}"
)
VICUNA = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ 'USER: ' + m.content + ' ' }}"
    "{% else %}{{ 'ASSISTANT: ' + m.content + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


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


class TestErrors:
    def test_a_tokenizer_without_a_template_is_named(self, tokenizer_for):
        tokenizer = tokenizer_for(None)
        tokenizer.name_or_path = "acme/base-7b"
        with pytest.raises(CurateError, match=r"^the tokenizer acme/base-7b has no default chat template, found none"):
            ChatTemplate(tokenizer)

    def test_named_templates_without_a_default_are_listed(self, tokenizer_for):
        with pytest.raises(CurateError, match=r"found only \['rag', 'tool_use'\]"):
            ChatTemplate(tokenizer_for({"rag": ROLES, "tool_use": ROLES}))

    def test_a_refused_role_is_named_with_the_template_s_words(self, tokenizer_for):
        gemma = ChatTemplate(tokenizer_for(source("gemma"), bos="<bos>"))
        with pytest.raises(CurateError, match="takes no system turns: it says: System role not supported"):
            gemma.pre_query_prefix(ENGLISH[:1])
        with pytest.raises(CurateError, match="takes no system turns"):
            gemma.tokenize(ENGLISH)

    def test_a_system_turn_left_out_in_silence_is_refused(self, tokenizer_for):
        template = ChatTemplate(tokenizer_for(LLAMA2, bos="<s>", eos="</s>"))
        with pytest.raises(CurateError, match="takes no system turns: it leaves their text out"):
            template.generation_prompt(ENGLISH[:2])

    def test_a_refused_order_of_roles_is_named(self, tokenizer_for):
        gemma = ChatTemplate(tokenizer_for(source("gemma"), bos="<bos>"))
        with pytest.raises(CurateError, match=r"refuses a conversation of the roles user, user: .*must alternate"):
            gemma.render([*turns("Hi"), *turns("Ho")])

    def test_a_user_turn_cannot_follow_a_user_turn(self, chatml):
        with pytest.raises(CurateError, match="end with a user turn"):
            chatml.pre_query_prefix(turns("Hi"))

    def test_an_assistant_turn_cannot_come_first(self, chatml):
        with pytest.raises(CurateError, match="cannot begin with an assistant turn"):
            chatml.tokenize([{"role": "assistant", "content": "Ho"}])

    def test_a_message_without_text_is_named(self, chatml):
        with pytest.raises(CurateError, match=r"message 2 \(assistant\) has no text content, found None"):
            chatml.render([*turns("Hi"), {"role": "assistant", "content": None}])

    def test_a_text_that_is_gone_once_a_turn_follows_is_named(self, tokenizer_for):
        last_only = "{{ message.reasoning_content if loop.last else '' }}"
        template = ChatTemplate(tokenizer_for(ROLES.replace("REASONING", last_only)))
        thought = {"role": "assistant", "content": "", "reasoning_content": "Hm."}
        with pytest.raises(CurateError, match="forgets what message 2 says"):
            template.tokenize([*turns("Hi"), thought, {"role": "assistant", "content": "Ho"}])

    def test_a_slow_tokenizer_gives_no_mask_but_all_the_rest(self):
        tokenizer = ByT5Tokenizer()
        tokenizer.chat_template = ROLES.replace("REASONING", "")
        template = ChatTemplate(tokenizer)
        assert template.pre_query_prefix() == "<|im_start|>user\n"
        assert template.assistant_stop_token_ids == [tokenizer.eos_token_id]
        with pytest.raises(CurateError, match="slow one and gives no character offsets"):
            template.tokenize(turns("Hi", "Ho"))


class TestTokens:
    """Tokenizers differ in what they add, and in what they count as a token's own characters."""

    @pytest.mark.parametrize(
        ("text", "span", "tokens", "mask"),
        [
            ("A: hi.", (3, 6), [(0, 2), (2, 3), (3, 5), (5, 6)], [0, 0, 1, 1]),
            ("A: hi.", (3, 5), [(0, 2), (2, 5), (5, 6)], [0, 1, 0]),  # " hi" holds the response's letters
            ("A:\n\nhi", (3, 6), [(0, 2), (2, 4), (4, 6)], [0, 0, 1]),  # a newline of the prompt, one of the response
            ("A:  hi", (3, 6), [(0, 2), (3, 3), (4, 6)], [0, 0, 1]),  # whitespace left out of offsets, the prompt's
            ("hi  .", (0, 4), [(0, 2), (4, 4), (4, 5)], [1, 1, 0]),  # and the response's
            ("🙂🙂", (1, 2), [(0, 1), (0, 1), (1, 2), (1, 2)], [0, 0, 1, 1]),  # tokens that are bytes of one character
        ],
    )
    def test_a_token_counts_if_it_holds_a_part_of_the_span(self, text, span, tokens, mask):
        assert token_mask(text, tokens, [span]) == mask

    def test_no_beginning_of_text_is_added_to_rendered_text(self, bpe):
        adding = Tokenizer.from_str(bpe.to_str())
        adding.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", bpe.token_to_id("<s>"))]
        )
        template = ChatTemplate(fast(adding, source("llama3")))
        ids = template.tokenize(turns("Hi", "Ho")).input_ids
        assert template.tokenizer("Hi")["input_ids"][0] == template.tokenizer.bos_token_id
        assert ids.count(template.tokenizer.bos_token_id) == 1
        assert template.encode(template.render(turns("Hi", "Ho"))) == ids

    def test_whitespace_and_shorter_tokens_do_not_end_a_turn(self, bpe):
        tokenizer = fast(Tokenizer.from_str(bpe.to_str()), source("llama3").replace("'<|eot_id|>'", "'\n\n<|eot_id|>'"))
        tokenizer.add_tokens(["\n\n", "<|", "<|eot"])
        template = ChatTemplate(tokenizer)
        assert tokenizer.convert_ids_to_tokens(template.user_stop_token_ids) == ["<|eot_id|>", "</s>"]
        assert tokenizer.convert_ids_to_tokens(template.assistant_stop_token_ids) == ["<|eot_id|>", "</s>"]

    def test_a_run_of_newlines_ends_no_turn_even_where_it_is_a_token(self, bpe):
        tokenizer = fast(Tokenizer.from_str(bpe.to_str()), VICUNA.replace("' ' }}", "'\n\n' }}"))
        tokenizer.add_tokens(["\n\n"])
        assert tokenizer.convert_ids_to_tokens(ChatTemplate(tokenizer).user_stop_token_ids) == ["</s>"]

    def test_offsets_that_leave_whitespace_out(self, bpe, marked):
        trimming = Tokenizer.from_str(bpe.to_str())
        trimming.post_processor = processors.ByteLevel(trim_offsets=True)
        template = ChatTemplate(fast(trimming, VICUNA))
        assert marked(template, turns("Hi", "   Ho  ")) == "USER: Hi ASSISTANT:⟦    Ho  </s>⟧"

    def test_a_role_marker_that_swallows_the_whitespace_after_it(self, marked):
        tokenizer = fast(metaspace(), source("phi3"))
        tokenizer.add_special_tokens(
            {"additional_special_tokens": [swallowing("<|assistant|>"), swallowing("<|end|>")]}
        )
        shown = marked(ChatTemplate(tokenizer), turns("Hi", "\n Ho"))
        assert shown.replace("\n", "").replace(" ", "") == "<|user|>Hi<|end|><|assistant|>⟦Ho<|end|></s>⟧"

    def test_a_sentencepiece_style_tokenizer(self, marked):
        tokenizer = fast(metaspace(), source("llama3"))
        tokenizer.add_special_tokens({"additional_special_tokens": ["<|eot_id|>", "<|end_header_id|>"]})
        shown = marked(ChatTemplate(tokenizer), turns("Hi 🙂", "Ho 巴黎 🙂", "So?", "Hum"))
        assert [part.split("⟧")[0].strip() for part in shown.split("⟦")[1:]] == [
            "Ho 巴黎 🙂<|eot_id|>",
            "Hum<|eot_id|>",
        ]


def fast(tokenizer: Tokenizer, template: str) -> PreTrainedTokenizerFast:
    bos, eos = "<s>", "</s>"
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=bos, eos_token=eos)
    wrapped.chat_template = template
    return wrapped


def swallowing(token: str) -> AddedToken:
    return AddedToken(token, rstrip=True, special=True)


def metaspace() -> Tokenizer:
    """SentencePiece's manner: ▁ for spaces, bytes for what the vocabulary lacks."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(), decoders.Fuse()])
    special = ["<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([f"{string.printable} The capital of France is Paris. user assistant"] * 5, trainer)
    return tokenizer


def loose(text: str) -> str:
    """Whitespace beside a mark may belong to a token on its other side."""
    return "".join(text.split())


# What users say and what assistants say have no character in common, so that either is known by its characters.
SHARED = st.sampled_from([" ", "\n", "  \n", "<|im_end|>", "<|im_start|>", "<think>", "🙂", "。"])
USER_TEXT = st.lists(st.one_of(st.text("ABCДЖ中国", max_size=6), SHARED), max_size=5).map("".join)
ASSISTANT_TEXT = st.lists(st.one_of(st.text("XYZЩЮ巴黎", max_size=6), SHARED), max_size=5).map("".join)
ROUNDS = st.lists(st.tuples(USER_TEXT, ASSISTANT_TEXT), min_size=1, max_size=3)


class TestProperties:
    @pytest.mark.parametrize("name", ["qwen2_5", "llama3_2", "gemma3", "gptoss", "phi3", "nemotron_3_nano"])
    def test_the_mask_holds_every_response_and_no_instruction(self, name, tokenizer_for):
        template = ChatTemplate(tokenizer_for(source(name), bos="<s>", eos="</s>"), date=datetime.date(2026, 1, 2))

        @settings(max_examples=25, deadline=None)
        @given(ROUNDS)
        def holds(rounds):
            if name == "nemotron_3_nano" and any("<think>" in answer for _, answer in rounds):
                return  # it reads this as reasoning
            messages = turns(*(text for pair in rounds for text in pair))
            tokenized = template.tokenize(messages)
            assert tokenized.text == template.render(messages)
            assert tokenized.input_ids == template.encode(tokenized.text)
            pairs = list(zip(tokenized.input_ids, tokenized.assistant_mask, strict=True))
            written = template.tokenizer.decode([token for token, own in pairs if own])
            given_ = template.tokenizer.decode([token for token, own in pairs if not own])
            assert not set(written) & set("ABДЖ中国")
            assert not set(given_) & set("XZЩЮ巴黎")
            position = 0
            for _, answer in rounds:
                position = loose(written).index(loose(answer), position) + len(loose(answer))

        holds()


def test_importing_it_does_not_import_torch_or_transformers():
    code = "import sys, curate.chat; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
