"""The `server` backend: a completions endpoint, such as that of vLLM, SGLang, llama.cpp or Ollama."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from curate.errors import CurateError
from curate.models.backend import TemplatedBackend, check_speech
from curate.models.context import check_scorable, room
from curate.models.dialects import Ask, Dialect, DialectName, connect
from curate.models.endpoint import (
    ApiKeyEnv,
    BaseUrl,
    Concurrency,
    Endpoint,
    GaveUpError,
    RefusedError,
    Retries,
    Timeout,
    probing_endpoint,
    shown,
)
from curate.models.protocols import Again, Completion, Finish, Prompt, Sampling, TokenScores
from curate.models.samples import Sampler, read_choices
from curate.models.usage import Usage, usage_in

PLAIN = [1, 2, 3]  # tokens that every model has


class ServerModel(TemplatedBackend):
    """A causal language model behind a completions endpoint, asked with token ids, or with text where it takes no ids.

    The endpoint must continue a prompt as it is. One that wraps it in a chat template of its own is found out by the
    number of prompt tokens that it reports. Which of the dialects (`dialects.py`) it speaks is found when the model is
    made. Only vLLM scores; start it with `--no-enable-prefix-caching`, for with that cache scores can be stale (vllm
    issue 42019). As there, the context is a token shorter than the model's own.
    """

    kind = "language"
    neutral = frozenset({"concurrency", "timeout", "retries", "api_key_env", "tokenizer"})  # its files count instead
    shares_batches = True

    def __init__(
        self,
        model: Annotated[str, Field(min_length=1, description="the name under which the server has the model")],
        date: datetime.date | None = None,
        *,
        base_url: BaseUrl,
        tokenizer: Annotated[
            str | None,
            Field(description="directory, GGUF file or hub name of its tokenizer; by default, the model's name"),
        ] = None,
        dialect: Annotated[
            DialectName | None, Field(description="the server's way to be asked; found out by default")
        ] = None,
        api_key_env: ApiKeyEnv = None,
        concurrency: Concurrency = 64,
        timeout: Timeout = 600.0,
        retries: Retries = 5,
        **template: Any,
    ) -> None:
        super().__init__(tokenizer or model, date, **template)
        self.name = model
        self._endpoint = Endpoint(
            base_url, api_key_env=api_key_env, concurrency=concurrency, timeout=timeout, retries=retries
        )
        self._dialect, entry = connect(self._endpoint, model, dialect)
        limits = self._dialect.limits(self._endpoint, model, entry)
        self.context_length = (limits.context_length or int(self.chat.tokenizer.model_max_length)) - 1
        self._sampler: Sampler[Completion] = Sampler(self._endpoint, _lost, Prompt(PLAIN, 0), limits.samples)
        self._url = self._endpoint.address(self._dialect.path)

    @classmethod
    def shown_name(cls, model: str) -> str:
        """The name under which the server has the model."""
        return model

    @classmethod
    def files(cls, model: str, parameters: Mapping[str, Any]) -> str:
        """Those of the tokenizer; the weights are the server's."""
        return parameters.get("tokenizer") or model

    @classmethod
    def check_directory(cls, directory: Path, parameters: Mapping[str, Any]) -> None:
        """Raises CurateError when the tokenizer, or a chat template where none is given, is missing."""
        check_speech(directory, parameters)

    @classmethod
    def check_gguf(cls, file: Path, parameters: Mapping[str, Any]) -> None:
        """As for a directory; the weights are not looked at."""
        check_speech(file, parameters)

    @classmethod
    def probe(cls, model: str, parameters: Mapping[str, Any], scores: bool) -> None:
        """Raises CurateError unless the endpoint serves the model, completes, and with `scores`, scores.

        Where it takes token ids, it is asked for one token, and counts the tokens that were sent.
        """
        endpoint = probing_endpoint(parameters)
        try:
            dialect, _ = connect(endpoint, model, parameters.get("dialect"))
            url = endpoint.address(dialect.path)
            if scores:
                _check_scores(dialect, url)
            if dialect.takes_ids:
                ids = PLAIN
                body = {"model": model, "prompt": ids, "max_tokens": 1, "temperature": 0}
                reply = endpoint.post(dialect.path, body | ({"prompt_logprobs": 0} if scores else {}))
                _check_unwrapped(dialect, url, reply, len(ids))
                if scores:
                    _scores(reply, url, ids, [0, 1, 1])
        finally:
            endpoint.close()

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, again: Again | None = None
    ) -> list[list[Completion]]:
        """`sampling.n` completions of each prompt, in the order of the prompts; `again` is asked in several threads.

        What the endpoint refuses of one prompt is said by that prompt's completions. Raises CurateError for a prompt
        that is empty or leaves no room in the context (what is left limits `max_tokens`), and when the endpoint fails,
        refuses them all or does not continue prompts as they are.
        """
        for prompt in prompts:
            room(self, prompt.token_ids)

        def request(prompt: Prompt, count: int, seed: int) -> tuple[list[Completion], str]:
            max_tokens = min(sampling.max_tokens, room(self, prompt.token_ids))
            ask = Ask(self.name, self.chat, prompt, count, seed, max_tokens, sampling)
            reply = self._dialect.read(self._endpoint.post(self._dialect.path, self._dialect.body(ask)))
            completions, why = read_choices(reply, count, self._url, _completion)
            self.meter.count(usage_in(reply) or self._usage(prompt.token_ids, completions))
            _check_unwrapped(self._dialect, self._url, reply, len(prompt.token_ids))
            return completions, why

        return self._sampler.all(request, prompts, sampling.n, sampling, again)

    def score(self, sequences: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> list[TokenScores]:
        """Log-probability (nats, float32) and rank of each token at which the mask is 1, given all tokens before it.

        A sequence that the endpoint refuses, or at which alone it fails, has log-probabilities that are no numbers.
        Raises CurateError for a mask that does not fit its sequence, for what exceeds the context, and when the
        endpoint fails or has no log-probabilities of prompts.
        """
        _check_scores(self._dialect, self._url)
        check_scorable(self, sequences, masks)

        def score(pair: tuple[Sequence[int], Sequence[int]]) -> TokenScores:
            try:
                return self._score(*pair)
            except (RefusedError, GaveUpError) as failure:
                try:
                    self._score(PLAIN, [0, 1, 1])
                except CurateError:
                    raise failure from None
                return TokenScores(np.full(sum(pair[1]), np.nan, np.float32), np.zeros(sum(pair[1]), np.int64))

        return self._endpoint.each(score, list(zip(sequences, masks, strict=True)))

    def _score(self, sequence: Sequence[int], mask: Sequence[int]) -> TokenScores:
        body = {"model": self.name, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0, "prompt": list(sequence)}
        reply = self._endpoint.post(self._dialect.path, body)
        self.meter.count(usage_in(reply) or self._usage(sequence, ()))
        _check_unwrapped(self._dialect, self._url, reply, len(sequence))
        return _scores(reply, self._url, sequence, mask)

    def _usage(self, token_ids: Sequence[int], completions: Sequence[Completion]) -> Usage:
        """Of one request that the server has not counted."""
        return Usage(1, len(token_ids), 0, sum(len(self.chat.encode(completion.text)) for completion in completions))

    def close(self) -> None:
        """Closes the connections; requests that wait are given up."""
        self._endpoint.close()


def _lost(finish: Finish, why: str) -> Completion:
    return Completion("", finish, why)


def _completion(choice: Mapping[str, Any], finish: Finish) -> Completion | None:
    if finish == "refused":
        return _lost("refused", f"the text was stopped by a filter: {shown(dict(choice))}")
    text = choice.get("text")
    return Completion(text, finish) if isinstance(text, str) else None


def _check_unwrapped(dialect: Dialect, url: str, reply: Any, sent: int) -> None:
    """Raises CurateError when the reply counts more prompt tokens than were sent, or fewer where they were sent as ids.

    A reply without a count is taken as it is.
    """
    usage = reply.get("usage") if isinstance(reply, Mapping) else None
    seen = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
    if isinstance(seen, int) and (seen > sent or (seen < sent and dialect.takes_ids)):
        raise CurateError(
            f"{url} wraps the prompt: {sent} tokens were sent and it counts {seen}; "
            "use an endpoint that continues a prompt as it is, such as that of vllm serve"
        )


def _check_scores(dialect: Dialect, url: str) -> None:
    if not dialect.scores:
        raise CurateError(f"{url} {NO_SCORES}")


NO_SCORES = "returns no prompt_logprobs; score with a vLLM server, or with the backend transformers or vllm"


def _scores(reply: Any, url: str, sequence: Sequence[int], mask: Sequence[int]) -> TokenScores:
    """What the reply says of each token at which the mask is 1. Raises CurateError when it does not say it."""
    try:
        positions = reply["choices"][0].get("prompt_logprobs")
        if positions is None:
            raise CurateError(f"{url} {NO_SCORES}")
        reported = [by_token[str(token)] for by_token, token, bit in zip(positions, sequence, mask, strict=True) if bit]
        logprobs = np.array([score["logprob"] for score in reported], np.float32)
        return TokenScores(logprobs, np.array([score["rank"] for score in reported], np.int64))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise CurateError(f"{url}: no log-probabilities of these tokens came but {shown(reply)!r}") from None
