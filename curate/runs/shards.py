"""The shards of a stage: computed a few at a time, kept as files, each whole or not there.

A shard is finished when its .json file exists, which is written last. It holds checksums, by which damage is noticed
when the shard is read.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from datasets import Dataset

from curate.outcome import Calibration, Outcome
from curate.records.files import read_arrow, write_arrow, write_json
from curate.records.identity import digest
from curate.records.pool import together

PARTS = ("kept", "dropped")
CALIBRATION = "calibration.json"
DONE = "done.json"
SEAL = "checksum"

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


def write_shard(home: Path, number: int, source: str, outcome: Outcome, **facts: Any) -> None:
    """Keeps the outcome of a shard, and `facts` beside its counters; its .json file comes last: the shard is whole.

    `source` tells what it was made of. The .json file holds the checksums of the others, and one of itself.
    """
    write_arrow(outcome.kept, _file(home, number, "kept"))
    write_arrow(outcome.dropped, _file(home, number, "dropped"))
    checksums = {part: checksum(_file(home, number, part)) for part in PARTS}
    own = {"stage": home.name, "shard": number, "source": source, "checksums": checksums}
    _write_sealed({**facts, **own, "stats": outcome.stats}, home / f"{number:05d}.json")


def whole_shards(home: Path, count: int, source: str) -> tuple[list[int], list[str]]:
    """The numbers of those of the first `count` shards that are finished, whole and made of `source`.

    Every file is read. What is damaged is removed, with all that may follow from it, and told in a sentence each.
    """
    whole, faults = [], []
    for number in range(count):
        if not (home / f"{number:05d}.json").exists():
            continue
        if fault := _fault(home, number, source):
            faults.append(f"{fault}; shard {number} of {home.name} is made again")
            for path in [*home.glob(f"{number:05d}.*"), *home.glob("*.npz"), home / DONE]:
                path.unlink(missing_ok=True)
        else:
            whole.append(number)
    return whole, faults


def read_facts(home: Path, number: int) -> dict[str, Any]:
    """What `write_shard` was told of a shard, and its counters."""
    facts: dict[str, Any] = json.loads((home / f"{number:05d}.json").read_text())
    return facts


def write_calibration(home: Path, source: str, calibration: Calibration) -> None:
    """Keeps what the stage has set by a look at all records, which are told by `source`."""
    _write_sealed({**asdict(calibration), "source": source}, home / CALIBRATION)


def read_calibration(home: Path, source: str) -> Calibration | None:
    """What the stage has set by a look at these records; None where it is not there, or damaged."""
    kept = _read_sealed(home / CALIBRATION)
    if not isinstance(kept, dict) or kept["source"] != source:
        return None
    return Calibration(kept["parameters"], kept["stats"])


def checksum(path: Path) -> str:
    """Of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def _file(home: Path, number: int, part: str) -> Path:
    return home / f"{number:05d}.{part}.arrow"


def _fault(home: Path, number: int, source: str) -> str | None:
    """What is wrong with a finished shard."""
    path = home / f"{number:05d}.json"
    facts = _read_sealed(path)
    if facts is None:
        return f"{path} is damaged"
    if (facts["stage"], facts["shard"]) != (home.name, number):
        return f"{path} is that of shard {facts['shard']} of {facts['stage']}"
    for part in PARTS:
        file = _file(home, number, part)
        if not file.is_file():
            return f"{file} is not there"
        if checksum(file) != facts["checksums"][part]:
            return f"{file} is damaged"
    return f"{path} was made of other records" if facts["source"] != source else None


def _write_sealed(content: dict[str, Any], path: Path) -> None:
    """Writes a JSON object with a checksum of its own."""
    content = json.loads(json.dumps(content))
    write_json({**content, SEAL: digest(content)}, path)


def _read_sealed(path: Path) -> dict[str, Any] | None:
    """What `_write_sealed` wrote; None where it is not there, or damaged."""
    try:
        content = json.loads(path.read_bytes())
        seal = content.pop(SEAL)
    except (FileNotFoundError, ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return None
    return content if seal == digest(content) else None


def concatenate(home: Path, count: int, part: str) -> Dataset:
    """The `part` (kept or dropped) of the first `count` shards, as one pool."""
    return together([read_arrow(_file(home, number, part)) for number in range(count)])


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
