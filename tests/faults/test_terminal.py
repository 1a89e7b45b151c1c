"""Hostile texts of data, servers, paths and pipelines: they are shown as they are read, and change no terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from curate import load
from curate.yaml_files import yaml_text
from tests.faults.conftest import Command
from tests.models.endpoints import Endpoint

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\r"
MARKUP = "[/x] [bold] :smile: [link=http://evil]"
WORDS = "one two three four five six seven eight nine ten"
HOSTILE = f"{ESCAPES}{MARKUP}"


def inert(text: str) -> bool:
    """Whether nothing in it steers a terminal, the bars of libraries aside, which begin their line again."""
    return not [
        character for character in text if (ord(character) < 32 and character != "\n") or character in "\x9b\x7f"
    ]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A directory and in it a pool whose names, ids, texts and columns are hostile."""
    directory = tmp_path / "[/x]\x1b[2J"  # two directories, one in the other
    directory.mkdir(parents=True)
    rows = [
        {"id": f"{HOSTILE}{n}", "prompt": f"{WORDS} {n} {HOSTILE}", "response": f"{HOSTILE} {n}.", HOSTILE: HOSTILE,
         "domain": HOSTILE if n % 2 else f"{HOSTILE}2", "embedding": [float(n), 1.0]} for n in range(8)
    ]  # fmt: skip
    (directory / "pool.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + f'{{"{MARKUP}\n')
    return directory


def test_a_run_prints_nothing_raw(curate: Command, hostile: Path) -> None:
    stages = [
        {"load": {"path": str(hostile / "pool.jsonl"), "source": HOSTILE}},
        {"deduplicate": {"threshold": 1.0}},
        {"diversify": {"count": 4, "method": "random", "balance": "domain"}},
    ]
    (hostile / "p.yaml").write_text(yaml_text({"stages": stages}))
    for _ in range(2):  # computed, and reused
        ended = curate("run", hostile / "p.yaml", "-o", hostile / "run")
        assert ended.code == 0, ended.err
        assert inert(ended.out)
        assert inert(ended.err)
    assert "[/x][2J/run/dataset.jsonl: 4 records" in ended.out
    checked = curate("check", hostile / "p.yaml", "-o", hostile / "run")
    assert inert(checked.out)
    assert "[/x][2J" in checked.out
    assert "source=]0;owned[2J31m [/x] [bold] :smile:" in " ".join(checked.out.split())


def test_apply_prints_nothing_raw(curate: Command, hostile: Path, tmp_path: Path) -> None:
    exam = tmp_path / "exam[bold].jsonl"
    exam.write_text(
        json.dumps({"id": HOSTILE, "question": f"one two three four five six seven eight nine ten 3 {HOSTILE}"})
    )
    ended = curate("apply", "decontaminate", hostile / "pool.jsonl", "-o", hostile / "out.jsonl", "--benchmarks", exam)
    assert ended.code == 0, ended.err
    assert inert(ended.out + ended.err)
    assert f"exam[bold], item ]0;owned[2J31m {MARKUP}" in ended.out


@pytest.mark.parametrize(
    ("key", "value"), [("load.path", HOSTILE), (f"load.{MARKUP}", "1"), ("seed", HOSTILE), (HOSTILE, "1")]
)
def test_a_mistake_in_a_pipeline_prints_nothing_raw(
    curate: Command, pipeline: Path, tmp_path: Path, key: str, value: str
) -> None:
    ended = curate("check", pipeline, "--set", f"{key}={json.dumps(value)}")
    assert ended.code == 2
    assert inert(ended.err)
    assert ended.err.count("\n") == 1


def test_five_megabytes_are_cut(curate: Command, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(yaml_text({"seed": "x" * 5_000_000, "stages": ["screen"]}))
    ended = curate("check", tmp_path / "p.yaml")
    assert ended.code == 2
    assert "seed: input should be a valid integer" in ended.err
    assert len(ended.err) < 2100


@pytest.fixture
def server() -> Iterator[Endpoint]:
    """A server whose answers are a test's own."""
    served = Endpoint({"data": [{"id": "m"}]})
    yield served
    served.close()


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_what_a_server_says_is_not_shown_raw(curate: Command, server: Endpoint, tmp_path: Path, status: int) -> None:
    server.answer = lambda number, body: (status, {}, f"{HOSTILE}{'x' * 5_000_000}".encode())
    models = {"m": {"backend": "chat", "model": "m", "base_url": server.url, "retries": 0}}
    stages = [{"instruct": {"model": "m", "topics": ["law"], "count": 1}}]
    (tmp_path / "p.yaml").write_text(yaml_text({"models": models, "stages": stages}))
    ended = curate("run", tmp_path / "p.yaml", "-o", tmp_path / "run")
    assert ended.code == 2
    assert f"]0;owned[2J31m {MARKUP}" in ended.err
    assert inert(ended.err)
    assert len(ended.err) < 2500


def test_a_bug_shows_its_traceback_without_what_steers_a_terminal(
    curate: Command, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(HOSTILE)

    monkeypatch.setattr("curate.runs.run.together", fail)
    ended = curate("run", pipeline, "-o", tmp_path / "run")
    assert ended.code == 1
    assert ended.err.splitlines()[-1].endswith(f"RuntimeError: ]0;owned[2J31m {MARKUP}")
    assert inert(ended.err)


def test_in_python_an_outcome_shows_nothing_raw(hostile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = load(str(hostile / "pool.jsonl"))
    assert len(outcome.kept) == 8
    outcome.report()
    assert inert(repr(outcome))
    assert inert(capsys.readouterr().out)
    assert "<script>" not in outcome._repr_html_()
