"""Control tokens: those that steer a model, and that its tokenizer takes whole out of any text."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        longest_first = sorted(self.ids, key=lambda token: (-len(token), token))
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

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
