"""A run opens no connection that its pipeline does not name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from curate.yaml_files import yaml_text
from tests.conftest import BASE, CHAT, MINILM, ROOT
from tests.faults.conftest import numbers_pool
from tests.models.endpoints import Endpoint

# Every socket of Python's goes through these events; what is not allowed is noted and refused.
GUARD = """
import json, sys
path, allowed = sys.argv[1], json.loads(sys.argv[2])
def guard(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        address = arguments
    else:
        return
    if isinstance(address, tuple) and list(address[:2]) not in allowed:
        with open(path, "a") as file:
            print(event, address[:2], file=file)
        raise PermissionError(f"a connection to {address[:2]} that the pipeline does not name")
sys.addaudithook(guard)
sys.argv = ["curate", *sys.argv[3:]]
from curate.cli import main
main()
"""


def opened(pipeline: Path, allowed: list[list[Any]]) -> tuple[str, subprocess.CompletedProcess[str]]:
    """What a run of this pipeline tried to reach beyond these hosts and ports, and how it ended."""
    noted = pipeline.parent / "noted"
    arguments = [str(noted), json.dumps(allowed), "run", str(pipeline), "-o", str(pipeline.parent / "run")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    ended = subprocess.run(
        [sys.executable, "-c", GUARD, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment,
    )
    return noted.read_text() if noted.exists() else "", ended


def written(directory: Path, models: dict[str, Any], stages: list[Any]) -> Path:
    path = directory / "p.yaml"
    path.write_text(yaml_text({"models": models, "stages": stages}))
    return path


def test_models_in_directories_and_packages_are_run_without_any(tmp_path: Path) -> None:
    models = {
        "teacher": {"model": str(CHAT)},
        "base": {"model": str(BASE)},
        "minilm": {"backend": "sentence-transformers", "model": MINILM},
    }
    stages = [
        {"synthesize": {"model": "teacher", "count": 4, "max_tokens": 32}},
        {"fit": {"model": "base"}},
        {"embed": {"model": "minilm"}},
        {"prepare": {"target": "base", "max_length": 512}},
    ]
    stages.insert(1, {"respond": {"models": ["teacher"], "candidates": 1, "max_tokens": 32}})
    stages.insert(3, {"choose": {"by": "fit"}})
    tried, ended = opened(written(tmp_path, models, stages), [])
    assert ended.returncode == 0, ended.stderr
    assert tried == ""


def test_an_endpoint_is_reached_where_the_pipeline_names_it_and_nothing_else(server: Endpoint, tmp_path: Path) -> None:
    pool = numbers_pool(tmp_path / "pool.jsonl", 4)
    models = {"m": {"backend": "chat", "model": "m", "base_url": server.url}}
    stages = [{"load": {"path": str(pool)}}, {"respond": {"models": ["m"], "candidates": 1}}]
    pipeline = written(tmp_path, models, stages)
    tried, ended = opened(pipeline, [])
    assert ended.returncode == 2
    assert "127.0.0.1" in tried  # the guard sees it
    (tmp_path / "noted").unlink()
    tried, ended = opened(pipeline, [["127.0.0.1", server.server.server_port]])
    assert ended.returncode == 0, ended.stderr
    assert tried == ""


def test_a_redirection_to_another_host_is_not_followed(server: Endpoint, tmp_path: Path) -> None:
    elsewhere = Endpoint({"data": [{"id": "m"}]})
    server.answer = lambda number, body: (307, {"Location": f"{elsewhere.url}/chat/completions"}, {})
    models = {"m": {"backend": "chat", "model": "m", "base_url": server.url, "retries": 0}}
    stages = [{"instruct": {"model": "m", "topics": ["law"], "count": 1}}]
    _, ended = opened(written(tmp_path, models, stages), [["127.0.0.1", server.server.server_port]])
    assert ended.returncode == 2
    assert "status 307" in ended.stderr
    assert elsewhere.requests == []
    elsewhere.close()
