"""Dirty pools for defects.py: what a world's generator has in common with the other's, and the key to what was planted.

A world is a module with `GENERATORS`, `BACKWARDS` and `RESULT` for `read_sources`, and `makers(sources, data, rng)`:
for each kind, a function from a count to that many `Made`, and for each kind of repeat, one from a pair to another
instruction and response. The kinds, and how many of 1,000 records are of each, are the
same in every world (`DEFECTS`, `REPEATS`, `CLEAN`); the rest of a pool are clean pairs (`SHARES`).

The pool's file has ids that say nothing. The key's has a line for each id: its kind, its class (`defect`, `repeat` or
`clean`), the group of records that are worth one, and the marks: strings of which one must be left in a record that is
still defective. A kind without marks cannot be mended.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from defects_sources import Pair, Sources, read_sources, turns

DEFECTS = {  # of 1,000 records; 170 in all
    "cut off in the middle": 18,
    "answers another question: any": 10,
    "answers another question: a near one": 8,
    "answers another question: GSM8K": 8,
    "answers another question: CodeAlpaca": 6,
    "answers another question: rows shifted by one": 6,
    "gibberish": 10,
    "mojibake": 8,
    "wrong sum": 12,
    "HTML residue": 8,
    "template debris": 8,
    "control tokens": 5,
    "harmful in plain words": 5,
    "refusal": 8,
    "loop": 6,
    "another language": 6,
    "personal data": 6,
    "benchmark item": 6,
    "truncated JSON": 5,
    "wrong format": 5,
    "pleasantries and nothing more": 4,
    "turn repeated": 3,
    "roles swapped": 3,
    "empty turn": 3,
    "tool call without a result": 3,
}
REPEATS = {"exact copy": 15, "near copy": 20, "paraphrase": 15}
CLEAN = {"several turns": 20, "format as asked": 20, "translation": 5, "hard words, harmless": 1}  # twins of defects
SHARES = {
    "gsm8k": 0.34,
    "codealpaca": 0.22,
    "roleplay": 0.18,
    "seeds": 0.01,
}  # of the other clean ones; rest AlpacaEval
Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Made:
    """A record: its messages, the strings that make it defective where they could be mended, and its group."""

    messages: Messages
    marks: tuple[str, ...] = ()
    group: str = ""


Maker = Callable[[int], list[Made]]


def one_by_one(make: Callable[[], Made]) -> Maker:
    """Makes records that do not depend on each other."""
    return lambda count: [make() for _ in range(count)]


def write_pool(world: ModuleType, data: Path, records: int, seed: int, folder: Path) -> dict[str, int]:
    """Writes pool.jsonl and key.jsonl into the folder; how many pairs of the sets were left out, by reason."""
    sources = read_sources(data, world.GENERATORS, seed, backwards=world.BACKWARDS, result=world.RESULT)
    rows = make_rows(world, sources, data, records, seed)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "pool.jsonl").open("w") as pool, (folder / "key.jsonl").open("w") as key:
        for number, (kind, sort, made) in enumerate(rows):
            name = f"r{number:06d}"
            print(json.dumps({"id": name, "messages": made.messages}, ensure_ascii=False), file=pool)
            line = {"id": name, "kind": kind, "class": sort, "group": made.group or name, "marks": made.marks}
            print(json.dumps(line, ensure_ascii=False), file=key)
    return dict(sources.left_out)


def make_rows(world: ModuleType, sources: Sources, data: Path, records: int, seed: int) -> list[tuple[str, str, Made]]:
    """Kind, class and content of each record, in the pool's order."""
    generator = random.Random(f"{seed} {world.__name__}")
    makers, repeaters = world.makers(sources, data, generator)
    rows = [
        (kind, sort, made)
        for sort, kinds in (("defect", DEFECTS), ("clean", CLEAN))
        for kind, rate in kinds.items()
        for made in makers[kind](round(records * rate / 1000))
    ]
    repeats = {kind: round(records * rate / 1000) for kind, rate in REPEATS.items()}
    pairs = _clean_pairs(sources, records - len(rows) - sum(repeats.values()))
    rows += [("clean", "clean", Made(pair.messages, group=pair.group)) for pair in pairs]
    alone = [pair for pair, others in _grouped(pairs) if others == 1 and len(pair.instruction) >= 40]
    if len(alone) < sum(repeats.values()):
        raise SystemExit("too few clean pairs to repeat: lower --records")
    originals = iter(generator.sample(alone, sum(repeats.values())))
    for kind, count in repeats.items():
        for _ in range(count):
            pair = next(originals)
            rows.append((kind, "repeat", Made(turns(*repeaters[kind](pair)), group=pair.group)))
    generator.shuffle(rows)
    return rows


def _clean_pairs(sources: Sources, count: int) -> list[Pair]:
    """Clean pairs by `SHARES`; what a set lacks, AlpacaEval gives, at last with other responses to the same."""
    pairs: list[Pair] = []
    for name, share in {**SHARES, "alpacaeval": 1.0}.items():
        wanted = len(pairs) + round(share * count) if name != "alpacaeval" else count
        while len(pairs) < wanted and (pair := sources.take_clean(name)):
            pairs.append(pair)
    spare = sorted(sources.spare, key=lambda pair: sources.generator.random())
    pairs += spare[: count - len(pairs)]
    if len(pairs) < count:
        raise SystemExit(f"the data directory has {count - len(pairs)} clean pairs too few: lower --records")
    return pairs


def _grouped(pairs: Iterable[Pair]) -> list[tuple[Pair, int]]:
    """Each pair, and how many share its instruction."""
    pairs = list(pairs)
    sizes: dict[str, int] = {}
    for pair in pairs:
        sizes[pair.group] = sizes.get(pair.group, 0) + 1
    return [(pair, sizes[pair.group]) for pair in pairs]


# --- what both worlds build with --------------------------------------------------------------------------------------


def rotated(pairs: list[Pair]) -> list[Made]:
    """Every instruction with the response of the next one."""
    responses = [pair.response for pair in pairs[1:] + pairs[:1]]
    return [Made(turns(pair.instruction, text)) for pair, text in zip(pairs, responses, strict=True)]


def swapped_near(sources: Sources, names: tuple[str, ...], size: int) -> Maker:
    """Groups of `size` neighbours within one set, rotated: with two, each has the other's response."""

    def make(count: int) -> list[Made]:
        made: list[Made] = []
        while len(made) < count:
            made += rotated(sources.take_near(sources.generator.choice(names), size))
        return made[:count]

    return make


def swapped_any(sources: Sources, names: tuple[str, ...]) -> Maker:
    """Pairs of any of the sets, rotated."""
    return lambda count: rotated([sources.take(*names) for _ in range(max(count, 2))])[:count]


def sentences(text: str) -> list[str]:
    """A text's sentences; line breaks stay at the ends of them."""
    return [part for part in re.split(r"(?<=[.!?])[ ]+|(?<=\n)", text) if part.strip()]


def prose(pair: Pair) -> bool:
    """Whether a pair's response is text of several sentences without code, and not about markup."""
    text = f"{pair.instruction} {pair.response}"
    return len(sentences(pair.response)) >= 3 and not re.search(r"(?i)```|html|xml|[{};]\n|def |=>|\bcode\b", text)
