"""How an endpoint that is busy is asked: less, and not before it says."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.errors import CurateError
from curate.models import endpoint as endpoints
from curate.models.protocols import LanguageModel, Prompt, Sampling
from curate.models.spec import parse_spec
from tests.models.endpoints import Endpoint, Reply

Connect = Callable[..., LanguageModel]
ONE = Sampling((2,), 5)


class Counted:
    """Replies that take a moment, and how many of them are made at a time, before and after the first busy one."""

    def __init__(self, endpoint: Endpoint, busy: int) -> None:
        self.endpoint, self.busy = endpoint, busy
        self.running, self.most, self.lock = 0, 0, threading.Lock()

    def __call__(self, number: int, body: dict[str, Any]) -> Reply:
        with self.lock:
            self.running += 1
            if number > self.busy:
                self.most = max(self.most, self.running)
        time.sleep(0.03)
        with self.lock:
            self.running -= 1
        return (429, {}, "busy") if number <= self.busy else (200, {}, self.endpoint.choices(body))


def test_a_busy_endpoint_is_asked_less_at_a_time_for_a_while(endpoint: Endpoint, connect: Connect) -> None:
    counted = endpoint.answer = Counted(endpoint, busy=8)
    model = connect(concurrency=8)
    found = model.complete([Prompt([5], seed) for seed in range(8)], ONE)
    assert [sample.text for (sample,) in found] == ["5-0"] * 8
    assert counted.most <= 5


def test_after_a_while_it_is_asked_as_much_again(endpoint: Endpoint, connect: Connect) -> None:
    endpoint.answer = Counted(endpoint, busy=4)
    model = connect(concurrency=4)
    model.complete([Prompt([5], seed) for seed in range(40)], ONE)
    counted = endpoint.answer = Counted(endpoint, busy=0)
    model.complete([Prompt([5], seed) for seed in range(16)], ONE)
    assert counted.most == 4


def test_all_requests_wait_when_one_is_told_to(endpoint: Endpoint, connect: Connect) -> None:
    def busy_first(number: int, body: dict[str, Any]) -> Reply:
        return (429, {"Retry-After": "1"}, "busy") if number == 1 else (200, {}, endpoint.choices(body))

    endpoint.answer = busy_first
    model = connect(concurrency=1)
    model.complete([Prompt([5], seed) for seed in range(4)], ONE)
    times = [moment for _, _, moment in endpoint.requests]
    assert times[1] - times[0] > 0.9
    assert times[-1] - times[1] < 0.9


@pytest.mark.parametrize("asked", ["inf", "nan", "-5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_wait_that_is_none_is_passed_over(endpoint: Endpoint, connect: Connect, asked: str) -> None:
    endpoint.answer = lambda number, body: (
        (429, {"Retry-After": asked}, "busy") if number == 1 else (200, {}, endpoint.choices(body))
    )
    begin = time.monotonic()
    connect().complete([Prompt([5], 0)], ONE)
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("url", ["http://localhost:port/v1", "http://[::1/v1", "http://"])
def test_what_is_no_address_is_told(connect: Connect, url: str) -> None:
    with pytest.raises(CurateError, match="models.tiny: "):
        connect(base_url=url, retries=0)


@pytest.mark.parametrize("key", ["sk\nsecret", "sk-sécret"])
def test_a_key_that_is_none_is_told_without_being_shown(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TINY_KEY", key)
    with pytest.raises(CurateError, match="the key in TINY_KEY has characters that no key has") as error:
        connect(api_key_env="TINY_KEY")
    assert key not in str(error.value)


def test_white_space_around_a_key_is_no_matter(
    endpoint: Endpoint, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_KEY", " secret\n")
    connect(api_key_env="TINY_KEY").complete([Prompt([5], 0)], ONE)
    assert endpoint.requests[0][1]["Authorization"] == "Bearer secret"


def test_a_wait_of_a_day_is_cut_short_and_told(
    endpoint: Endpoint, connect: Connect, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "LONGEST_ASKED", 0.1)
    endpoint.answer = lambda number, body: (
        (429, {"Retry-After": "86400"}, "busy") if number < 3 else (200, {}, endpoint.choices(body))
    )
    connect().complete([Prompt([5], 0)], ONE)
    assert f"{endpoint.url} asks to wait 86400 s (Retry-After), and is asked again in 0 s" in capsys.readouterr().err
    assert len(endpoint.requests) == 3


# --- a record at which the endpoint fails, every time ----------------------------------------------------------------


def crash(body: dict[str, Any]) -> Reply:
    return 500, {}, "crash"


def refuse(body: dict[str, Any]) -> Reply:
    return 400, {}, {"error": {"message": "odd"}}


def fails_at(token: int, reply: Callable[[dict[str, Any]], Reply], good: Callable[[dict[str, Any]], Any]) -> Any:
    """This reply to the prompt that begins with the token, a good one to the others."""
    return lambda number, body: reply(body) if body["prompt"][0] == token else (200, {}, good(body))


@pytest.mark.parametrize("others", [[], [5, 6]])
def test_a_prompt_at_which_the_endpoint_always_fails_is_lost_alone(
    endpoint: Endpoint, connect: Connect, others: list[int]
) -> None:
    endpoint.answer = fails_at(9, crash, endpoint.choices)
    *good, bad = connect(retries=1).complete([Prompt([token], 0) for token in [*others, 9]], ONE)
    assert [sample.text for (sample,) in good] == [f"{token}-0" for token in others]
    assert (bad[0].text, bad[0].finish_reason) == ("", "refused")
    assert "status 500" in bad[0].why
    assert [body["prompt"] for body in endpoint.bodies if body["prompt"] not in [[5], [6]]] == [
        *[[9]] * 2,
        [1, 2, 3],
        *[[9]] * 2,
    ]


def test_an_endpoint_that_fails_at_everything_ends_the_call(endpoint: Endpoint, connect: Connect) -> None:
    model = connect(retries=1)
    model.complete([Prompt([5], 0)], ONE)
    endpoint.answer = lambda number, body: crash(body)
    with pytest.raises(CurateError, match="status 500"):
        model.complete([Prompt([5], 0), Prompt([6], 0)], ONE)


def scored(body: dict[str, Any]) -> Any:
    positions = [{str(token): {"logprob": -1.0, "rank": 2}} for token in body["prompt"]]
    return {"choices": [{"prompt_logprobs": positions}], "usage": {"prompt_tokens": len(positions)}}


@pytest.mark.parametrize("fault", [crash, refuse])
def test_a_sequence_that_is_never_scored_has_no_numbers_and_the_others_have(
    endpoint: Endpoint, connect: Connect, fault: Callable[[dict[str, Any]], Reply]
) -> None:
    model = connect(retries=1)
    endpoint.answer = fails_at(9, fault, scored)
    good, bad = model.score([[5, 6], [9, 6]], [[0, 1], [0, 1]])
    assert good.logprobs.tolist() == [-1.0]
    assert np.isnan(bad.logprobs).tolist() == [True]
    endpoint.answer = lambda number, body: fault(body)
    with pytest.raises(CurateError, match="status [45]00"):
        model.score([[5, 6]], [[0, 1]])


def test_what_a_filter_forbids_is_one_records_fault(endpoint: Endpoint, connect: Connect) -> None:
    endpoint.answer = fails_at(9, lambda body: (403, {}, {"error": "flagged by moderation"}), endpoint.choices)
    good, bad = connect().complete([Prompt([5], 0), Prompt([9], 0)], ONE)
    assert (good[0].text, bad[0].finish_reason) == ("5-0", "refused")


# --- user and password in the address --------------------------------------------------------------------------------


def test_user_and_password_of_the_address_are_sent_and_never_shown(endpoint: Endpoint, connect: Connect) -> None:
    url = endpoint.url.replace("://", "://ann:open%20sesame@")
    model = connect(base_url=url, retries=0)
    model.complete([Prompt([5], 0)], ONE)
    assert endpoint.requests[0][1]["Authorization"] == f"Basic {b64encode(b'ann:open sesame').decode()}"
    endpoint.answer = lambda number, body: (500, {}, f"who is open sesame at {url}?")
    with pytest.raises(CurateError) as error:
        model.complete([Prompt([5], 0)], ONE)
    assert str(error.value).startswith(f"POST {endpoint.url}/completions: status 500")
    assert "sesame" not in str(error.value)


def test_a_password_changes_no_fingerprint_and_stands_in_no_pipeline(tiny_directory: Path) -> None:
    specs = [
        parse_spec("m", {"backend": "server", "model": "tiny", "tokenizer": str(tiny_directory), "base_url": url})
        for url in ("http://ann:one@host/v1", "http://ann:two/2@host/v1")
    ]
    assert specs[0].to_dict()["base_url"] == "http://***@host/v1" == specs[1].to_dict()["base_url"]
    assert specs[0].fingerprint() == specs[1].fingerprint()


def test_a_key_that_an_endpoint_repeats_is_not_shown(
    endpoint: Endpoint, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_KEY", "sk-planted-0123456789")
    endpoint.answer = lambda number, body: (401, {}, {"error": "no such key: sk-planted-0123456789"})
    with pytest.raises(CurateError, match=r"no such key: \*\*\*") as error:
        connect(api_key_env="TINY_KEY").complete([Prompt([5], 0)], ONE)
    assert "planted" not in str(error.value)
