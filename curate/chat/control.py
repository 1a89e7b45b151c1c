"""Control tokens: those that steer a model, and that its tokenizer takes whole out of any text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase


class ControlTokens:
    """The control tokens of a tokenizer: the ones that may be, and among them the ones that are declared.

    A tokenizer does not say which of its added tokens steer the model: Qwen's `<|fim_prefix|>` does, a word that a user
    added for their own domain does not, and neither is special. So there are two sets, by what a false alarm costs.

    `ids` and `pattern` hold every token that may be one: the added and special tokens, whitespace aside. They serve
    where a false alarm costs nothing: to break up a token in a quoted text, to reject a sample that is one of many,
    to end an answer, and to find the end of a turn in what a template writes.

    `declared` holds those of them that somebody calls control: the tokenizer flags them as special, or the template's
    source names them. `prepare` takes these, for it drops a user's records, which no harmless added token may cost.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each token that may be control."""
        vocabulary = self._tokenizer.get_vocab()
        added = {token.content for token in self._tokenizer.added_tokens_decoder.values()}
        tokens = added | set(self._tokenizer.all_special_tokens)
        return {token: vocabulary[token] for token in sorted(tokens) if token.strip() and token in vocabulary}

    @cached_property
    def declared(self) -> dict[int, str]:
        """The declared control tokens, by id."""
        template = self._tokenizer.get_chat_template()
        special = {token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special}
        return {id: token for token, id in self.ids.items() if token in special or token in template}

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches any one token that may be control, the longest where several begin."""
        return _any_of(self.ids)

    def held_in(self, texts: Sequence[str]) -> list[list[str]]:
        """The declared control tokens that the tokenizer reads in each text, sorted."""
        held: list[list[str]] = [[] for _ in texts]
        suspects = [n for n, text in enumerate(texts) if text and (not self._literal or self._characters.search(text))]
        if suspects:
            encoded = self._tokenizer([texts[n] for n in suspects], add_special_tokens=False, verbose=False)
            for n, tokens in zip(suspects, encoded["input_ids"], strict=True):
                held[n] = sorted({self.declared[token] for token in tokens if token in self.declared})
        return held

    @cached_property
    def _characters(self) -> re.Pattern[str]:
        """Matches the characters of any declared token."""
        return _any_of(self.declared.values())

    @cached_property
    def _literal(self) -> bool:
        """Whether a text has to hold the characters of a declared token for the tokenizer to read that token in it.

        It does if the token is taken out of the text before the text is normalized, and if the tokenizer's own model
        never writes it.
        """
        if not self._tokenizer.is_fast:
            return False
        backend, added = self._tokenizer.backend_tokenizer, self._tokenizer.added_tokens_decoder
        if any(id not in added or (added[id].normalized and backend.normalizer) for id in self.declared):
            return False
        own = backend.get_vocab(with_added_tokens=False)
        return _never_writes(backend, {token for token in self.declared.values() if token in own})

    def split(self, text: str) -> list[str]:
        """The text cut at its control tokens: a text, a token, a text, and so on; texts may be empty."""
        return re.split(f"({self.pattern.pattern})", text)

    def leading(self, text: str) -> re.Match[str] | None:
        """The control token that `text` begins with, whitespace before it aside; the token is group 1."""
        return re.match(rf"\s*({self.pattern.pattern})", text)

    def inert(self, text: str) -> str:
        """The text with a space in every control token, so that the tokenizer reads it as text and not as control."""
        tokens = re.compile(rf"(?=(?:{self.pattern.pattern}))(.)(?=.)", re.DOTALL)
        while (broken := tokens.sub(r"\1 ", text)) != text:
            text = broken
        return text


def _any_of(tokens: Iterable[str]) -> re.Pattern[str]:
    """Matches any one of the tokens, the longest where several begin."""
    longest_first = sorted(tokens, key=lambda token: (-len(token), token))
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _never_writes(backend: Tokenizer, tokens: set[str]) -> bool:
    """Whether it is certain that the tokenizer's model gives none of these tokens of its vocabulary for any text.

    A plain BPE gives single characters, bytes, what it merges, and the unknown token. Other models are not looked into.
    """
    if not tokens:
        return True
    model = json.loads(backend.to_str())["model"]
    odd = ("continuing_subword_prefix", "end_of_word_suffix", "ignore_merges")
    if model["type"] != "BPE" or any(map(model.get, odd)) or model["unk_token"] in tokens:
        return False
    single = {token for token in tokens if len(token) == 1 or re.fullmatch("<0x..>", token)}
    return not single and tokens.isdisjoint(map("".join, model["merges"]))
