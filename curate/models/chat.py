"""The `chat` backend: any OpenAI-compatible chat endpoint, with no tokenizer and no template here."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from curate.chat.scaffold import rest_of
from curate.models.backend import Backend
from curate.models.dialects import SEED_BITS, response_format
from curate.models.endpoint import (
    ApiKeyEnv,
    BaseUrl,
    Concurrency,
    Endpoint,
    RefusedError,
    Retries,
    Timeout,
    probing_endpoint,
    shown,
)
from curate.models.protocols import Answer, Conversation, Finish, Sampling
from curate.models.samples import Sampler, read_choices
from curate.models.usage import Usage, usage_in

PATH = "chat/completions"
REASONING = ("reasoning_content", "reasoning")  # the keys under which endpoints give it
OPTIONAL = ("seed", "response_format", "temperature", "top_p")  # left out where an endpoint does not know them
UNKNOWN = re.compile(
    r"support|unknown|unrecogni|permitted|not allowed|unavailable|deprecated|unexpected", re.IGNORECASE
)
PLAIN = Conversation([{"role": "user", "content": "Say yes."}], 0)
PROBE = {"messages": PLAIN.messages, "max_tokens": 16}


class ChatEndpointModel(Backend):
    """A model behind `{base_url}/chat/completions`: it answers conversations, and neither goes on from a prompt's
    beginning nor scores.

    A JSON Schema is sent as `response_format`, and what comes is read as strictly as if it had not been. Where the
    endpoint does not support `seed`, `response_format`, `temperature` or `top_p`, they are left out from then on, and
    `max_tokens` goes under its other name, `max_completion_tokens`. Reasoning comes from `reasoning_content` or
    `reasoning`. Earlier reasoning is not sent; tools are, and the endpoint is told to answer in words. The same seed
    gives the same answer only where the endpoint sees to it.
    """

    kind = "chat"
    neutral = frozenset({"concurrency", "timeout", "retries", "api_key_env"})
    shares_batches = True

    def __init__(
        self,
        model: Annotated[str, Field(min_length=1, description="the name under which the endpoint has the model")],
        date: datetime.date | None = None,
        *,
        base_url: BaseUrl,
        api_key_env: ApiKeyEnv = None,
        concurrency: Concurrency = 16,
        timeout: Timeout = 600.0,
        retries: Retries = 5,
    ) -> None:
        super().__init__(model, date)
        self._endpoint = Endpoint(
            base_url, api_key_env=api_key_env, concurrency=concurrency, timeout=timeout, retries=retries
        )
        self._parameters = _Parameters()
        self._sampler: Sampler[Answer] = Sampler(self._endpoint, self._lost, PLAIN)

    @classmethod
    def shown_name(cls, model: str) -> str:
        """The name under which the endpoint has the model."""
        return model

    @classmethod
    def files(cls, model: str, parameters: Mapping[str, Any]) -> None:
        """None: all is the endpoint's."""

    @classmethod
    def probe(cls, model: str, parameters: Mapping[str, Any], scores: bool) -> None:
        """Raises CurateError unless the endpoint answers."""
        endpoint = probing_endpoint(parameters)
        try:
            _Parameters().post(endpoint, {"model": model, **PROBE})
        finally:
            endpoint.close()

    def answer(self, conversations: Sequence[Conversation], sampling: Sampling) -> list[list[Answer]]:
        """`sampling.n` answers to each conversation, in order; `sampling.stop_token_ids` are not used.

        What the endpoint refuses of one conversation is said by that one's answers. Raises CurateError when it fails,
        or refuses them all.
        """

        def request(conversation: Conversation, count: int, seed: int) -> tuple[list[Answer], str]:
            body = {
                "model": self.name,
                "messages": [
                    {"role": turn["role"], "content": turn["content"], **rest_of(turn)}
                    for turn in conversation.messages
                ],
                **({"tools": conversation.tools, "tool_choice": "none"} if conversation.tools else {}),
                "n": count,
                "seed": seed & SEED_BITS,
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "max_tokens": sampling.max_tokens,
                **response_format(sampling.json_schema),
            }
            reply = self._parameters.post(self._endpoint, body)
            self.meter.count(usage_in(reply) or Usage(1, uncounted=1))
            return read_choices(reply, count, self._endpoint.address(PATH), self._read)

        return self._sampler.all(request, conversations, sampling.n, sampling)

    def close(self) -> None:
        """Closes the connections; requests that wait are given up."""
        self._endpoint.close()

    def _read(self, choice: Mapping[str, Any], finish: Finish) -> Answer | None:
        message = choice.get("message")
        if not isinstance(message, Mapping):
            return None
        if finish == "refused" or (isinstance(refusal := message.get("refusal"), str) and refusal):
            return self._lost("refused", f"the model or a filter refused: {shown(dict(choice))}")
        content = _text(message.get("content"))
        reasoning = next(filter(None, (_text(message.get(key)) for key in REASONING)), None)
        if content is None and reasoning is None:
            return None
        return Answer((content or "").strip(), reasoning.strip() if reasoning else None, finish)

    def _lost(self, finish: Finish, why: str) -> Answer:
        return Answer("", None, finish, {"why": why, "model": self.name})


class _Parameters:
    """Which parameters an endpoint takes, learnt from what it says when it refuses one."""

    def __init__(self) -> None:
        self._left_out: set[str] = set()
        self._limit = "max_tokens"

    def post(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        """The reply to `body`, or to so much of it as the endpoint takes."""
        while True:
            limit, left_out = self._limit, set(self._left_out)
            sent = {key: value for key, value in body.items() if key not in left_out and key != "max_tokens"}
            if sent.get("n") == 1:
                del sent["n"]
            try:
                return endpoint.post(PATH, {**sent, limit: body["max_tokens"]})
            except RefusedError as refusal:
                if limit == "max_tokens" and "max_completion_tokens" in refusal.words and not refusal.too_long:
                    self._limit = "max_completion_tokens"
                    continue
                refused = [key for key in OPTIONAL if key in sent and refusal.names(key)]
                if not refused or not UNKNOWN.search(refusal.words):
                    raise
                self._left_out.add(refused[0])


def _text(content: Any) -> str | None:
    """A text, or the text parts of a list of parts; None where there is neither."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
        content = "".join(part for part in parts if isinstance(part, str)) or None
    return content if isinstance(content, str) else None
