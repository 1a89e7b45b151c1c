"""What `decontaminate` finds of benchmark items that were planted in disguise, what it takes for one, and how fast.

    python benchmarks/decontamination.py [DATA]

DATA is a folder with gsm8k_test.jsonl, gsm8k_train.jsonl, humaneval.jsonl, mt_bench.jsonl, codealpaca.jsonl and
multi_response.parquet (default: ../shared/data). Prints tables for benchmarks/RESULTS.md: the share of all items that
is found under each disguise, for each way to match; the records of other data that are dropped; records a second.
"""

from __future__ import annotations

import ast
import json
import platform
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from datasets import Dataset

from curate import decontaminate
from curate.records.pool import from_rows

BENCHMARKS = ("gsm8k_test", "humaneval", "mt_bench")
MODES: dict[str, dict[str, Any]] = {
    "words": {},
    "words, share 0 (s1)": {"share": 0},
    "templates": {"match": "templates"},
    "characters": {"match": "characters"},
}
NAMES = (
    "Aiko",
    "Bartek",
    "Chidi",
    "Dagny",
    "Eun-ji",
    "Farid",
    "Giulia",
    "Hamza",
    "Ingrid",
    "Joaquín",
    "Kwame",
    "Leilani",
)
WRAP = (
    "I found this in an old notebook of my sister's and cannot do it alone.\n\n{}\n\nPlease think aloud, then answer."
)


def main() -> None:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    print(f"Python {platform.python_version()}, {platform.machine()}, numpy {metadata.version('numpy')}\n")
    for benchmark in BENCHMARKS:
        path = data / f"{benchmark}.jsonl"
        items = [text for text in _items(path) if len(text.split()) >= 8]
        print(f"### {benchmark}: {len(items)} texts of eight words or more, found in percent\n")
        _row("disguise", *MODES)
        _row(*["---"] * (len(MODES) + 1))
        for name, disguise in DISGUISES.items():
            rng = random.Random(0)
            pool = _pool([disguise(text, rng) for text in items])
            counts = [len(decontaminate(pool, benchmarks=[path], **mode).dropped) for mode in MODES.values()]
            _row(name, *(f"{100 * count / len(items):.1f}" for count in counts))
        print()
    print("### Records dropped from other data, and records a second (one thread)\n")
    _row("pool, records, mean characters", "against", *MODES)
    _row(*["---"] * (len(MODES) + 2))
    for name, texts in _others(data):
        pool = _pool([[text] for text in texts])
        for benchmark in BENCHMARKS:
            _row(f"{name}, {len(texts):,}, {_mean(texts):,.0f}", benchmark, *_drops(pool, data / f"{benchmark}.jsonl"))


def _drops(pool: Dataset, path: Path) -> Iterator[str]:
    for mode in MODES.values():
        decontaminate(pool.select(range(1)), benchmarks=[path], **mode)  # builds the index
        began = time.process_time()
        dropped = len(decontaminate(pool, benchmarks=[path], **mode).dropped)
        yield f"{dropped} ({len(pool) / (time.process_time() - began):,.0f}/s)"


def _items(path: Path) -> Iterator[str]:
    for line in path.read_text().splitlines():
        row = json.loads(line)
        yield from row["turns"] if "turns" in row else [row.get("question") or row["prompt"]]


def _others(data: Path) -> Iterator[tuple[str, list[str]]]:
    yield "gsm8k_train", list(_items(data / "gsm8k_train.jsonl"))
    yield (
        "codealpaca",
        [json.loads(line)["instruction"] for line in (data / "codealpaca.jsonl").read_text().splitlines()],
    )
    yield "responses", pq.read_table(data / "multi_response.parquet")["output"].to_pylist()


def _pool(conversations: list[list[str]]) -> Dataset:
    rows = []
    for number, turns in enumerate(conversations):
        messages = [
            m for turn in turns for m in ({"role": "user", "content": turn}, {"role": "assistant", "content": "-"})
        ]
        rows.append({"id": str(number), "messages": messages})
    return from_rows(rows)


def _renamed(text: str, rng: random.Random) -> str:
    """Every word that is only ever capitalised gets another name, the same one wherever it stands."""
    capital = set(re.findall(r"\b[A-Z][a-z]+\b", text)) - {
        word.capitalize() for word in re.findall(r"\b[a-z]+\b", text)
    }
    names = {word: rng.choice(NAMES) for word in sorted(capital - _COMMON)}
    return re.sub(r"\b[A-Z][a-z]+\b", lambda word: names.get(word[0], word[0]), text)


def _renumbered(text: str, rng: random.Random) -> str:
    return re.sub(r"\d[\d,.]*\d|\d", lambda _: str(rng.randrange(2, 5000)), text)


def _identifiers(text: str, rng: random.Random) -> str:
    """Every function and parameter that is defined becomes another one, wherever it stands."""
    try:
        functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    except SyntaxError:
        return text  # no code
    defined = sorted({name for f in functions for name in (f.name, *(a.arg for a in f.args.args))})
    changed = {name: f"{rng.choice(NAMES).lower().replace('-', '')}_{number}" for number, name in enumerate(defined)}
    return re.sub(r"\w+", lambda word: changed.get(word[0], word[0]), text)


def _spaced(text: str, rng: random.Random) -> str:
    """One space in four goes, and one letter in twenty gets a space after it."""
    spaces = ("", " ", " ", " ")
    return "".join(rng.choice(spaces) if c == " " else c + " " * (rng.random() < 0.05) for c in text)


def _split(text: str) -> list[str]:
    """Two turns, divided at the space nearest to the middle."""
    spaces = [position for position, letter in enumerate(text) if letter.isspace()]
    middle = min(spaces, key=lambda position: abs(position - len(text) // 2))
    return [text[:middle], text[middle:]]


_COMMON = {"The", "A", "An", "In", "On", "At", "If", "How", "What", "When", "He", "She", "They", "It", "Each", "Every"}
DISGUISES: dict[str, Callable[[str, random.Random], list[str]]] = {
    "verbatim": lambda text, rng: [text],
    "upper case": lambda text, rng: [text.upper()],
    "white space": lambda text, rng: [re.sub(r"\s+", lambda _: rng.choice(("  ", "\n", " \t ", "\n\n")), text)],
    "punctuation": lambda text, rng: [re.sub(r"[.,;:?!'\"]", lambda _: rng.choice(("", ";", " -", "…")), text)],
    "names": lambda text, rng: [_renamed(text, rng)],
    "numbers": lambda text, rng: [_renumbered(text, rng)],
    "names and numbers": lambda text, rng: [_renumbered(_renamed(text, rng), rng)],
    "identifiers of code": lambda text, rng: [_identifiers(text, rng)],
    "spaces moved": lambda text, rng: [_spaced(text, rng)],
    "wrapped in other text": lambda text, rng: [WRAP.format(text)],
    "split over two turns": lambda text, rng: _split(text),
}


def _mean(texts: list[str]) -> float:
    return sum(map(len, texts)) / len(texts)


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
