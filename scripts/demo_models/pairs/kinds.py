"""The kinds of tasks. ``NAME.toml`` says how often each kind is drawn and in which words; ``NAME.py`` computes.

A section of the TOML file is a kind. Its `weight` is 1, and its `domain` the file's, where it gives none. Its slots are
filled from one row of the table `row`, from two rows of the table `rows` (the second one as `other`), or from what the
function of its name returns. Its wording is

- `ask` and `answer`, or `turns`, a list of such pairs. Of several (`ask` or `answer` may be a list), one is drawn: the
  first of two with the chance `first`, or the one with the number `which` that the function gives, or any.
- `then`: a chance, and pairs of which one follows with that chance. It may be a list of chances, one for each wording.

The function of a kind that has neither `answer` nor `turns` writes the turns itself, with the texts of its section.
"""

import random
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import ModuleType

from curate.stages.synthesize.domains import READY as DOMAINS

from . import advice, analysis, code, creative, editing, facts, knowledge, math, planning, reasoning, translation
from .wording import Slots, Texts, Turns, exchange, row, rows, toss

__all__ = ["DOMAINS", "KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """One kind of task: its name, its domain, how often it is drawn, and the function that writes a conversation."""

    name: str
    domain: str
    weight: float
    write: Callable[[random.Random], Turns]


def _kinds_of(module: ModuleType) -> Iterator[Kind]:
    sections = tomllib.loads(Path(module.__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    domain = sections.pop("domain")
    for name, texts in sections.items():
        write = _writer(texts, getattr(module, name, None))
        yield Kind(name, texts.get("domain", domain), texts.get("weight", 1.0), write)


def _writer(texts: Texts, function: Callable | None) -> Callable[[random.Random], Turns]:
    if "answer" not in texts and "turns" not in texts:
        return lambda rng: function(rng, texts)
    wordings = texts.get("turns") or list(product(_several(texts["ask"]), _several(texts["answer"])))

    def write(rng: random.Random) -> Turns:
        slots = function(rng) if function else _slots(rng, texts)
        number = _number(rng, texts, slots, len(wordings))
        turns = exchange(rng, *wordings[number], slots)
        if "then" in texts:
            chance, *more = texts["then"]
            chance = chance[number] if isinstance(chance, list) else chance
            if chance and rng.random() < chance:
                turns += exchange(rng, *(rng.choice(more) if len(more) > 1 else more[0]), slots)
        return turns

    return write


def _several(texts: str | list[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else texts


def _slots(rng: random.Random, texts: Texts) -> Slots:
    if "row" in texts:
        return row(rng, texts["row"])
    one, other = rows(rng, texts["rows"], 2)
    return one | {"other": other}


def _number(rng: random.Random, texts: Texts, slots: Slots, count: int) -> int:
    """Which of `count` wordings is said."""
    if "which" in slots:
        return slots["which"]
    if "first" in texts:
        return toss(rng, texts["first"])
    return rng.randrange(count) if count > 1 else 0


KINDS = [
    kind
    for module in (advice, analysis, code, creative, editing, facts, knowledge, math, planning, reasoning, translation)
    for kind in _kinds_of(module)
]
