"""A guard model behind a chat endpoint: asked there, in its own template, whether the last turn is safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from curate.algorithms import special_tokens
from curate.errors import CurateError
from curate.models.protocols import Answer, ChatModel, Conversation, Sampling
from curate.outcome import Drop
from curate.stages.moderate.guard import ANSWER_TOKENS, SHOWN, UNJUDGED, Judgement, Messages, shown_turns, unanswered
from curate.stages.moderate.guard_formats import Format, parse_verdict


class ChatGuard:
    """A guard that the endpoint shows the conversation to, and the format of its answers; decoding is greedy.

    What the template writes cannot be seen from here. So ShieldGemma's policy cannot be put into it, the categories of
    Llama Guard keep their codes, and of what is judged only that is broken up which looks like a control token.
    """

    def __init__(self, model: ChatModel, format: Literal["auto"] | Format) -> None:
        if format == "shieldgemma":
            raise CurateError(
                f"shieldgemma takes its policy through its chat template, which is out of reach behind the chat "
                f"endpoint of {model.name}; use the backend server, vllm or transformers"
            )
        self.model = model
        self._format: Format | None = None if format == "auto" else format

    def judge(self, conversations: Sequence[Messages]) -> list[Judgement]:
        """The guard's verdict on the last turn of each conversation, or why there is none."""
        asked = [Conversation(shown_turns(messages, special_tokens.inert), 0) for messages in conversations]
        answers = self.model.answer(asked, Sampling((), ANSWER_TOKENS, temperature=0.0))
        return [self._read(answer) for (answer,) in answers]

    def _read(self, answer: Answer) -> Judgement:
        unjudged = Drop(UNJUDGED, {"answer": answer.content[:SHOWN], "model": self.model.name})
        return (
            unanswered(answer.finish_reason, answer.detail)
            or parse_verdict(answer.content, {}, self._format)
            or unjudged
        )
