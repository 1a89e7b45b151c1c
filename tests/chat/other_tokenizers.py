"""Tokenizers of other kinds than the one that `tokenizer_for` makes."""

import string

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AddedToken, PreTrainedTokenizerFast


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
