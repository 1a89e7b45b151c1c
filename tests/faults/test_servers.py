"""A server's bad days cost no record, and double none: a proxy spoils three in ten of its replies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curate import Pipeline, Run
from curate.models import endpoint as endpoints
from tests.faults.conftest import numbers_pool
from tests.faults.proxy import FAULTS, RETRIED, Proxy
from tests.models.endpoints import Endpoint

RECORDS, CANDIDATES = 240, 3


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A chat endpoint whose answers follow from seed and conversation."""
    monkeypatch.setattr(endpoints, "FIRST_WAIT", 0.005)
    served = Endpoint({"data": [{"id": "m"}]})
    served.obey()
    yield served
    served.close()


@pytest.fixture
def execute(tmp_path: Path) -> Callable[[str, str], list[dict[str, Any]]]:
    """A run in the directory of this name, with the endpoint at this address: its records."""
    pool = numbers_pool(tmp_path / "pool.jsonl", RECORDS)

    def call(name: str, url: str) -> list[dict[str, Any]]:
        models = {"m": {"backend": "chat", "model": "m", "base_url": url, "retries": 8}}
        stages = [{"load": {"path": str(pool)}}, {"respond": {"models": ["m"], "candidates": CANDIDATES}}]
        content = {"shard_rows": 16, "models": models, "stages": stages}
        records = Run(Pipeline(content), tmp_path / name).execute()
        written = [[c["content"] for c in row["candidates"] if c["generator"] == "m"] for row in records]
        return [{"id": number, "texts": texts} for number, texts in zip(records["id"], written, strict=True)]

    return call


def test_faults_that_are_retried_change_no_byte(server: Endpoint, execute: Callable[..., Any], tmp_path: Path) -> None:
    proxy = Proxy(server.url, RETRIED)
    assert execute("spoilt", proxy.url) == execute("whole", server.url)
    assert set(proxy.counted) == {*RETRIED, "passed"}
    proxy.close()


def test_no_fault_loses_or_doubles_a_record_or_a_candidate(server: Endpoint, execute: Callable[..., Any]) -> None:
    proxy = Proxy(server.url, FAULTS)
    rows = execute("run", proxy.url)
    assert [row["id"] for row in rows] == [str(number) for number in range(RECORDS)]
    assert [row for row in rows if len(list(filter(None, row["texts"]))) != CANDIDATES] == []
    assert set(proxy.counted) == {*FAULTS, "passed"}
    proxy.close()


def test_a_server_that_is_restarted_in_the_middle_costs_nothing(
    server: Endpoint, execute: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "FIRST_WAIT", 0.1)
    proxy = Proxy(server.url, ())
    monkeypatch.setattr(proxy, "fault", lambda body: "passed")
    answered = server.answer

    def restart() -> None:
        proxy.down = True
        time.sleep(0.5)
        proxy.down = False

    def answer(number: int, body: dict[str, Any]) -> Any:
        if number == RECORDS // 2:
            threading.Thread(target=restart).start()
        return answered(number, body)

    server.answer = answer
    assert execute("restarted", proxy.url) == execute("whole", server.url)
    proxy.close()
