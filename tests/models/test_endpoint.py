"""How an endpoint that is busy is asked: less, and not before it says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from curate.errors import CurateError
from curate.models.protocols import LanguageModel, Prompt, Sampling
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
