"""Runs that are killed at random moments end with the same bytes, whenever and however often that was."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from curate.pipeline import Pipeline
from curate.yaml_files import yaml_text
from tests.conftest import ROOT
from tests.faults.conftest import numbers_pool
from tests.runs.conftest import CONTENT

KILLS = int(os.environ.get("CURATE_KILLS", "100"))  # in all, of the slow test
LONG = 600.0  # seconds
RESULTS = ("dataset.jsonl", "dropped.jsonl", "quarantine.jsonl")


STARTER = """
import os, sys, traceback
import {imports}
from curate import Pipeline, Run
from curate.registry import all_stages
list(all_stages())
for line in sys.stdin:
    number = os.fork()
    if not number:
        pipeline, directory = line.rstrip("\\n").split("\\t")
        try:
            Run(Pipeline.from_yaml(pipeline), directory).execute()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    print(number, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)
"""


class Runs:
    """Processes that run one pipeline, one at a time, each in a directory that it may find half done.

    They are forked from one that has imported all there is to import, and has begun nothing.
    """

    def __init__(self, content: dict[str, Any], directory: Path, imports: str = "datasets, rensa") -> None:
        self._pipeline, self._directory, self._number = directory / "p.yaml", directory, 0
        self._pipeline.write_text(yaml_text(content))
        self._said = (directory / "said").open("w+")
        self._starter = subprocess.Popen(
            [sys.executable, "-c", STARTER.replace("{imports}", imports)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            bufsize=0,
        )

    @property
    def directory(self) -> Path:
        """That of the run that is on."""
        return self._directory / f"run-{self._number}"

    def begin(self) -> int:
        """Starts a process, waits until it has opened its directory, and gives its number."""
        assert self._starter.stdin
        (self.directory / "pipeline.yaml").unlink(missing_ok=True)
        self._starter.stdin.write(f"{self._pipeline}\t{self.directory}\n".encode())
        number = self._answer()
        while not (self.directory / "pipeline.yaml").exists():
            time.sleep(0.002)
        return number

    def code(self, seconds: float) -> int | None:
        """How the process has ended; None where it has not in this time."""
        assert self._starter.stdout
        there = select.select([self._starter.stdout], [], [], seconds)[0]
        return self._answer() if there else None

    def kill(self, number: int) -> int:
        """Kills the process, and says how it has ended."""
        os.kill(number, signal.SIGKILL)
        return self._answer()

    def results(self, code: int | None) -> dict[str, bytes]:
        """What a process has made that ended with this code, by itself; the next one begins anew."""
        assert code == 0, Path(self._said.name).read_text()
        assert not list(self.directory.rglob(".*.tmp"))
        made = {name: (self.directory / name).read_bytes() for name in RESULTS}
        self._number += 1
        return made

    def close(self) -> None:
        """Ends the process from which the others are forked."""
        self._starter.communicate()
        self._said.close()

    def _answer(self) -> int:
        assert self._starter.stdout
        return int(self._starter.stdout.readline())


def survive(runs: Runs, kills: int, seed: int) -> int:
    """Kills so many processes and lets the last one end; each result has to be that of the first, which nobody kills.

    Returns how many shards were there when a process was killed, in all.
    """
    moments = random.Random(seed)
    runs.begin()
    began = time.monotonic()
    expected = runs.results(runs.code(LONG))
    whole = time.monotonic() - began
    killed = shards = 0
    while killed < kills:
        number = runs.begin()
        code = runs.code(moments.uniform(0, whole))
        if code is None and (code := runs.kill(number)) == -signal.SIGKILL:
            killed += 1
            shards += len(list(runs.directory.glob("stages/*/[0-9]*.json")))
        else:
            assert runs.results(code) == expected
    runs.begin()
    assert runs.results(runs.code(LONG)) == expected
    runs.close()
    return shards


def without_models(directory: Path, count: int) -> dict[str, Any]:
    """A pipeline of many shards whose stages take no model."""
    pool = numbers_pool(directory / "pool.jsonl", count)
    stages = [{"load": {"path": str(pool)}}, "screen", {"deduplicate": {"threshold": 0.9}}, "check_math"]
    return {"shard_rows": 20, "stages": stages}


def test_ten_kills_of_a_pipeline_without_models_change_no_byte(tmp_path: Path) -> None:
    assert survive(Runs(without_models(tmp_path, 160), tmp_path), 10, seed=1) > 0


def recipe() -> dict[str, Any]:
    """The shipped pipeline for a pool, on a part of it."""
    settings = ["load.limit=240", "diversify.count=60"]
    return {**Pipeline.from_yaml(ROOT / "pipelines/lima-from-pool.yaml", settings).to_dict(), "shard_rows": 32}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "share"), [("every kind of stage", 0.4), ("without models", 0.3), ("lima-from-pool.yaml", 0.3)]
)
def test_many_kills_of_the_offline_pipelines_change_no_byte(tmp_path: Path, name: str, share: float) -> None:
    content = {
        "every kind of stage": lambda: CONTENT,
        "without models": lambda: without_models(tmp_path, 4000),
        "lima-from-pool.yaml": recipe,
    }[name]()
    runs = Runs(content, tmp_path, "datasets, rensa, sentence_transformers, torch, transformers")
    kills = round(KILLS * share)
    assert survive(runs, kills, seed=2) > 0 or kills < 10  # a few may all come before the first shard
