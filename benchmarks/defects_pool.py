"""Dirty pools for defects.py: what a world's generator has in common with the other's, and the key to what was planted.

A world is a subclass of `World` with a method for each kind. The kinds, and how many of 1,000 records are of each, are
the same in every world (`DEFECTS`, `REPEATS`, `CLEAN`); the rest of a pool are clean pairs (`SHARES`).

The pool's file has ids that say nothing. The key's has a line for each id: its kind, its class (`defect`, `repeat` or
`clean`), the group of records that are worth one, and the marks: strings of which one must be left in a record that is
still defective. A kind without marks cannot be mended.
"""

from __future__ import annotations

import json
import random
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

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
PROSE = ("alpacaeval", *("roleplay",) * 7)  # AlpacaEval has few instructions, and each serves once
ANY = ("alpacaeval", *("gsm8k",) * 4, *("codealpaca",) * 2, *("roleplay",) * 3)
TOPICS = ("alpacaeval", *("roleplay",) * 3, *("gsm8k",) * 4, *("codealpaca",) * 4)


class World(ABC):
    """Makes the records of a pool from the sources; the subclasses know the words."""

    GENERATORS: tuple[str, ...]
    BACKWARDS: bool
    RESULT: str
    TEXTS: str  # a file beside this one
    DEBRIS: tuple[tuple[str, tuple[str, ...]], ...]
    NEAR, SHIFTED = 2, 5  # how many neighbours have each other's responses

    def __init__(self, sources: Sources, data: Path, rng: random.Random) -> None:
        self.sources, self.data, self.rng = sources, data, rng
        self.texts: dict[str, Any] = json.loads(Path(__file__).with_name(self.TEXTS).read_text(encoding="utf-8"))

    def rows(self, records: int) -> list[tuple[str, str, Made]]:
        """Kind, class and content of each record, in the pool's order."""
        makers, repeaters = self.makers(), self.repeaters()
        rows = [
            (kind, sort, made)
            for sort, kinds in (("defect", DEFECTS), ("clean", CLEAN))
            for kind, rate in kinds.items()
            for made in makers[kind](round(records * rate / 1000))
        ]
        repeats = {kind: round(records * rate / 1000) for kind, rate in REPEATS.items()}
        pairs = _clean_pairs(self.sources, records - len(rows) - sum(repeats.values()))
        rows += [("clean", "clean", Made(pair.messages, group=pair.group)) for pair in pairs]
        sizes = Counter(pair.group for pair in pairs)
        alone = [pair for pair in pairs if sizes[pair.group] == 1 and len(pair.instruction) >= 40]
        if len(alone) < sum(repeats.values()):
            raise SystemExit("the data directory has too few clean pairs to repeat: lower --records")
        originals = iter(self.rng.sample(alone, sum(repeats.values())))
        for kind, count in repeats.items():
            for pair in (next(originals) for _ in range(count)):
                rows.append((kind, "repeat", Made(turns(*repeaters[kind](pair)), group=pair.group)))
        self.rng.shuffle(rows)
        return rows

    def makers(self) -> dict[str, Maker]:
        """How the records of each kind are made."""
        anything, near = ("gsm8k", "codealpaca"), ("alpacaeval", "roleplay", "roleplay")
        alone = {
            "cut off in the middle": self.cut_off,
            "gibberish": self.gibberish,
            "mojibake": self.mojibake,
            "wrong sum": self.wrong_sum,
            "HTML residue": self.html,
            "template debris": self.debris,
            "control tokens": self.tokens,
            "refusal": lambda: self.said("refusals"),
            "loop": self.loop,
            "another language": self.language,
            "personal data": self.personal,
            "truncated JSON": self.truncated_json,
            "wrong format": lambda: self.formats(wrong=True),
            "pleasantries and nothing more": lambda: self.said("pleasantries"),
            "turn repeated": self.repeated_turn,
            "roles swapped": self.swapped,
            "empty turn": self.empty_turn,
            "tool call without a result": self.tool_call,
            "several turns": lambda: Made(turns(*self.conversation())),
            "format as asked": lambda: self.formats(wrong=False),
            "translation": self.translation,
        }
        return {
            **{kind: one_by_one(make) for kind, make in alone.items()},
            "answers another question: any": swapped_any(self.sources, ANY),
            "answers another question: GSM8K": swapped_any(self.sources, ("gsm8k",)),
            "answers another question: CodeAlpaca": swapped_any(self.sources, ("codealpaca",)),
            "answers another question: a near one": swapped_near(self.sources, near, self.NEAR),
            "answers another question: rows shifted by one": swapped_near(self.sources, anything, self.SHIFTED),
            "harmful in plain words": self.harmful,
            "benchmark item": self.benchmark,
            "hard words, harmless": self.hard_words,
        }

    def repeaters(self) -> dict[str, Callable[[Pair], tuple[str, str]]]:
        """How a pair is repeated: another instruction and response."""
        exact = lambda pair: (pair.instruction, pair.response)  # noqa: E731
        return {"exact copy": exact, "near copy": self.near_copy, "paraphrase": self.paraphrase}

    def prose(self) -> Pair:
        return self.sources.take(*PROSE, fits=prose)

    def whole(self) -> Pair:
        """A pair of any set with a response that is long enough to damage."""
        return self.sources.take(*ANY, fits=lambda pair: len(pair.response) >= 120)

    def said(self, name: str) -> Made:
        """An instruction, and one of each list of phrases as its response."""
        return Made(turns(self.whole().instruction, " ".join(filter(None, map(self.rng.choice, self.texts[name])))))

    def debris(self) -> Made:
        pair, following = self.prose(), self.sources.take("roleplay").instruction
        template, marks = self.rng.choice(self.DEBRIS)
        return Made(turns(pair.instruction, template.replace("{next}", following).replace("{}", pair.response)), marks)

    def harmful(self, count: int) -> list[Made]:
        bank = self.texts["harmful"]
        asked = [frame.format(act) for frame in bank["frames"] for act in bank["acts"]]
        self.rng.shuffle(asked)
        return [Made(turns(asked[n % len(asked)], self.rng.choice(bank["replies"]))) for n in range(count)]

    def hard_words(self, count: int) -> list[Made]:
        return [Made(turns(*pair)) for pair in self.rng.sample(self.texts["hard words"], count)]

    def conversation(self) -> list[str]:
        """Two or three pairs of one topic in a row."""
        pairs = self.sources.take_near(self.rng.choice(TOPICS), self.rng.choice((2, 2, 3)))
        return [text for pair in pairs for text in (pair.instruction, pair.response)]

    def language(self) -> Made:
        """A question and its answer in another language, or the answer alone to another question in English."""
        question, *lines = self.rng.choice(self.texts["languages"])
        chosen = sorted(self.rng.sample(range(len(lines)), self.rng.randint(2, 4)))
        answer = " ".join(lines[number] for number in chosen)
        return Made(turns(question if self.rng.random() < 0.5 else self.prose().instruction, answer))

    def translation(self) -> Made:
        pairs = self.rng.sample(self.texts["translations"], self.rng.choice((1, 2, 3)))
        language = self.rng.choice(list(pairs[0][1]))
        asked = self.texts["translate"].format(text=" ".join(text for text, _ in pairs), language=language)
        return Made(turns(asked, " ".join(translated[language] for _, translated in pairs)), group=asked)

    def truncated_json(self) -> Made:
        asked, value = self.as_json()
        return Made(turns(asked, value[: self.rng.randrange(len(value) // 3, len(value))]))

    @abstractmethod
    def cut_off(self) -> Made: ...

    @abstractmethod
    def gibberish(self) -> Made: ...

    @abstractmethod
    def mojibake(self) -> Made: ...

    @abstractmethod
    def wrong_sum(self) -> Made: ...

    @abstractmethod
    def html(self) -> Made: ...

    @abstractmethod
    def tokens(self) -> Made: ...

    @abstractmethod
    def loop(self) -> Made: ...

    @abstractmethod
    def personal(self) -> Made: ...

    @abstractmethod
    def repeated_turn(self) -> Made: ...

    @abstractmethod
    def swapped(self) -> Made: ...

    @abstractmethod
    def empty_turn(self) -> Made: ...

    @abstractmethod
    def tool_call(self) -> Made: ...

    @abstractmethod
    def benchmark(self, count: int) -> list[Made]: ...

    @abstractmethod
    def as_json(self) -> tuple[str, str]: ...

    @abstractmethod
    def formats(self, *, wrong: bool) -> Made: ...

    @abstractmethod
    def near_copy(self, pair: Pair) -> tuple[str, str]: ...

    @abstractmethod
    def paraphrase(self, pair: Pair) -> tuple[str, str]: ...


def write_pool(world: type[World], data: Path, records: int, seed: int, folder: Path) -> dict[str, int]:
    """Writes pool.jsonl and key.jsonl into the folder; how many pairs of the sets were left out, by reason."""
    sources = read_sources(data, world.GENERATORS, seed, backwards=world.BACKWARDS, result=world.RESULT)
    rows = world(sources, data, random.Random(f"{seed} {world.__name__}")).rows(records)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "pool.jsonl").open("w") as pool, (folder / "key.jsonl").open("w") as key:
        for number, (kind, sort, made) in enumerate(rows):
            name = f"r{number:06d}"
            print(json.dumps({"id": name, "messages": made.messages}, ensure_ascii=False), file=pool)
            line = {"id": name, "kind": kind, "class": sort, "group": made.group or name, "marks": made.marks}
            print(json.dumps(line, ensure_ascii=False), file=key)
    return dict(sources.left_out)


def _clean_pairs(sources: Sources, count: int) -> list[Pair]:
    """Clean pairs by `SHARES`; what these lack, AlpacaEval's other responses give, and at last the other sets."""
    pairs: list[Pair] = []

    def add(name: str, number: int) -> None:
        pairs.extend(islice(iter(partial(sources.take_clean, name), None), number))

    for name, share in SHARES.items():
        add(name, round(share * count))
    add("alpacaeval", count - len(pairs))
    spare = sorted(sources.spare, key=lambda pair: sources.generator.random())
    pairs += spare[: count - len(pairs)]
    for name in SHARES:
        add(name, count - len(pairs))
    if len(pairs) < count:
        raise SystemExit(f"the data directory has {count - len(pairs)} clean pairs too few: lower --records")
    return pairs


def one_by_one(make: Callable[[], Made]) -> Maker:
    """Makes records that do not depend on each other."""
    return lambda count: [make() for _ in range(count)]


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
