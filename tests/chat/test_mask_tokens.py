"""The mask where tokenizers differ in what they add, and in what they count as a token's own characters."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, processors

from curate.chat import ChatTemplate
from curate.chat.mask import token_masks
from tests.chat.conversations import loose, turns
from tests.chat.other_tokenizers import fast, metaspace, swallowing
from tests.chat.templates import VICUNA, trl_template


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
def test_a_token_counts_if_it_holds_a_part_of_the_span(text, span, tokens, mask):
    assert token_masks([text], [tokens], [[span]]) == [mask]


def test_no_beginning_of_text_is_added_to_rendered_text(bpe):
    adding = Tokenizer.from_str(bpe.to_str())
    adding.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", bpe.token_to_id("<s>"))]
    )
    template = ChatTemplate(fast(adding, trl_template("llama3")))
    ids = template.tokenize(turns("Hi", "Ho")).input_ids
    assert template.tokenizer("Hi")["input_ids"][0] == template.tokenizer.bos_token_id
    assert ids.count(template.tokenizer.bos_token_id) == 1
    assert template.encode(template.render(turns("Hi", "Ho"))) == ids


def test_offsets_that_leave_whitespace_out(bpe, marked):
    trimming = Tokenizer.from_str(bpe.to_str())
    trimming.post_processor = processors.ByteLevel(trim_offsets=True)
    template = ChatTemplate(fast(trimming, VICUNA))
    assert marked(template, turns("Hi", "   Ho  ")) == "USER: Hi ASSISTANT:⟦    Ho  </s>⟧"


def test_a_role_marker_that_swallows_the_whitespace_after_it(marked):
    tokenizer = fast(metaspace(), trl_template("phi3"))
    tokenizer.add_special_tokens({"additional_special_tokens": [swallowing("<|assistant|>"), swallowing("<|end|>")]})
    shown = marked(ChatTemplate(tokenizer), turns("Hi", "\n Ho"))
    assert shown.replace("\n", "").replace(" ", "") == "<|user|>Hi<|end|><|assistant|>⟦Ho<|end|></s>⟧"


def test_a_sentencepiece_style_tokenizer(marked):
    tokenizer = fast(metaspace(), trl_template("llama3"))
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|eot_id|>", "<|end_header_id|>"]})
    shown = marked(ChatTemplate(tokenizer), turns("Hi 🙂", "Ho 巴黎 🙂", "So?", "Hum"))
    assert [part.split("⟧")[0].strip() for part in shown.split("⟦")[1:]] == [
        "Ho 巴黎 🙂<|eot_id|>",
        "Hum<|eot_id|>",
    ]


# What users say and what assistants say have no character in common, so that either is known by its characters.
SHARED = st.sampled_from([" ", "\n", "  \n", "<|im_end|>", "<|im_start|>", "<think>", "🙂", "。"])
USER_TEXT = st.lists(st.one_of(st.text("ABCДЖ中国", max_size=6), SHARED), max_size=5).map("".join)
ASSISTANT_TEXT = st.lists(st.one_of(st.text("XYZЩЮ巴黎", max_size=6), SHARED), max_size=5).map("".join)
ROUNDS = st.lists(st.tuples(USER_TEXT, ASSISTANT_TEXT), min_size=1, max_size=3)


@pytest.mark.parametrize("name", ["qwen2_5", "llama3_2", "gemma3", "gptoss", "phi3", "nemotron_3_nano"])
def test_the_mask_holds_every_response_and_no_instruction(name, tokenizer_for):
    template = ChatTemplate(tokenizer_for(trl_template(name), bos="<s>", eos="</s>"), date=datetime.date(2026, 1, 2))

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
