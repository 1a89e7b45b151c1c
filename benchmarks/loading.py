"""Records that `load` reads in a second of processor time, beside what `datasets` reads of the same file.

    python benchmarks/loading.py [--records 200000] [--rounds 5]
    python benchmarks/loading.py --memory 4000000

`load` checks each row, makes messages of it, names it, and quarantines what it cannot read; `datasets.load_dataset`
makes a table. They take turns, each in a process of its own. Prints a table for benchmarks/RESULTS.md: the medians, and
their ratio. `--memory` instead loads so many records, and prints the peak of resident memory.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from contender import serve, take_turns

from curate import load

WORDS = [f"word{number}" for number in range(5000)]


def pairs(count: int) -> Iterator[dict[str, Any]]:
    """Instructions of 12 words and responses of 40."""
    rng = random.Random(0)
    for _ in range(count):
        yield {"prompt": " ".join(rng.choices(WORDS, k=12)), "response": " ".join(rng.choices(WORDS, k=40))}


def conversations(count: int) -> Iterator[dict[str, Any]]:
    """The same as messages, with an id and a column of the user's own."""
    for number, pair in enumerate(pairs(count)):
        turns = zip(("user", "assistant"), pair.values(), strict=True)
        messages = [{"role": role, "content": content} for role, content in turns]
        yield {"id": f"r{number}", "messages": messages, "stars": number % 5}


def nested(count: int) -> Iterator[dict[str, Any]]:
    """The same with an object beside them: such rows are read one by one."""
    for number, pair in enumerate(pairs(count)):
        yield {**pair, "meta": {"number": number}}


def write_files(folder: Path, count: int) -> list[Path]:
    """The files that are read."""
    for name, rows in (("pairs", pairs), ("messages", conversations), ("nested", nested)):
        with (folder / f"{name}.jsonl").open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows(count))
    table = pa.Table.from_pylist(list(pairs(count)))
    pc.write_csv(table, folder / "pairs.csv")
    pq.write_table(table, folder / "pairs.parquet")
    return [folder / name for name in ("pairs.jsonl", "messages.jsonl", "nested.jsonl", "pairs.csv", "pairs.parquet")]


def read(path: str, by: str) -> dict[str, float]:
    """Seconds of processor time that a reader takes for the file, and how many records it gives."""
    begin = time.process_time()
    if by == "curate":
        records = len(load(path).kept)
    else:
        import datasets

        kind = {".jsonl": "json"}.get(Path(path).suffix, Path(path).suffix[1:])
        with tempfile.TemporaryDirectory() as cache:
            begin = time.process_time()
            records = len(datasets.load_dataset(kind, data_files=path, split="train", cache_dir=cache))
            return {"seconds": time.process_time() - begin, "records": records}
    return {"seconds": time.process_time() - begin, "records": records}


def table(records: int, rounds: int) -> None:
    """Prints the table."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("datasets", "msgspec", "pyarrow"))
    print(f"Python {platform.python_version()}, {versions}; {records:,} records, {rounds} rounds\n")
    print("| file | curate, records/s | datasets, records/s | datasets' time to ours |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for path in write_files(Path(folder), records):
            tasks = {by: {"path": str(path), "by": by} for by in ("curate", "datasets")}
            results = take_turns(__file__, tasks, rounds)
            seconds = {by: [result["seconds"] for result in given] for by, given in results.items()}
            ratio = statistics.median(a / b for a, b in zip(seconds["curate"], seconds["datasets"], strict=True))
            speeds = [f"{records / statistics.median(seconds[by]):,.0f}" for by in tasks]
            print(f"| {path.name} | {' | '.join(speeds)} | 1 : {ratio:.1f} |", flush=True)


def memory(records: int) -> None:
    """Prints the peak of resident memory while so many records are loaded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.jsonl"
        with path.open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in pairs(records))
        begin, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        kept = len(load(path).kept)
        seconds, peak = time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"{kept:,} records of {path.stat().st_size / 2**30:.2f} GiB in {seconds:.0f} s of processor time; peak of "
            f"resident memory {peak / 2**20:.2f} GiB, {before / 2**20:.2f} of them before"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int)
    parser.add_argument("--work", type=json.loads)
    given = parser.parse_args()
    if given.work:
        serve(lambda: read(**given.work))
    elif given.memory:
        memory(given.memory)
    else:
        table(given.records, given.rounds)
