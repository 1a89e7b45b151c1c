"""The command line called in this process, and a pipeline without models in several shards."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from curate import cli
from curate.yaml_files import yaml_text
from tests.models.endpoints import Endpoint


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def curate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command `curate` with these arguments."""

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["curate", *map(str, arguments)])
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.setattr("signal.signal", lambda *_: None)  # pytest's own stay
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture
def server() -> Iterator[Endpoint]:
    """A chat endpoint that repeats whatever it was given."""
    served = Endpoint({"data": [{"id": "m"}]})
    served.obey()
    yield served
    served.close()


def numbers_pool(path: Path, count: int) -> Path:
    """A pool of so many records, each of its own words."""
    rows = [
        {
            "id": str(n),
            "prompt": f"Which number follows {n}?",
            "response": f"The number {n + 1} follows the number {n}.",
        }
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A pipeline file: 60 records in shards of 8, of which all are kept."""
    pool = numbers_pool(tmp_path / "pool.jsonl", 60)
    stages = [{"load": {"path": str(pool)}}, "screen", {"deduplicate": {"threshold": 1.0}}, "check_math"]
    path = tmp_path / "p.yaml"
    path.write_text(yaml_text({"shard_rows": 8, "stages": stages}))
    return path
