"""A tokenizer's chat template, and all that is derived from it: what stages and backends use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from curate.chat.check import findings
from curate.chat.mask import Masker, Tokenized
from curate.chat.prefix import prefix_after
from curate.chat.rendering import Renderer, Tools
from curate.chat.response import Marks, Response, marks_of
from curate.chat.scaffold import Message
from curate.chat.stops import assistant_stops, user_stops
from curate.errors import CurateError


class ChatTemplate(Renderer):
    """The chat template of `tokenizer`: its renderings, and the prefix, stop tokens, masks and marks derived from them.

    Arguments and errors are those of `Renderer`.
    """

    def pre_query_prefix(self, messages: Sequence[Message] = (), tools: Tools | None = None) -> str:
        """All that stands before the user's content in the turn after `messages`.

        `messages` is empty, or a system turn, or a conversation that ends with an assistant turn.
        """
        return prefix_after(self, messages, tools)

    @cached_property
    def user_stop_token_ids(self) -> list[int]:
        """The tokens that end what a model writes after the pre-query prefix: the user turn's end, and end of text."""
        return user_stops(self)

    @cached_property
    def assistant_stop_token_ids(self) -> list[int]:
        """The tokens that end an assistant turn, last or not, and end of text."""
        return assistant_stops(self)

    def tokenize(self, messages: Sequence[Message], tools: Tools | None = None) -> Tokenized:
        """Text, tokens and assistant mask of a conversation, in which the assistant may call `tools`.

        The mask runs, in every assistant turn, from the end of the generation prompt to the end of the turn, end token
        included (and what the template writes with it, such as a newline): calls are learnt, results are not. Raises
        CurateError if the template changes a content by more than the whitespace at its ends, shows no tools where
        there are some, or if the tokenizer gives no character offsets.
        """
        return self._masker.tokenize(messages, tools)

    def tokenize_all(
        self, conversations: Iterable[Sequence[Message]], tools: Iterable[Tools | None] | None = None
    ) -> Iterator[Tokenized | CurateError]:
        """What `tokenize` returns or raises for each conversation, and its tools where `tools` gives them, in their
        order; many at a time are faster."""
        return self._masker.tokenize_all(conversations, tools)

    def parse_response(self, text: str) -> Response:
        """The content and the reasoning of what a model wrote after the generation prompt, its end token left out."""
        return self._marks.parse(text)

    def check(self) -> list[str]:
        """What a user of this template should know, one sentence each; raises CurateError if it cannot be used."""
        return findings(self)

    # Control tokens; `ControlTokens` says which, and why there are two kinds

    @property
    def control_tokens(self) -> re.Pattern[str]:
        """Matches any one token that may be control."""
        return self.control.pattern

    @property
    def control_token_ids(self) -> list[int]:
        """The ids of the tokens that `control_tokens` matches."""
        return sorted(self.control.ids.values())

    @property
    def declared_control_tokens(self) -> dict[int, str]:
        """The control tokens that are special or named in the template's source, by id."""
        return self.control.declared

    def control_tokens_in(self, texts: Sequence[str]) -> list[list[str]]:
        """The declared control tokens that the tokenizer reads in each text, sorted."""
        return self.control.held_in(texts)

    def inert(self, text: str) -> str:
        """The text with a space in every control token, so that the tokenizer reads it as text and not as control."""
        return self.control.inert(text)

    @cached_property
    def _masker(self) -> Masker:
        return Masker(self)

    @cached_property
    def _marks(self) -> Marks:
        return marks_of(self)
