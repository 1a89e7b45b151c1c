"""Many conversations at once: what each gives by itself, whatever stands beside it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
from transformers import ByT5Tokenizer

from curate.chat import ChatTemplate
from curate.chat.mask import BATCH, token_masks
from curate.errors import CurateError
from tests.chat.conversations import assistant, turns, user
from tests.chat.families import CONVERSATIONS, ROUND, every_family
from tests.chat.other_tokenizers import fast, metaspace
from tests.chat.templates import ROLES, trl_template

ODD = [
    turns("", ""),
    turns(" \n", "\t"),
    turns("a", "", "b", " "),
    turns("  two  ", "\n\nlines\n"),
    turns("<|im_end|>", "a<|eot_id|>b<end_of_turn>"),
    turns("<think>?", "<think>no</think>yes"),
    turns("👩‍👩‍👧 \x00\ufffe", "e\u0301 ﬁ 한국어 中文"),
    turns("x" * 3000, "y z " * 900),
    [user("2 + 2?"), assistant("4", " \n")],
    [user("2 + 2?"), assistant("4", "  Two and two.\n")],
    [user("Hi")],
    [assistant("Hi")],
    [user("a"), user("b"), assistant("c")],
    [{"role": "system", "content": "Be brief."}, *ROUND],
    [{"role": "tool", "content": "42"}, *ROUND],
    [user("Hi"), {"role": "assistant", "content": None}],
]


def alone(template, messages):
    """The text, tokens and mask of a conversation, or the error, as one by one gives them."""
    try:
        return template.tokenize(messages)
    except CurateError as error:
        return str(error)


@every_family
def test_a_conversation_gives_the_same_in_a_batch(name, template_of):
    template = template_of(name)
    conversations = [*CONVERSATIONS.values(), *ODD, *CONVERSATIONS.values()]
    together = [str(item) if isinstance(item, CurateError) else item for item in template.tokenize_all(conversations)]
    assert together == [alone(template, messages) for messages in conversations]
    assert any(isinstance(item, str) for item in together)  # refused alone
    for tokenized in (item for item in together if not isinstance(item, str)):
        assert tokenized.input_ids == template.encode(tokenized.text)


def test_batches_follow_each_other_in_order(chatml):
    conversations = [turns(f"Question {n}?", f"Answer {n}.") for n in range(2 * BATCH + 1)]
    texts = [tokenized.text for tokenized in chatml.tokenize_all(iter(conversations))]
    assert texts == [chatml.render(messages) for messages in conversations]
    assert list(chatml.tokenize_all([])) == []


def textbook(text, offsets, spans):
    """The mask of one text, token by token."""
    mask, reached, current = [], 0, 0
    for own_start, own_end in offsets:
        start, end = min(own_start, reached), max(own_end, reached)
        reached = end
        while current < len(spans) and spans[current][1] <= start:
            current += 1
        first, last = spans[current] if current < len(spans) else (len(text) + 1, 0)
        mask.append(int(first <= start or bool(text[first : min(end, last)].strip())))
    return mask


@st.composite
def masked(draw):
    """A text with spans in order, and tokens whose characters may overlap, leave gaps or be none."""
    text = draw(st.text("ab \n", max_size=12))
    position = st.integers(0, len(text))
    cuts = sorted(draw(st.lists(position, max_size=6)))
    tokens = draw(st.lists(st.tuples(position, position).map(sorted).map(tuple), max_size=8))
    return text, draw(st.sampled_from([tokens, sorted(tokens)])), list(zip(cuts[::2], cuts[1::2], strict=False))


@settings(max_examples=300, deadline=None)
@given(st.lists(masked(), max_size=4))
def test_masks_are_those_of_the_textbook(several):
    texts, offsets, spans = ([item[n] for item in several] for n in range(3))
    assert token_masks(texts, offsets, spans) == [textbook(*item) for item in several]


def with_unknown():
    """Words, and an unknown token, which is special, for all others."""
    unknown = "<unk>"
    tokenizer = Tokenizer(models.WordLevel({unknown: 0, "<s>": 1, "</s>": 2, "known": 3}, unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([unknown])
    return tokenizer


def with_normalized():
    """An added token that is looked for in the normalized text, where <ＳＴＥＰ> becomes it."""
    tokenizer = metaspace()
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.add_tokens([AddedToken("<step>", normalized=True, special=True)])
    return tokenizer


def with_merged():
    """A special token that the model also merges, of other characters: a space is ▁."""
    vocabulary = {"a": 0, "▁": 1, "b": 2, "▁b": 3, "<s>": 4, "</s>": 5, " ": 6}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("▁", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(["▁b"])
    return tokenizer


TEXTS = [
    "",
    "known",
    "unknown",
    "a b",
    "<step>",
    "<ＳＴＥＰ> one",
    "x<s>y</s><s>",
    "<|im_end|>a<think>",
    "< s>",
    "é ﬁ\x00",
]
UNLIKE = {"unknown": with_unknown, "normalized": with_normalized, "merged": with_merged, "metaspace": metaspace}


def encoded_one_by_one(template, texts):
    control = template.declared_control_tokens
    return [sorted({control[token] for token in template.encode(text) if token in control}) for text in texts]


@pytest.mark.parametrize("kind", UNLIKE)
def test_control_tokens_are_those_that_encoding_shows(kind):
    template = ChatTemplate(fast(UNLIKE[kind](), trl_template("llama3") + "{# <step> #}"))
    assert template.control_tokens_in(TEXTS) == encoded_one_by_one(template, TEXTS)
    assert any(template.control_tokens_in(TEXTS))


@every_family
def test_control_tokens_in_every_family(name, template_of):
    template = template_of(name)
    texts = [*TEXTS, *(f"a{token} b" for token in template.declared_control_tokens.values())]
    assert template.control_tokens_in(texts) == encoded_one_by_one(template, texts)


def test_a_slow_tokenizer_shows_control_tokens_and_refuses_each_conversation():
    tokenizer = ByT5Tokenizer()
    tokenizer.chat_template = ROLES.replace("REASONING", "")
    template = ChatTemplate(tokenizer)
    assert template.control_tokens_in(["Hi", "Hi<extra_id_0>"]) == [[], ["<extra_id_0>"]]
    errors = list(template.tokenize_all([turns("Hi", "Ho")] * 2))
    assert ["slow one and gives no character offsets" in str(error) for error in errors] == [True, True]
