"""Planted keys and passwords: in nothing that a run leaves or prints, tracebacks too."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from curate.yaml_files import yaml_text
from tests.conftest import ROOT
from tests.models.endpoints import Endpoint, Reply

KEY = "sk-planted-0123456789abcdef"
PASSWORD = "planted-open-sesame"
SENT = b64encode(f"ann:{PASSWORD}".encode()).decode()
Answer = Callable[[int, dict[str, object]], Reply]


def echoing(server: Endpoint, status: int) -> Answer:
    """Answers with this status, and with the key, the password and the address in the words of the error."""

    def answer(number: int, body: dict[str, object]) -> Reply:
        sent = server.requests[number - 1][1]["Authorization"]
        words = f"{sent} of http://ann:{PASSWORD}@{server.url.partition('://')[2]} is not welcome, nor is {KEY}"
        return status, {}, {"error": {"message": words}}

    return answer


def run(
    server: Endpoint, directory: Path, key: str | None = KEY, break_it: str = ""
) -> subprocess.CompletedProcess[str]:
    """A run of eight answers with two models, one behind a key, and one behind a password in its address."""
    url = server.url.replace("://", f"://ann:{PASSWORD}@")
    models = {
        "keyed": {"backend": "chat", "model": "m", "base_url": server.url, "api_key_env": "PLANTED", "retries": 0},
        "named": {"backend": "chat", "model": "m", "base_url": url, "retries": 0},
    }
    stages = [
        {"instruct": {"model": "keyed", "topics": ["law"], "count": 4}},
        {"respond": {"models": ["keyed", "named"], "candidates": 1}},
    ]
    (directory / "p.yaml").write_text(yaml_text({"shard_rows": 2, "models": models, "stages": stages}))
    program = f"import curate.cli; {break_it}\ncurate.cli.main()"
    environment = {**os.environ, "PLANTED": key or ""}
    command = [sys.executable, "-c", program, "run", str(directory / "p.yaml"), "-o", str(directory / "run")]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, env=environment)


def leaks(ended: subprocess.CompletedProcess[str], directory: Path) -> list[str]:
    """Where a planted secret stands: in the output, or in a file of the run, its name or its bytes."""
    printed = {"stdout": ended.stdout, "stderr": ended.stderr}
    files = [path for path in (directory / "run").rglob("*") if path.is_file()]
    left = {str(path): f"{path} {path.read_bytes().decode('latin-1')}" for path in files}
    return [where for where, text in {**printed, **left}.items() if any(map(text.__contains__, (KEY, PASSWORD, SENT)))]


def test_a_run_that_succeeds_leaves_no_secret(server: Endpoint, tmp_path: Path) -> None:
    ended = run(server, tmp_path)
    assert ended.returncode == 0, ended.stderr
    sent = {headers["Authorization"].split()[0] for _, headers, _ in server.requests}
    assert sent == {"Bearer", "Basic"}
    assert leaks(ended, tmp_path) == []
    for name in ("pipeline.yaml", "manifest.json"):
        path = tmp_path / "run" / name
        assert "http://***@127.0.0.1" in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("status", [400, 401, 500])
def test_an_error_in_which_a_server_repeats_the_secrets_shows_none(
    server: Endpoint, tmp_path: Path, status: int
) -> None:
    server.answer = echoing(server, status)
    ended = run(server, tmp_path)
    assert ended.returncode == 2
    assert "is not welcome, nor is ***" in ended.stderr
    assert leaks(ended, tmp_path) == []


def test_a_record_that_a_server_refuses_with_the_secrets_in_its_words_shows_none(
    server: Endpoint, tmp_path: Path
) -> None:
    good, refuse = server.answer, echoing(server, 400)
    server.answer = lambda number, body: (refuse if number in (9, 10) else good)(number, body)
    ended = run(server, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "is not welcome" in (tmp_path / "run/dropped.jsonl").read_text() + "".join(
        path.read_bytes().decode("latin-1") for path in (tmp_path / "run").rglob("*.arrow")
    )
    assert leaks(ended, tmp_path) == []


@pytest.mark.parametrize("key", [f"{KEY}\n{KEY}", f"{KEY}é", f"{KEY}\x00"[:-1] + "\x7f"])
def test_a_key_that_is_none_is_told_and_not_shown(server: Endpoint, tmp_path: Path, key: str) -> None:
    ended = run(server, tmp_path, key)
    assert ended.returncode == 2
    assert "the key in PLANTED has characters that no key has" in ended.stderr
    assert leaks(ended, tmp_path) == []


def test_a_traceback_shows_no_secret(server: Endpoint, tmp_path: Path) -> None:
    bug = (
        "import httpx\n"
        "def fail(self, *_, **__): raise RuntimeError(f'{self.headers} {self._auth.__dict__ if self._auth else None} "
        f"http://ann:{PASSWORD}@host {KEY}')\n"
        "httpx.Client.request = fail"
    )
    ended = run(server, tmp_path, break_it=bug)
    assert ended.returncode == 1
    assert "RuntimeError" in ended.stderr
    assert leaks(ended, tmp_path) == []
