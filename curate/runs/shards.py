"""The shards of a stage: computed a few at a time, kept as files, each whole or not there.

A shard is finished when its .json file exists, which is written last.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, TypeVar

from datasets import Dataset

from curate.outcome import Calibration, Outcome
from curate.records.files import read_arrow, write_arrow, write_json
from curate.records.pool import together

CALIBRATION = "calibration.json"

T = TypeVar("T")


class Clock:
    """Divides the time of a stage among its shards, which overlap: each gets what passed since the one before."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._lock = threading.Lock()

    def lap(self) -> float:
        """Seconds since the last call, or since the beginning."""
        with self._lock:
            before, self._last = self._last, time.perf_counter()
            return self._last - before


def finished(home: Path, number: int) -> bool:
    """Whether this shard is whole."""
    return (home / f"{number:05d}.json").exists()


def write_shard(home: Path, number: int, outcome: Outcome, **facts: Any) -> None:
    """Keeps the outcome of a shard, and `facts` beside its counters; its .json file comes last: the shard is whole."""
    write_arrow(outcome.kept, home / f"{number:05d}.kept.arrow")
    write_arrow(outcome.dropped, home / f"{number:05d}.dropped.arrow")
    write_json({**facts, "stats": outcome.stats}, home / f"{number:05d}.json")


def read_facts(home: Path, number: int) -> dict[str, Any]:
    """What `write_shard` was told of a shard, and its counters."""
    facts: dict[str, Any] = json.loads((home / f"{number:05d}.json").read_text())
    return facts


def read_calibration(home: Path) -> Calibration:
    """What the stage has set by a look at all records; nothing where it sets nothing."""
    file = home / CALIBRATION
    return Calibration(**json.loads(file.read_text())) if file.exists() else Calibration({}, {})


def concatenate(home: Path, count: int, part: str) -> Dataset:
    """The `part` (kept or dropped) of the first `count` shards, as one pool."""
    return together([read_arrow(home / f"{number:05d}.{part}.arrow") for number in range(count)])


def in_flight(compute: Callable[[T], int], work: Iterable[T], workers: int) -> Iterator[int]:
    """The results of `compute` over `work`, with at most `workers` at a time; on an error the rest is not begun."""
    executor = ThreadPoolExecutor(workers, thread_name_prefix="shard")
    running: set[Future[int]] = set()
    try:
        for item in work:
            running.add(executor.submit(compute, item))
            if len(running) == workers:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        for future in running:
            yield future.result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
