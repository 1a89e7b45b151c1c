"""The `server` backend: an OpenAI-compatible completions endpoint, such as that of `vllm serve`."""

from __future__ import annotations

import datetime
import os
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
from pydantic import Field

from curate.errors import CurateError, nearest
from curate.models.backend import TemplatedBackend
from curate.models.context import check_scorable, room
from curate.models.files import check_template, check_tokenizer
from curate.models.gguf import check_gguf_template, check_gguf_tokenizer
from curate.models.protocols import Completion, Prompt, Sampling, TokenScores

FIRST_WAIT = 0.5  # seconds before the first retry; each further one waits twice as long
LONGEST_WAIT = 60.0
RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}


class ServerModel(TemplatedBackend):
    """A causal language model behind `{base_url}/completions`, asked with token ids.

    The endpoint must continue a prompt as it is. One that wraps it in a chat template of its own is found out by the
    number of prompt tokens that it reports. Scoring asks for `prompt_logprobs`, which vLLM has; start it with
    `--no-enable-prefix-caching`, for with that cache scores can be stale (vllm issue 42019). As there, the context is a
    token shorter than the model's own. A JSON Schema is sent as OpenAI's `response_format`; vLLM's endpoint holds the
    model to it, another one may pass over it.
    """

    kind = "language"
    neutral = frozenset({"concurrency", "timeout", "retries", "api_key_env", "tokenizer"})  # its files count instead
    shares_batches = True

    def __init__(
        self,
        model: Annotated[str, Field(min_length=1, description="the name under which the server has the model")],
        date: datetime.date | None = None,
        *,
        base_url: Annotated[str, Field(pattern=r"^https?://", description="up to /v1, as http://localhost:8000/v1")],
        tokenizer: Annotated[
            str | None,
            Field(description="directory, GGUF file or hub name of its tokenizer; by default, the model's name"),
        ] = None,
        api_key_env: Annotated[str | None, Field(description="environment variable that holds the API key")] = None,
        concurrency: Annotated[int, Field(gt=0, description="requests at the same time")] = 64,
        timeout: Annotated[float, Field(gt=0, description="seconds to wait for an answer")] = 600.0,
        retries: Annotated[int, Field(ge=0, description="how often a failed request is sent again")] = 5,
        **template: Any,
    ) -> None:
        super().__init__(tokenizer or model, date, **template)
        self.name = model
        self._url = base_url.rstrip("/")
        self._retries = retries
        self._client = httpx.Client(
            headers=_authorization(api_key_env),
            timeout=timeout,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        )
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix=f"server {model}")
        self.context_length = self._context_length() - 1

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
        check_tokenizer(directory)
        if parameters.get("template_file") is None:
            check_template(directory)

    @classmethod
    def check_gguf(cls, file: Path, parameters: Mapping[str, Any]) -> None:
        """As for a directory; the weights are not looked at."""
        check_gguf_tokenizer(file)
        if parameters.get("template_file") is None:
            check_gguf_template(file)

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Completion]]:
        """`sampling.n` completions of each prompt, in the order of the prompts.

        Raises CurateError for a prompt that is empty or leaves no room in the context (what is left limits
        `max_tokens`), and when the endpoint fails or does not continue prompts as they are.
        """
        bodies = [
            {
                "prompt": list(prompt.token_ids),
                "n": sampling.n,
                "seed": prompt.seed,
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "max_tokens": min(sampling.max_tokens, room(self, prompt.token_ids)),
                "stop_token_ids": list(sampling.stop_token_ids),
                "spaces_between_special_tokens": False,
                **_structure(sampling.json_schema),
            }
            for prompt in prompts
        ]
        return [[self._completion(choice) for choice in choices] for choices in self._complete_all(bodies)]

    def score(self, sequences: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> list[TokenScores]:
        """Log-probability (nats, float32) and rank of each token at which the mask is 1, given all tokens before it.

        Raises CurateError for a mask that does not fit its sequence, for what exceeds the context, and when the
        endpoint fails or has no `prompt_logprobs`.
        """
        check_scorable(self, sequences, masks)
        bodies = [
            {"prompt": list(sequence), "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
            for sequence in sequences
        ]
        return [
            self._scores(choices[0], sequence, mask)
            for choices, sequence, mask in zip(self._complete_all(bodies), sequences, masks, strict=True)
        ]

    def close(self) -> None:
        """Closes the connections; requests that wait are given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _complete_all(self, bodies: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        """The choices of the replies to these requests, in their order; the first failure ends the others."""
        futures = [self._pool.submit(self._choices, body) for body in bodies]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def _choices(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        common = {"model": self.name, "skip_special_tokens": False, "add_special_tokens": False, "ignore_eos": True}
        reply = self._request("POST", "/completions", common | body)
        sent, seen = len(body["prompt"]), reply.get("usage", {}).get("prompt_tokens")
        if seen != sent:
            raise CurateError(
                f"{self._url}/completions wraps the prompt: {sent} tokens were sent and it counts {seen}; "
                "use an endpoint that continues a prompt as it is, such as that of vllm serve"
            )
        choices: list[dict[str, Any]] = sorted(reply["choices"], key=lambda choice: choice["index"])
        return choices

    def _completion(self, choice: dict[str, Any]) -> Completion:
        if choice["finish_reason"] not in ("stop", "length"):
            raise CurateError(f"{self._url}/completions ended a text for the reason {choice['finish_reason']!r}")
        return Completion(choice["text"], choice["finish_reason"])

    def _scores(self, choice: dict[str, Any], sequence: Sequence[int], mask: Sequence[int]) -> TokenScores:
        positions = choice.get("prompt_logprobs")
        if positions is None:
            raise CurateError(f"{self._url}/completions returns no prompt_logprobs; score with a vLLM server")
        reported = [by_token[str(token)] for by_token, token, bit in zip(positions, sequence, mask, strict=True) if bit]
        logprobs = np.array([score["logprob"] for score in reported], np.float32)
        return TokenScores(logprobs, np.array([score["rank"] for score in reported], np.int64))

    def _context_length(self) -> int:
        """What the server says of the model, or else its tokenizer."""
        served = {entry["id"]: entry for entry in self._request("GET", "/models").get("data", [])}
        if self.name not in served:
            raise CurateError(f"{self._url} does not serve {self.name!r}; {nearest(self.name, served)}")
        return int(served[self.name].get("max_model_len") or self.chat.tokenizer.model_max_length)

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The endpoint's reply; what may pass (429, 5xx, no connection) is tried again, later each time."""
        url = self._url + path
        for attempt in range(self._retries + 1):
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt) * random.uniform(0.5, 1.5)  # noqa: S311 (spreads load)
            try:
                response = self._client.request(method, url, json=body)
            except httpx.TransportError as error:
                fault = f"{type(error).__name__} ({error})"
            else:
                if response.is_success:
                    reply: dict[str, Any] = response.json()
                    return reply
                fault = f"status {response.status_code}: {' '.join(response.text.split())[:300]}"
                if response.status_code not in RETRIED:
                    raise CurateError(f"{method} {url}: {fault}")
                wait = max(wait, _retry_after(response))
            if attempt < self._retries:
                time.sleep(wait)
        raise CurateError(f"{method} {url}: {fault}; gave up after {self._retries + 1} attempts")


def _structure(json_schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """What asks for a JSON answer; end of text ends it too, since the grammar allows that token at its end."""
    if json_schema is None:
        return {}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(json_schema), "strict": True}}
    return {"response_format": form, "ignore_eos": False}


def _authorization(api_key_env: str | None) -> dict[str, str]:
    if api_key_env is None:
        return {}
    if not os.environ.get(api_key_env):
        raise CurateError(f"api_key_env: the environment variable {api_key_env} is not set")
    return {"Authorization": f"Bearer {os.environ[api_key_env]}"}


def _retry_after(response: httpx.Response) -> float:
    """The seconds that the server asks to wait, as a number or as a date; 0 if it asks for none."""
    asked = response.headers.get("Retry-After", "")
    try:
        return float(asked)
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(asked) - datetime.datetime.now(datetime.UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
