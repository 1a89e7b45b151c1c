"""What is left of the defects planted in a pool, and what is lost of its clean records, for `curate` and its peers.

    python benchmarks/defects.py --peers peers/bin/python
    python benchmarks/defects.py --world 2 --pipeline pipelines/lima-from-pool.yaml benchmarks/defects.yaml
    python benchmarks/defects.py --records 4000 --tools curate --out runs/defects

The pool (defects_pool.py) is made of the sets in --data. World 1 is defects_first.py; world 2 is defects_second.py,
which nobody reads who writes rules. No tool sees the key. Each tool runs in a process of its own: `curate` as
`curate run` of each --pipeline with the pool as `load.path`, the peers (defects_peers.py) under the interpreter that
--peers names. Prints Markdown tables for benchmarks/RESULTS.md. Pool, key, survivors and curate's runs stay under
--out.

A defect is left if its record is, and one of its marks too where it has any: what is mended is not left.
A repeat is left if its record is, and another of its group too. A clean record is lost if all of its group are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from defects_first import First
from defects_peers import TOOLS as PEERS
from defects_pool import write_pool
from defects_second import Second

COUNT = 1000
WORLDS = {1: First, 2: Second}


@dataclass
class Result:
    """What a tool kept: texts by id, the ids of its choice where it makes one, and what it took."""

    texts: dict[str, str] = field(default_factory=dict)
    chosen: set[str] | None = None
    seconds: float = 0
    processor: float = 0
    note: str = ""
    missing: str = ""
    reasons: dict[str, str] = field(default_factory=dict)  # by id, of what was dropped before the choice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the directory with the sets")
    parser.add_argument("--world", type=int, choices=WORLDS, default=1)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tools", nargs="*", default=["curate", *PEERS], help="some of: curate, " + ", ".join(PEERS))
    parser.add_argument("--peers", default=sys.executable, help="the Python interpreter that has the peers")
    parser.add_argument("--pipeline", type=Path, nargs="+", default=[Path("pipelines/lima-from-pool.yaml")])
    parser.add_argument("--out", type=Path, default=Path("runs/defects"))
    options = parser.parse_args()
    if unknown := set(options.tools) - {"curate", *PEERS}:
        parser.error(f"no tools {sorted(unknown)}; there are curate, {', '.join(PEERS)}")
    folder = options.out / f"world-{options.world}-{options.records}-{options.seed}"
    left_out = write_pool(WORLDS[options.world], options.data, options.records, options.seed, folder)
    key = _lines(folder / "key.jsonl")
    print(
        _machine(),
        f"\n\nWorld {options.world}, {len(key):,} records; pairs of the sets that were left out as not clean:",
    )
    print(", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items())) + ".\n", flush=True)
    results: dict[str, Result] = {}
    if "curate" in options.tools:
        results = {f"curate: {pipeline.stem}": _curate(pipeline, folder) for pipeline in options.pipeline}
    results |= {tool: _peer(options, folder, tool) for tool in options.tools if tool != "curate"}
    before = {row["id"]: _text(row["messages"]) for row in _lines(folder / "pool.jsonl")}
    print_tables(key, before, results)


def _curate(pipeline: Path, folder: Path) -> Result:
    """The pipeline's run: what reaches its choices, and what the last of them chooses."""
    run = folder / f"curate-{pipeline.stem}"
    command = [sys.executable, "-m", "curate", "run", str(pipeline), "-o", str(run)]
    seconds, processor = _spent([*command, "--set", f"load.path={folder / 'pool.jsonl'}"])
    chosen = {row["id"]: _text(row["messages"]) for row in _lines(run / "dataset.jsonl")}
    result = Result(dict(chosen), set(chosen), seconds, processor)
    for row in _lines(run / "dropped.jsonl"):
        if row["stage"].startswith("diversify") and row["reason"] == "not chosen":
            result.texts[row["id"]] = _text(row["messages"])
        else:
            result.reasons[row["id"]] = f"{row['stage']}: {row['reason']}"
    return result


def _peer(options: argparse.Namespace, folder: Path, tool: str) -> Result:
    survivors = folder / f"{''.join(letter if letter.isalnum() else '-' for letter in tool)}.jsonl"
    script = str(Path(__file__).with_name("defects_peers.py"))
    command = [options.peers, script, tool, str(folder / "pool.jsonl"), str(survivors)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=_environment())  # noqa: S603
    if done.returncode:
        return Result(missing=f"failed with exit code {done.returncode}; what it wrote is above")
    spent = json.loads(done.stdout.splitlines()[-1])
    if "missing" in spent:
        return Result(missing=spent["missing"])
    rows = list(_lines(survivors))
    chosen = {row["id"] for row in rows if row["chosen"]} if rows and "chosen" in rows[0] else None
    note = f"{spent['version']}; {spent['note']}".removesuffix("; ")
    return Result({row["id"]: row["text"] for row in rows}, chosen, spent["seconds"], spent["processor"], note)


def _spent(command: list[str]) -> tuple[float, float]:
    """Seconds and processor seconds of a command, whose failure ends this one."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=sys.stderr, env=_environment())  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _environment() -> dict[str, str]:
    return {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", **os.environ}


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:  # not splitlines, which also splits at what mojibake leaves
        return [json.loads(line) for line in file]


def _text(messages: list[dict[str, str]]) -> str:
    return "\n\n".join(message["content"] or "" for message in messages)


# --- the tables -------------------------------------------------------------------------------------------------------


def left(key: list[dict[str, Any]], texts: dict[str, str]) -> tuple[Counter[str], set[str], Counter[str]]:
    """Defects and repeats that are left, by kind; clean groups that are lost; the kinds' sizes (clean: groups)."""
    members: dict[str, set[str]] = {}
    for row in key:
        if row["class"] != "defect":
            members.setdefault(row["group"], set()).add(row["id"])
    remaining: Counter[str] = Counter()
    sizes: Counter[str] = Counter({"clean": len(members)})
    for row in key:
        sizes[row["kind"]] += row["class"] != "clean"
        if row["id"] not in texts or row["class"] == "clean":
            continue
        if row["class"] == "repeat":
            remaining[row["kind"]] += bool((members[row["group"]] - {row["id"]}) & texts.keys())
        else:
            remaining[row["kind"]] += not row["marks"] or any(mark in texts[row["id"]] for mark in row["marks"])
    return remaining, {group for group, names in members.items() if not names & texts.keys()}, sizes


def print_tables(key: list[dict[str, Any]], before: dict[str, str], results: dict[str, Result]) -> None:
    """What is left of each kind, the sums, and why curate dropped what it dropped."""
    ran = {tool: result for tool, result in results.items() if not result.missing}
    by_tool = {tool: left(key, result.texts) for tool, result in ran.items()}
    kinds = list(dict.fromkeys(row["kind"] for row in key if row["class"] != "clean"))
    classes = {row["kind"]: row["class"] for row in key}
    print("Share that is left, in brackets the number in the choice of a tool that chooses.\n")
    _row("kind", "planted", *ran)
    _row(*["---"] * (len(ran) + 2))
    for kind in sorted(kinds, key=lambda kind: (classes[kind] == "repeat", kind)):
        cells = []
        for tool, result in ran.items():
            remaining, _, sizes = by_tool[tool]
            inside = f" ({_chosen(key, result)[kind]})" if result.chosen is not None else ""
            cells.append(f"{remaining[kind] / sizes[kind]:.0%}{inside}")
        _row(f"{classes[kind]}: {kind}", str(by_tool[next(iter(ran))][2][kind]), *cells)
    print("\nDefects: planted defects and repeats that are left, of all records that are.\n")
    _row(
        "tool",
        "records left",
        "defects",
        f"defects in the {COUNT:,}",
        "clean lost",
        "clean altered",
        "seconds",
        "processor seconds",
        "note",
    )
    _row(*["---"] * 9)
    everything = Result(before)
    for tool, result in {"no tool": everything, **results}.items():
        _row(
            tool, *(_sums(key, before, result) if not result.missing else ["did not run"] + [""] * 6 + [result.missing])
        )
    for tool, result in ran.items():
        if result.reasons:
            _print_reasons(key, tool, result.reasons, by_tool[tool][1])


def _chosen(key: list[dict[str, Any]], result: Result) -> Counter[str]:
    """What is left in a tool's choice, by kind."""
    return left(key, {name: text for name, text in result.texts.items() if name in (result.chosen or ())})[0]


def _sums(key: list[dict[str, Any]], before: dict[str, str], result: Result) -> list[str]:
    remaining, lost, sizes = left(key, result.texts)
    share = remaining.total() / max(len(result.texts), 1)
    inside = "chooses none" if result.chosen is None else f"{_chosen(key, result).total()} of {len(result.chosen)}"
    clean = [row["id"] for row in key if row["kind"] == "clean" and row["id"] in result.texts]
    altered = sum("".join(result.texts[name].split()) != "".join(before[name].split()) for name in clean)
    spent = [f"{result.seconds:.0f}", f"{result.processor:.0f}"] if result.seconds else ["", ""]
    return [
        f"{len(result.texts):,}",
        f"{share:.1%}",
        inside,
        f"{len(lost) / sizes['clean']:.1%}",
        f"{altered / max(len(clean), 1):.1%}",
        *spent,
        result.note,
    ]


def _print_reasons(key: list[dict[str, Any]], tool: str, reasons: dict[str, str], lost: set[str]) -> None:
    counts: dict[str, Counter[str]] = {}
    for row in key:
        if (reason := reasons.get(row["id"])) and (row["class"] != "clean" or row["group"] in lost):
            counts.setdefault(reason, Counter())[row["class"]] += 1
    print(f"\nWhat {tool} dropped before its choice, in records; clean ones where none of their group is left:\n")
    _row("stage: reason", "defects", "repeats", "clean")
    _row(*["---"] * 4)
    for reason, count in sorted(counts.items()):
        _row(reason, *(str(count[name]) for name in ("defect", "repeat", "clean")))


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    packages = ("numpy", "scikit-learn", "torch", "sentence-transformers")
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in packages)
    return (
        f"`python benchmarks/defects.py {' '.join(sys.argv[1:])}`, {time.strftime('%d %B %Y')}. {os.cpu_count()} cores "
        f"of an {cpu}, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, {versions}."
    )


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
