"""A real tokenizer for any template: byte-level BPE, trained here, with every special token in the templates."""

from collections.abc import Callable
from functools import cache

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from curate.chat import ChatTemplate
from tests.chat.conversations import mark
from tests.chat.families import DAY, FAMILIES
from tests.chat.templates import SPECIAL, TEMPLATES, TEXT, trl_template

TokenizerFor = Callable[..., PreTrainedTokenizerFast]


@pytest.fixture(scope="session")
def bpe() -> Tokenizer:
    sources = [path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.jinja"))]
    special = {"<bos>", "<eos>", "<s>", "</s>", "<|endoftext|>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"}
    special.update(token for source in sources for token in SPECIAL.findall(source))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=len(special) + 600,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=sorted(special),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT * 20, trainer)
    return tokenizer


@pytest.fixture(scope="session")
def tokenizer_for(bpe: Tokenizer) -> TokenizerFor:
    """Makes the tokenizer of a template: `tokenizer_for(source, bos="<s>", eos="</s>")`."""

    def make(
        source: str | None, *, bos: str | None = None, eos: str | None = "<|endoftext|>"
    ) -> PreTrainedTokenizerFast:
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=bos, eos_token=eos)
        tokenizer.chat_template = source
        return tokenizer

    return make


@pytest.fixture(scope="session")
def chatml(tokenizer_for):
    return ChatTemplate(tokenizer_for(trl_template("qwen2_5")))


@pytest.fixture(scope="session")
def llama3(tokenizer_for):
    return ChatTemplate(tokenizer_for(trl_template("llama3"), bos="<|begin_of_text|>", eos="<|eot_id|>"))


@pytest.fixture(scope="session")
def template_of(tokenizer_for):
    """The template of a family: `template_of("qwen3", enable_thinking=False)`."""

    @cache
    def make(name: str, **options: bool) -> ChatTemplate:
        tokenizer = tokenizer_for(trl_template(name), bos=FAMILIES[name].bos, eos=FAMILIES[name].eos)
        return ChatTemplate(tokenizer, date=DAY, options=options)

    return make


@pytest.fixture(scope="session")
def marked() -> Callable[..., str]:
    """The conversation as its tokens decode, with what the mask covers between ⟦ and ⟧."""

    def show(template: ChatTemplate, messages: list[dict]) -> str:
        tokenized = template.tokenize(messages)
        assert len(tokenized.input_ids) == len(tokenized.assistant_mask)
        return mark(template.tokenizer, tokenized.input_ids, tokenized.assistant_mask)

    return show
