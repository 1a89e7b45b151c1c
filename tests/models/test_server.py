"""The client of completions endpoints: against a local HTTP server that misbehaves, and against a real vLLM server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError
from curate.models import endpoint as backend
from curate.models.protocols import LanguageModel, Prompt, Sampling
from curate.models.spec import load_model, parse_spec
from tests.models.endpoints import Endpoint, Reply

SAMPLING = Sampling(stop_token_ids=(2,), max_tokens=5, n=2)


def test_sends_token_ids_and_everything_that_decides_the_text(
    endpoint: Endpoint, connect: Callable[..., LanguageModel]
) -> None:
    (samples,) = connect().complete([Prompt([7, 8], 42)], Sampling((2, 0), 9, 0.7, 0.95, 2))
    ((body, _, _),) = endpoint.requests
    assert body == {
        "model": "tiny",
        "prompt": [7, 8],
        "n": 2,
        "seed": 42,
        "temperature": 0.7,
        "top_p": 0.95,
        "max_tokens": 9,
        "stop_token_ids": [2, 0],
        "ignore_eos": True,
        "skip_special_tokens": False,
        "spaces_between_special_tokens": False,
        "add_special_tokens": False,
    }
    assert [sample.text for sample in samples] == ["7-0", "7-1"]


def test_a_schema_is_sent_as_the_response_format_and_end_of_text_ends_it(
    endpoint: Endpoint, connect: Callable[..., LanguageModel]
) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    connect().complete([Prompt([7], 42)], Sampling((2,), 9, json_schema=schema))
    ((body, _, _),) = endpoint.requests
    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"]["schema"] == schema
    assert body["ignore_eos"] is False


def test_results_come_in_the_order_of_the_prompts(endpoint: Endpoint, connect: Callable[..., LanguageModel]) -> None:
    def slow_first(_: int, body: dict[str, Any]) -> Reply:
        time.sleep(0.2 if body["prompt"] == [3] else 0)
        return 200, {}, endpoint.choices(body)

    endpoint.answer = slow_first
    completions = connect().complete([Prompt([first], first) for first in range(3, 13)], SAMPLING)
    assert [samples[0].text for samples in completions] == [f"{first}-0" for first in range(3, 13)]


def test_requests_run_at_the_same_time_up_to_concurrency(
    endpoint: Endpoint, connect: Callable[..., LanguageModel]
) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def count(_: int, body: dict[str, Any]) -> Reply:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return 200, {}, endpoint.choices(body)

    endpoint.answer = count
    connect(concurrency=4).complete([Prompt([5], seed) for seed in range(16)], SAMPLING)
    assert most == 4


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(endpoint: Endpoint, connect: Callable[..., LanguageModel], status: int) -> None:
    endpoint.answer = lambda number, body: (status, {}, "busy") if number < 3 else (200, {}, endpoint.choices(body))
    (samples,) = connect().complete([Prompt([5], 0)], SAMPLING)
    assert samples[0].text == "5-0"
    times = [moment for _, _, moment in endpoint.requests]
    assert times[1] - times[0] >= 0.025
    assert times[2] - times[1] >= 0.05


@pytest.mark.parametrize("kind", ["seconds", "date"])
def test_retry_after_is_honoured(endpoint: Endpoint, connect: Callable[..., LanguageModel], kind: str) -> None:
    def busy_once(number: int, body: dict[str, Any]) -> Reply:
        if number > 1:
            return 200, {}, endpoint.choices(body)
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)  # whole seconds: 1 to 2 from now
        return 503, {"Retry-After": "1" if kind == "seconds" else date}, "busy"

    endpoint.answer = busy_once
    connect().complete([Prompt([5], 0)], SAMPLING)
    times = [moment for _, _, moment in endpoint.requests]
    assert 0.9 < times[1] - times[0] < 3


def test_giving_up_names_url_status_and_attempts(endpoint: Endpoint, connect: Callable[..., LanguageModel]) -> None:
    endpoint.answer = lambda number, body: (503, {}, "overloaded")
    with pytest.raises(CurateError) as error:
        connect(retries=2).complete([Prompt([5], 0)], SAMPLING)
    assert str(error.value) == (f'POST {endpoint.url}/completions: status 503: "overloaded"; gave up after 3 attempts')
    assert [body["prompt"] for body in endpoint.bodies] == [[5]] * 3 + [[1, 2, 3]] * 3  # it fails with any prompt


def test_a_refusal_is_told_at_once(endpoint: Endpoint, connect: Callable[..., LanguageModel]) -> None:
    endpoint.answer = lambda number, body: (400, {}, {"error": "temperature must be at most 2"})
    with pytest.raises(CurateError) as error:
        connect().complete([Prompt([5], 0)], SAMPLING)
    assert str(error.value) == (
        f'POST {endpoint.url}/completions: status 400: {{"error": "temperature must be at most 2"}}'
    )
    assert len(endpoint.requests) == 1


def test_a_silent_endpoint_times_out(endpoint: Endpoint, connect: Callable[..., LanguageModel]) -> None:
    def sleep(_: int, body: dict[str, Any]) -> Reply:
        time.sleep(0.5)
        return 200, {}, endpoint.choices(body)

    endpoint.answer = sleep
    with pytest.raises(CurateError, match=r"/completions: ReadTimeout \(timed out\); gave up after 2 attempts"):
        connect(timeout=0.1, retries=1).complete([Prompt([5], 0)], SAMPLING)


def test_no_server_at_all(tiny_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "FIRST_WAIT", 0.01)
    url = "http://127.0.0.1:9/v1"
    with pytest.raises(CurateError, match=rf"GET {url}/models: ConnectError .* gave up after 2 attempts"):
        load_model("tiny", backend="server", base_url=url, tokenizer=str(tiny_directory), retries=1)


def test_an_endpoint_that_wraps_the_prompt_is_found_out(
    endpoint: Endpoint, connect: Callable[..., LanguageModel]
) -> None:
    endpoint.answer = lambda number, body: (200, {}, endpoint.choices(body, prompt_tokens=14))
    with pytest.raises(CurateError) as error:
        connect().complete([Prompt([5, 6, 7], 0)], SAMPLING)
    assert str(error.value) == (
        f"{endpoint.url}/completions wraps the prompt: 3 tokens were sent and it counts 14; "
        "use an endpoint that continues a prompt as it is, such as that of vllm serve"
    )


def test_an_endpoint_without_prompt_logprobs_is_told(endpoint: Endpoint, connect: Callable[..., LanguageModel]) -> None:
    with pytest.raises(CurateError, match="returns no prompt_logprobs; score with a vLLM server"):
        connect().score([[5, 6]], [[0, 1]])


def test_a_model_that_is_not_served_is_told(endpoint: Endpoint, connect: Callable[..., LanguageModel]) -> None:
    endpoint.pages["/v1/models"] = (200, {}, {"data": [{"id": "tiny-v2"}]})
    with pytest.raises(CurateError) as error:
        connect()
    assert str(error.value) == f"models.tiny: {endpoint.url} does not serve 'tiny'; did you mean 'tiny-v2'?"


def test_the_key_comes_from_the_environment(
    endpoint: Endpoint, connect: Callable[..., LanguageModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CurateError, match="api_key_env: the environment variable TINY_KEY is not set"):
        connect(api_key_env="TINY_KEY")
    monkeypatch.setenv("TINY_KEY", "secret")
    connect(api_key_env="TINY_KEY").complete([Prompt([5], 0)], SAMPLING)
    assert endpoint.requests[0][1]["Authorization"] == "Bearer secret"


def test_max_tokens_and_context_follow_what_the_server_says(
    endpoint: Endpoint, connect: Callable[..., LanguageModel]
) -> None:
    model = connect()
    assert model.context_length == 99
    model.complete([Prompt([5] * 90, 0)], Sampling((), 50))
    assert endpoint.requests[0][0]["max_tokens"] == 9


def test_a_real_server_continues_and_repeats(served_tiny: LanguageModel) -> None:
    prompts = [Prompt([5, 6, 7 + seed], seed) for seed in range(6)]
    first = served_tiny.complete(prompts, Sampling((2,), 12, n=3))
    assert served_tiny.complete(prompts[::-1], Sampling((2,), 12, n=3))[::-1] == first
    assert len({sample.text for samples in first for sample in samples}) > 12


def test_a_real_server_refuses_in_one_sentence(served_tiny: LanguageModel) -> None:
    with pytest.raises(CurateError, match=r"/completions: status 400: .*temperature"):
        served_tiny.complete([Prompt([5], 0)], Sampling((), 5, temperature=3.0))


def test_a_real_server_is_found_to_complete_and_to_score(vllm_server: str, tiny_directory: Path) -> None:
    value = {"backend": "server", "model": "tiny", "base_url": vllm_server, "tokenizer": str(tiny_directory)}
    parse_spec("models.base", value).probe(scores=True)
