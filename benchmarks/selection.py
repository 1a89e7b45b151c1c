"""The stages that turn a large pool into a small set, side by side with peers: speed, memory, and how good they are.

    python benchmarks/selection.py                              # all rows; the largest takes long
    python benchmarks/selection.py near-duplicates diversify-20k --peers peers/bin/python
    python benchmarks/selection.py selection-4m --cache DIR

Each measurement (selection_work.py) runs in a process of its own and prints one row of a Markdown table for
benchmarks/RESULTS.md; peers run under the interpreter that --peers names (benchmarks/requirements.txt), and one that
cannot be imported there is "not installed". What takes long to make, the embeddings and the made-up pools, is kept
under --cache.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from selection_work import PEERS, measure, prepare

ROWS: dict[str, tuple[str, ...]] = {
    "load": ("curate", "datasets"),
    "near-duplicates": ("curate", "rensa", "datasketch", "SetSimilaritySearch"),
    "near-duplicates-200k": ("curate", "rensa", "datasketch", "SetSimilaritySearch"),
    "semantic-duplicates": ("curate", "semhash"),
    "diversify-20k": ("exact greedy", "curate", "apricot", "DEITA's filter", "semhash"),
    "diversify-300k": ("curate",),
    "selection-250k": ("curate",),
    "selection-1m": ("curate",),
    "selection-4m": ("curate",),
    "embed": ("curate", "sentence-transformers"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="where multi_response.parquet lies")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "curate-selection")
    parser.add_argument("--peers", default=sys.executable, help="the Python interpreter that has the peers")
    parser.add_argument("--limit", type=int, default=32_200, help="real responses that are used")
    parser.add_argument("--one", metavar="ROW:TOOL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"no rows {sorted(unknown)}; there are {', '.join(ROWS)}")
    options.cache.mkdir(parents=True, exist_ok=True)
    if options.one:
        print(json.dumps(measure(options, *options.one.split(":"))))
        return
    print(_machine())
    print(
        "\n| work | tool | seconds | processor seconds | peak memory | result | load |\n|---|---|---|---|---|---|---|"
    )
    for row in options.rows or ROWS:
        prepare(options, row)
        for tool in ROWS[row]:
            print(_line(options, row, tool), flush=True)


def _line(options: argparse.Namespace, row: str, tool: str) -> str:
    """The row of the table for one measurement, which a process of its own makes."""
    python = options.peers if tool in PEERS else sys.executable
    given = ["--data", str(options.data), "--cache", str(options.cache), "--limit", str(options.limit)]
    command = [python, __file__, "--one", f"{row}:{tool}", *given]
    load = os.getloadavg()[0]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"})  # noqa: S603
    if done.returncode:
        return f"| {row} | {tool} | failed with exit code {done.returncode} | | | | {load:.1f} |"
    measured = json.loads(done.stdout.splitlines()[-1])
    if "missing" in measured:
        return f"| {row} | {tool} | not installed | | | | |"
    memory = f"{measured['peak']:.1f} GiB ({measured['anonymous']:.1f} without mapped files)"
    name = f"{tool} {measured['version']}".strip()
    times = f"{measured['seconds']:.2f} | {measured['processor']:.2f}"
    return f"| {row} | {name} | {times} | {memory} | {measured['result']} | {load:.1f} |"


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    packages = ("numpy", "faiss-cpu", "torch", "sentence-transformers", "datasets")
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in packages)
    return (
        f"`python benchmarks/selection.py {' '.join(sys.argv[1:])}`, {time.strftime('%d %B %Y')}. "
        f"{os.cpu_count()} cores of an {cpu}; Python {platform.python_version()}, {versions}."
    )


if __name__ == "__main__":
    main()
