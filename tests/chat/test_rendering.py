"""Conversations to text: the tokenizer's own rendering, dates, options, roles, and what the template is refused for."""

import datetime

import pytest

from curate.chat import ChatTemplate
from curate.errors import CurateError
from tests.chat.conversations import CHINESE, ENGLISH, turns, user
from tests.chat.families import FAMILIES, MULTIMODAL, ROUND, SECOND, every_family
from tests.chat.templates import LLAMA2, ROLES, TEMPLATES, trl_template


def test_the_rendering_is_the_tokenizer_s_own(chatml, llama3):
    for template in (chatml, llama3):
        for messages in (ENGLISH, CHINESE):
            own = template.tokenizer.apply_chat_template(messages, tokenize=False)
            assert template.render(messages) == template.tokenize(messages).text == own


def test_options_reach_the_template(tokenizer_for):
    tokenizer = tokenizer_for(trl_template("qwen3"))
    thinking, silent = ChatTemplate(tokenizer), ChatTemplate(tokenizer, options={"enable_thinking": False})
    assert thinking.generation_prompt(turns("Hi")).endswith("<|im_start|>assistant\n")
    assert silent.generation_prompt(turns("Hi")).endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")


def test_every_text_template_that_trl_ships_is_covered():
    shipped = {path.stem for path in TEMPLATES.glob("*.jinja") if not path.stem.endswith("_training")}
    assert shipped == set(FAMILIES) | MULTIMODAL


@pytest.mark.parametrize("name", sorted(MULTIMODAL))
def test_a_multimodal_template_gets_text_as_a_list_of_parts(name, tokenizer_for):
    template = ChatTemplate(tokenizer_for(trl_template(name)))
    assert template.wants_parts
    assert "Why is the sky blue?" in template.generation_prompt([user("Why is the sky blue?")])


@every_family
def test_the_generation_prompt_opens_the_assistant_turn(name, template_of):
    template, family = template_of(name), FAMILIES[name]
    assert template.generation_prompt(ROUND[:1]).endswith(family.prompt)
    assert template.generation_prompt([*ROUND, *SECOND[:1]]).endswith(family.prompt)


@every_family
@pytest.mark.parametrize("absent", [None, "", "  \n"])
def test_absent_reasoning_renders_as_if_the_key_were_not_there(name, absent, template_of):
    template = template_of(name)
    assert template.render([ROUND[0], {**ROUND[1], "reasoning_content": absent}]) == template.render(ROUND)


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
        template = ChatTemplate(tokenizer_for(trl_template(name), bos="<s>"), date=datetime.date(2026, 1, 2))
        assert printed in template.pre_query_prefix()
        assert printed in template.generation_prompt(turns("Hi"))
        assert printed in template.tokenize(turns("Hi", "Ho")).text

    def test_without_one_it_is_the_day_of_construction(self, tokenizer_for):
        before = datetime.date.today()
        template = ChatTemplate(tokenizer_for(trl_template("gptoss")))
        assert before <= template.date <= datetime.date.today()
        template.date = datetime.date(1999, 12, 31)  # rendering asks the template, never the clock
        assert "Current date: 1999-12-31" in template.pre_query_prefix()

    def test_a_template_with_a_date_of_its_own_keeps_it(self, tokenizer_for):
        """Llama 3.1 prints a constant unless told otherwise, and was trained on it."""
        tokenizer = tokenizer_for(trl_template("llama3_1"), bos="<s>")
        assert "Today Date: 26 Jul 2024" in ChatTemplate(tokenizer).pre_query_prefix()
        told = ChatTemplate(tokenizer, options={"date_string": "02 Jan 2026"})
        assert "Today Date: 02 Jan 2026" in told.pre_query_prefix()


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
        gemma = ChatTemplate(tokenizer_for(trl_template("gemma"), bos="<bos>"))
        with pytest.raises(CurateError, match="takes no system turns: it says: System role not supported"):
            gemma.pre_query_prefix(ENGLISH[:1])
        with pytest.raises(CurateError, match="takes no system turns"):
            gemma.tokenize(ENGLISH)

    def test_a_system_turn_left_out_in_silence_is_refused(self, tokenizer_for):
        template = ChatTemplate(tokenizer_for(LLAMA2, bos="<s>", eos="</s>"))
        with pytest.raises(CurateError, match="takes no system turns: it leaves their text out"):
            template.generation_prompt(ENGLISH[:2])

    def test_a_refused_order_of_roles_is_named(self, tokenizer_for):
        gemma = ChatTemplate(tokenizer_for(trl_template("gemma"), bos="<bos>"))
        with pytest.raises(CurateError, match=r"refuses a conversation of the roles user, user: .*must alternate"):
            gemma.render([*turns("Hi"), *turns("Ho")])

    def test_a_message_without_text_is_named(self, chatml):
        with pytest.raises(CurateError, match=r"message 2 \(assistant\) has no text content, found None"):
            chatml.render([*turns("Hi"), {"role": "assistant", "content": None}])
