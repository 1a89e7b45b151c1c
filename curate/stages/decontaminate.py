"""Drops what overlaps a benchmark."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

from datasets import Dataset
from pydantic import Field

from curate.algorithms.matching_units import Units
from curate.algorithms.overlap import Overlap, OverlapIndex
from curate.algorithms.tokens import batches
from curate.declaration import stage
from curate.errors import CurateError
from curate.outcome import Calibration, Drop, Outcome, partition
from curate.records.files import plain
from curate.records.reading import READABLE, Source, files_of, rows_of, short_name
from curate.records.rows import Row
from curate.records.texts import Text, iter_column

CONTAMINATED = "contaminated"
KEYS = ("messages", "turns", "question", "problem", "prompt", "instruction", "query", "text")
CHOICES = ("choices", "options", "endings")
IDS = ("id", "task_id", "question_id")
EXCERPT = 400  # characters
ITEM = ", item "  # between a benchmark's name and an item's, in the counters
_ROLES = {"instruction": ("user",), "response": ("assistant",), "both": ("user", "assistant")}


def _records_hit(benchmark: str) -> str:
    return f"records hit {benchmark}"


def _items_hit(counters: Mapping[str, float]) -> dict[str, float]:
    """How many items of each benchmark were hit, from the counters of each item."""
    hit = Counter(name.partition(ITEM)[0] for name in counters if ITEM in name)
    benchmarks = [name for name in counters if name.startswith(_records_hit("")) and ITEM not in name]
    return {name.replace("records", "items", 1): hit[name] for name in benchmarks}


def _too_short(records: Dataset, config: Mapping[str, Any]) -> Calibration:
    """How many items of each benchmark say too little to be searched for inside a turn."""
    known = _index(tuple(_stamp(source) for source in config["benchmarks"]), config["match"])
    whole = set(known.index.only_whole)
    searched = {item for text, item in enumerate(known.items) if text not in whole}
    short = Counter(item.benchmark for item in {known.items[text] for text in whole} - searched)
    return Calibration({}, {f"items of {name} only found as a whole turn": n for name, n in sorted(short.items())})


@stage(
    sees="each",
    needs=lambda config: ["messages"] if config["on"] == "instruction" else ["messages", "response"],
    reasons={CONTAMINATED: "it holds too much of a benchmark's item; detail shows both texts"},
    summary=_items_hit,
    calibrate=_too_short,
    version=3,
)
def decontaminate(
    records: Dataset,
    *,
    benchmarks: Annotated[
        list[Source],
        Field(min_length=1, description=f"the benchmarks' items: files ({READABLE}), directories or hub:owner/name"),
    ],
    on: Annotated[
        Text, Field(description="the turns that are searched: instruction is every user turn")
    ] = "instruction",
    match: Annotated[
        Units,
        Field(description="what is compared: words; templates, where names and numbers may differ; or characters"),
    ] = "words",
    share: Annotated[
        float,
        Field(ge=0, lt=1, description="a record goes that holds more than this share of an item; 0: any shared n-gram"),
    ] = 0.5,
) -> Outcome:
    """Drops the records that hold an item of a benchmark, by overlap of n-grams.

    A word of an item is matched when it lies in a run of 8 words that the record has too, and a record goes when more
    than half of an item's words are matched (Tulu 3, arXiv 2411.15124); `share: 0` drops it for any shared run (s1,
    arXiv 2501.19393). Case, spacing, punctuation and symbols do not count; a script without spaces has runs of 16
    characters. The turns that are searched are taken as one text. An item shorter than a run is searched for with its
    `choices` (or `options`, `endings`) and its `answer`, and by itself where it stands whole, up to the end of a
    sentence; one of less than half a run, or that points to its choices, by itself only where a turn is just that. How
    many items have nothing more to be found by is counted.

    `match: templates` masks numbers and names (words that the benchmarks never write in lower case), so that a word
    problem is found again with others in their place; `match: characters` compares runs of 32 letters and digits, which
    finds text and code whose spaces were moved.

    An item's text is its `messages` or `turns` (the user's, each searched for by itself), or its `question`, `problem`,
    `prompt`, `instruction` (with its `input`), `query` or `text`. `detail` names the benchmark and the item that the
    record holds most of, and shows what they share as it was compared. The counters say how many items of each
    benchmark were hit, and how many records hit it, and each of its items.
    """
    known = _index(tuple(_stamp(source) for source in benchmarks), match)
    stats: Counter[str] = Counter({_records_hit(name): 0 for name in dict.fromkeys(i.benchmark for i in known.items)})
    verdicts: list[Drop | None] = []
    for overlaps in _overlaps(known.index, records, on):
        hits = sorted((hit for hit in overlaps if hit.share > share), key=lambda hit: (-hit.share, hit.text))
        met = list(dict.fromkeys(known.items[hit.text] for hit in hits))
        stats.update(_records_hit(name) for name in {item.benchmark for item in met})
        stats.update(_records_hit(item.benchmark) + ITEM + item.item for item in met)
        verdicts.append(_drop(hits[0], met, share) if hits else None)
    return partition(records, verdicts, dict(stats))


class Item(NamedTuple):
    """One item of a benchmark, by its id, or by its line where it has none."""

    benchmark: str
    item: str


@dataclass(frozen=True)
class _Benchmarks:
    """The texts of all benchmarks, and the item of each text."""

    index: OverlapIndex
    items: list[Item]


def _drop(worst: Overlap, met: Sequence[Item], share: float) -> Drop:
    detail = {
        **met[0]._asdict(),
        "share": worst.share,
        "threshold": share,
        "in_benchmark": _excerpt(worst.item),
        "in_record": _excerpt(worst.record),
    }
    return Drop(CONTAMINATED, detail | ({"also": [item._asdict() for item in met[1:]]} if met[1:] else {}))


def _overlaps(index: OverlapIndex, records: Dataset, on: Text) -> Iterator[list[Overlap]]:
    for messages in iter_column(records, "messages"):
        conversations = [
            [turn["content"] for role in _ROLES[on] for turn in conversation if turn["role"] == role]
            for conversation in messages.to_pylist()
        ]
        done = 0
        for batch in batches("\n".join(turns) for turns in conversations):
            yield from index.overlaps(conversations[done : done + len(batch)])
            done += len(batch)


def _stamp(source: Source) -> tuple[Source, tuple[int, ...]]:
    """A source, and what changes when its files do."""
    if isinstance(source, str):
        return source, ()
    try:
        return source, tuple(n for file in files_of(source) for n in (file.stat().st_mtime_ns, file.stat().st_size))
    except CurateError as error:
        raise CurateError(f"benchmarks: {error}") from None


@lru_cache(maxsize=2)
def _index(stamped: Sequence[tuple[Source, tuple[int, ...]]], match: Units) -> _Benchmarks:
    """The index of these benchmarks, which all shards share."""
    items: list[Item] = []
    texts: list[str] = []
    choices: list[list[str]] = []
    for source, _ in stamped:
        for row in rows_of(source, "benchmarks"):
            if row.fault:
                raise _fault(row, row.fault)
            content: dict[str, Any] = plain(dict(row.content))
            name = next((str(content[key]) for key in IDS if key in content), str(row.line))
            for text in _texts_of(row, content):
                items.append(Item(short_name(row.source), name))
                texts.append(text)
                choices.append(_with_choices(text, content))
    if not texts:
        sources = ", ".join(str(source) for source, _ in stamped)
        raise CurateError(f"benchmarks: {sources} holds no items")
    index = OverlapIndex(texts, match)
    more = [(items[text], longer) for text in index.short for longer in choices[text]]
    if more:
        items += [item for item, _ in more]
        index = OverlapIndex([*texts, *(longer for _, longer in more)], match)
    return _Benchmarks(index, items)


def _with_choices(text: str, content: Mapping[str, Any]) -> list[str]:
    """An item's text with its choices, with and without letters before them, and with its answer."""
    given = next((content[key] for key in CHOICES if key in content), None)
    if isinstance(given, Mapping):  # {"text": [...], "label": [...]} or {"A": ..., "B": ...}
        given = given["text"] if "text" in given else list(given.values())
    given = [choice.get("text") if isinstance(choice, Mapping) else choice for choice in _listed(given)]
    choices = [str(choice) for choice in given if choice is not None]
    lettered = [f"{letter}. {choice}" for letter, choice in zip(string.ascii_uppercase, choices, strict=False)]
    answer = content.get("answer")
    answers = [answer] if isinstance(answer, str) and len(answer) > 1 else []
    return ["\n".join([text, *rest]) for rest in (choices, lettered, answers) if rest]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts_of(row: Row, content: Mapping[str, Any]) -> list[str]:
    """The texts of an item, each of which is searched for by itself."""
    key = next((key for key in KEYS if key in content), None)
    if key is None:
        raise _fault(
            row,
            f"one of the keys {', '.join(map(repr, KEYS))} is needed to find the item's text, "
            f"found {', '.join(map(repr, content)) or 'no keys'}",
        )
    value = content[key]
    if key == "messages" and isinstance(value, list):
        value = [m.get("content") for m in value if isinstance(m, Mapping) and m.get("role") == "user"]
    elif key == "instruction" and isinstance(content.get("input"), str):
        value = f"{value}\n\n{content['input']}"
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise _fault(row, f"{key} must be a text or a list of texts, found {value!r:.80}")
    return texts


def _fault(row: Row, message: str) -> CurateError:
    return CurateError(f"benchmarks: {row.source}:{row.line}: {message}")


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT // 2]} … {text[-EXCERPT // 2 :]}"
