"""An HTTP endpoint that serves models: asked again where that may help, and less where it asks for that.

What it sends back is not taken on trust: whatever is no JSON object without an error in it becomes one sentence, with
the URL and the endpoint's own words.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import random
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urljoin

import httpx
from pydantic import Field

from curate.errors import CurateError
from curate.shown import hide, one_line, say

BaseUrl = Annotated[str, Field(pattern=r"^https?://", description="up to /v1, as http://localhost:8000/v1")]
ApiKeyEnv = Annotated[str | None, Field(description="environment variable that holds the API key")]
Concurrency = Annotated[int, Field(gt=0, description="requests at the same time")]
Timeout = Annotated[float, Field(gt=0, description="seconds to wait for an answer")]
Retries = Annotated[int, Field(ge=0, description="how often a failed request is sent again")]

LONGEST_ASKED = 600.0  # seconds that an endpoint may ask to wait; one that asks for more is asked again after so many
FIRST_WAIT = 0.5  # seconds before the first retry; each further one waits twice as long
LONGEST_WAIT = 60.0
PROBE_TIMEOUT = 30.0
RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}
BUSY = {429, 503}
REFUSED = {400, 413, 422}
FORBIDDEN = 403  # a key's fault, but for some a content filter's
REMEDIES = {
    401: "; name the environment variable that holds the key as api_key_env",
    403: "; see that the key of api_key_env may use this model",
    404: "; see that base_url goes up to /v1, and that the model has this name there",
}
SHOWN = 300  # characters of what an endpoint said
TOO_LONG = re.compile(
    r"context.{0,12}(?:length|size|window)|maximum (?:allowed|model|prompt|input|sequence) length"
    r"|(?:input|prompt|request|messages?)\b.{0,40}too (?:long|large)",
    re.IGNORECASE | re.DOTALL,
)
FILTERED = re.compile(r"content.?(?:filter|policy|management)|moderation|flagged|usage polic", re.IGNORECASE)

T = TypeVar("T")
R = TypeVar("R")


class RefusedError(CurateError):
    """The endpoint takes no such request; `parameter` is the one at fault, where it names one."""

    def __init__(self, sentence: str, words: str, parameter: str | None) -> None:
        super().__init__(sentence)
        self.words, self.parameter = words, parameter

    @property
    def too_long(self) -> bool:
        """Whether the prompt is what is too long."""
        return bool(TOO_LONG.search(self.words))

    @property
    def filtered(self) -> bool:
        """Whether a content filter stopped the prompt."""
        return bool(FILTERED.search(self.words))

    def names(self, parameter: str) -> bool:
        """Whether `parameter` is what it will not take: named as such, quoted, or as a word, `n` as in `n must be`."""
        if self.parameter is not None:
            return self.parameter == parameter
        end = "" if len(parameter) > 1 else " ?(?:=|<|>|must|should|has)"
        return bool(re.search(rf"['\"`]{parameter}['\"`]|\b{parameter}\b{end}", self.words))


class GaveUpError(CurateError):
    """The endpoint failed at each attempt, or could not be reached."""


class Endpoint:
    """What stands at `base_url`; thread-safe. At most `concurrency` requests run at a time, fewer while it is busy.

    Raises CurateError when the key's variable is not set, or the URL is none.
    """

    def __init__(self, base_url: str, *, api_key_env: str | None, concurrency: int, timeout: float, retries: int):
        self._retries = retries
        try:
            url = httpx.URL(base_url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise CurateError(f"base_url: {base_url!r} is no URL: {error}") from None
        self.url = str(url.copy_with(username=None, password=None))
        hide(url.password)
        hide(b64encode(f"{url.username}:{url.password}".encode()).decode())  # as it is sent
        self._client = httpx.Client(
            headers=_authorization(api_key_env),
            auth=(url.username, url.password) if url.userinfo else None,
            timeout=timeout,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        )
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix=f"endpoint {self.url}")
        self._gate = _Gate(concurrency)
        self._patience = min(LONGEST_ASKED, timeout)
        self._told = 0.0  # when a long wait that was told ends

    def each(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """What `function`, which asks the endpoint, makes of each item, in order; the first error ends the others."""
        futures = [self._pool.submit(function, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def get(self, path: str) -> Any:
        """The JSON at `path`, which is relative to the URL."""
        return self._request("GET", path, None, self._retries + 1)

    def peek(self, path: str) -> dict[str, Any]:
        """The JSON object at `path`, or an empty one: asked once, and whatever is wrong is no matter."""
        try:
            reply = self._request("GET", path, None, 1)
        except CurateError:
            return {}
        return reply if isinstance(reply, dict) else {}

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON with which it answers `body`.

        Raises RefusedError when it takes no such request, GaveUpError when it still fails after the last retry (429,
        5xx, no connection, an empty answer), CurateError when it fails in another way.
        """
        return self._request("POST", path, body, self._retries + 1)

    def address(self, path: str) -> str:
        """The whole URL of `path`."""
        return urljoin(f"{self.url}/", path)

    def close(self) -> None:
        """Closes the connections; requests that wait are given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _request(self, method: str, path: str, body: dict[str, Any] | None, attempts: int) -> Any:
        url = self.address(path)
        for attempt in range(attempts):
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt) * random.uniform(0.5, 1.5)  # noqa: S311 (spreads load)
            try:
                with self._gate.passage() as cuts:
                    response = self._client.request(method, url, json=body)
            except httpx.RequestError as error:
                fault = f"{type(error).__name__} ({error})"
            else:
                status, reply, fault = _read(response, f"{method} {url}")
                if not fault:
                    self._gate.widen()
                    return reply
                pause = self._pause(response) if attempt < attempts - 1 else 0.0
                wait = max(wait, pause)
                if status in BUSY:
                    self._gate.narrow(cuts, pause)
            if attempt < attempts - 1:
                time.sleep(wait)
        raise GaveUpError(f"{method} {url}: {fault}; gave up after {attempts} attempts")

    def _pause(self, response: httpx.Response) -> float:
        """The seconds to wait that the endpoint asks for, as far as it is waited for; a long wait is told."""
        asked = _retry_after(response)
        pause = min(asked, self._patience)
        now = time.monotonic()
        if asked > LONGEST_WAIT and now >= self._told:
            self._told = now + pause
            shorter = f", and is asked again in {pause:.0f} s" if pause < asked else ""
            say(f"{self.url} asks to wait {asked:.0f} s (Retry-After){shorter}")
        return pause


def probing_endpoint(parameters: Mapping[str, Any]) -> Endpoint:
    """The endpoint of these parameters, for a short look: it is asked twice at most, and not waited for long."""
    return Endpoint(
        parameters["base_url"],
        api_key_env=parameters.get("api_key_env"),
        concurrency=1,
        timeout=min(PROBE_TIMEOUT, parameters["timeout"]),
        retries=min(1, parameters["retries"]),
    )


class _Gate:
    """Lets at most `most` requests through at a time.

    When the endpoint is busy it lets half as many through, and none for as long as the endpoint asks; a request more
    after as many successes as it then lets through.
    """

    def __init__(self, most: int) -> None:
        self._most, self._limit, self._running = most, float(most), 0
        self._cuts, self._opens = 0, 0.0
        self._condition = threading.Condition()

    @contextmanager
    def passage(self) -> Iterator[int]:
        """A request's way through, and the number of cuts before it."""
        with self._condition:
            while (pause := self._opens - time.monotonic()) > 0 or self._running >= int(self._limit):
                self._condition.wait(pause if pause > 0 else None)
            self._running += 1
            cuts = self._cuts
        try:
            yield cuts
        finally:
            with self._condition:
                self._running -= 1
                self._condition.notify_all()

    def narrow(self, cuts: int, seconds: float) -> None:
        """Halves the limit, once for all requests that had the same number of cuts before them; waits if asked to."""
        with self._condition:
            self._opens = max(self._opens, time.monotonic() + seconds)
            if cuts == self._cuts:
                self._cuts, self._limit = cuts + 1, max(1.0, self._limit / 2)

    def widen(self) -> None:
        """Gives a part of the limit back."""
        with self._condition:
            self._limit = min(self._most, self._limit + 1 / self._limit)
            self._condition.notify_all()


def shown(text: Any) -> str:
    """What an endpoint said, on one line and not all of it."""
    text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return one_line(" ".join(text[: 100 * SHOWN].split()), SHOWN)


def _read(response: httpx.Response, request: str) -> tuple[int, Any, str]:
    """Status, JSON and fault of a response; a fault that may pass is returned, and any other raised.

    An error object that comes with the status 200 has the status that it names, or else 500.
    """
    status = response.status_code
    try:
        reply = response.json()
    except (ValueError, RecursionError):
        reply = None
        if response.is_success:
            said = shown(response.text)
            if said.startswith("<"):
                raise CurateError(f"{request}: no JSON came but {said!r}; see that base_url goes up to /v1") from None
            return status, None, f"no JSON came but {said!r}" if said else "an empty answer came"
    error = reply.get("error") if isinstance(reply, dict) else None
    if response.is_success:
        if not error:
            return status, reply, ""
        code = error.get("code") if isinstance(error, dict) else None
        status = code if isinstance(code, int) and code in {*RETRIED, *REFUSED, *REMEDIES} else 500
    fault = f"status {response.status_code}: {shown(response.text)}"
    words = _words(reply, response.text)
    if status in REFUSED or (status == FORBIDDEN and FILTERED.search(words)):
        raise RefusedError(f"{request}: {fault}", words, _parameter(error))
    if status not in RETRIED:
        raise CurateError(f"{request}: {fault}{REMEDIES.get(status, '')}")
    return status, None, fault


def _words(reply: Any, text: str) -> str:
    """What an error says, with its type and code."""
    error = reply.get("error", reply) if isinstance(reply, dict) else text
    parts = [error.get(key) for key in ("message", "type", "code", "detail")] if isinstance(error, dict) else [error]
    return " ".join(part if isinstance(part, str) else json.dumps(part) for part in parts if part is not None)


def _parameter(error: Any) -> str | None:
    parameter = error.get("param") if isinstance(error, dict) else None
    return parameter if isinstance(parameter, str) and parameter else None


def _authorization(api_key_env: str | None) -> dict[str, str]:
    if api_key_env is None:
        return {}
    key = os.environ.get(api_key_env, "").strip()
    if not key:
        raise CurateError(f"api_key_env: the environment variable {api_key_env} is not set")
    hide(key)
    if not (key.isascii() and key.isprintable()):
        raise CurateError(f"api_key_env: the key in {api_key_env} has characters that no key has")
    return {"Authorization": f"Bearer {key}"}


def _retry_after(response: httpx.Response) -> float:
    """The seconds that the server asks to wait, as a number or as a date; 0 if it asks for none."""
    asked = response.headers.get("Retry-After", "")
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(asked) - datetime.datetime.now(datetime.UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0
