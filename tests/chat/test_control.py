"""Control tokens: those that may be, and those that are declared."""

import pytest
from tokenizers import Tokenizer

from curate.chat import ChatTemplate
from curate.chat.control import ControlTokens
from tests.chat.other_tokenizers import fast
from tests.chat.templates import trl_template


@pytest.fixture
def tokenizer(bpe):
    """Llama 3's template, and added tokens that are not special; only the first stands in the template."""
    tokenizer = fast(Tokenizer.from_str(bpe.to_str()), "<step>" + trl_template("llama3"))
    tokenizer.add_tokens(["<step>", "<|eot", "benzene", "\n\n"])
    return tokenizer


@pytest.fixture
def control(tokenizer):
    return ControlTokens(tokenizer)


def test_every_added_or_special_token_may_be_control_but_whitespace(control, tokenizer):
    assert {"<|eot_id|>", "<s>", "</s>", "<step>", "<|eot", "benzene"} <= set(control.ids)
    assert not {"\n\n", "a"} & set(control.ids)
    assert all(tokenizer.convert_tokens_to_ids(token) == id for token, id in control.ids.items())


def test_special_tokens_and_those_in_the_template_are_declared(control):
    declared = set(control.declared.values())
    assert {"<|eot_id|>", "</s>", "<step>"} <= declared
    assert "<|im_end|>" in declared  # special, though not in this template
    assert not {"benzene", "\n\n"} & declared
    assert declared < set(control.ids)
    assert all(control.ids[token] == id for id, token in control.declared.items())


def test_a_template_has_the_control_tokens_of_its_tokenizer(control, tokenizer):
    template = ChatTemplate(tokenizer)
    assert template.control_tokens.pattern == control.pattern.pattern
    assert template.control_token_ids == sorted(control.ids.values())
    assert template.declared_control_tokens == control.declared


def test_a_text_is_split_at_the_longest_tokens(control):
    assert control.split("a<|eot_id|><|eot>\n\nb") == ["a", "<|eot_id|>", "", "<|eot", ">\n\nb"]
    assert control.split("plain") == ["plain"]


def test_the_leading_token_may_have_whitespace_before_it(control):
    assert control.leading(" \n<|eot_id|>x").group(1) == "<|eot_id|>"
    assert control.leading("x<|eot_id|>") is None


def test_an_inert_text_holds_no_control_token(control, tokenizer):
    text = "benzene <|eot_id|><|<|eot_id|>eot_id|>"
    inert = control.inert(text)
    assert not control.pattern.search(inert)
    assert not set(control.ids.values()) & set(tokenizer(inert, add_special_tokens=False)["input_ids"])
    assert inert.replace(" ", "") == text.replace(" ", "")
    assert control.inert("Plain text.") == "Plain text."


def test_a_tokenizer_without_control_tokens_matches_nothing():
    class Plain:
        added_tokens_decoder, all_special_tokens = {}, ()

        def get_vocab(self):
            return {"a": 0}

    assert ControlTokens(Plain()).pattern.search("a<|im_end|>") is None
