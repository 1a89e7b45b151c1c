"""`instruct`: instructions from documents, topics or personas, by any teacher, one behind a chat endpoint too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Discriminator, Field, Tag

from curate.declaration import stage
from curate.errors import CurateError
from curate.models.answering import AnsweringModel
from curate.models.protocols import Sampling
from curate.outcome import Outcome, counts
from curate.records.identity import derive_seed, digest
from curate.records.pool import from_rows
from curate.records.reading import Sources
from curate.stages.instruct.subjects import DOCUMENTS, PARAMETERS, Subject, check_sources, read_subjects
from curate.stages.instruct.writing import Draft, Order, Writer
from curate.stages.synthesize.alignment import check_aligned

ATTEMPTS = 8  # for one record, before its subject counts as stalled
STALLED = f"stalled after {ATTEMPTS} attempts"
PASSAGE_WORDS, RESPONSE_TEMPERATURE, RESPONSE_MAX_TOKENS = 300, 0.0, 1024
OF_DOCUMENTS = {  # parameters that do nothing without documents
    "passage_words": PASSAGE_WORDS,
    "response_temperature": RESPONSE_TEMPERATURE,
    "response_max_tokens": RESPONSE_MAX_TOKENS,
}

Texts = Annotated[
    Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1), Tag("list")]
    | Annotated[Path, Tag("file")],
    Discriminator(lambda given: "list" if isinstance(given, list) else "file"),
]


def _makes(config: Mapping[str, Any]) -> list[str]:
    more = {"documents": ["response"], "topics": ["domain"]}
    return ["id", "messages", "source", *(name for key in more if config[key] is not None for name in more[key])]


def _given(config: Mapping[str, Any]) -> str:
    """Which of the three the instructions are made from; raises CurateError unless it is exactly one."""
    given = [name for name in PARAMETERS if config[name] is not None]
    if len(given) != 1:
        raise CurateError(f"give exactly one of {', '.join(PARAMETERS)}, found {' and '.join(given) or 'none of them'}")
    return given[0]


def _check(config: Mapping[str, Any]) -> None:
    name = _given(config)
    check_sources(name, config[name] if isinstance(config[name], list) else [config[name]])
    for key, default in OF_DOCUMENTS.items():
        if name != "documents" and config[key] != default:
            raise CurateError(f"{key}: it goes with documents, and {name} are given; leave it out")


@stage(
    sees="nothing",
    makes=_makes,
    makes_rows=lambda config: config["count"],
    check=_check,
    reads=DOCUMENTS,
    version=1,
)
def instruct(
    *,
    model: Annotated[AnsweringModel, Field(description="the teacher: an aligned model, or one behind a chat endpoint")],
    count: Annotated[int, Field(gt=0, description="how many records to make, exactly")],
    start: Annotated[int, Field(ge=0, description="number of the first one: go on where an earlier call ended")] = 0,
    documents: Annotated[
        Sources | None,
        Field(
            description="texts (.txt, .md) and tables with a column text (the files that load reads), directories of "
            "them, or hub:owner/name/config:split@revision"
        ),
    ] = None,
    topics: Annotated[
        Texts | None, Field(description="a list, or a file with one a line or in a column topic or text")
    ] = None,
    personas: Annotated[
        Texts | None, Field(description="a list of descriptions of people, or a file, as with topics")
    ] = None,
    passage_words: Annotated[
        int, Field(ge=20, description="the most words of a passage of a document")
    ] = PASSAGE_WORDS,
    temperature: Annotated[float, Field(ge=0, description="sampling temperature of the instructions")] = 1.0,
    top_p: Annotated[float, Field(gt=0, le=1, description="nucleus of the sampling")] = 1.0,
    max_tokens: Annotated[
        int, Field(gt=0, description="longest instruction, in tokens, the reasoning of a prompted teacher included")
    ] = 512,
    response_temperature: Annotated[
        float, Field(ge=0, description="sampling temperature of the answers from documents; 0 is greedy")
    ] = RESPONSE_TEMPERATURE,
    response_max_tokens: Annotated[
        int, Field(gt=0, description="longest answer from a document, in tokens")
    ] = RESPONSE_MAX_TOKENS,
    seed: Annotated[int, Field(description="of every random choice; a run gives its own")] = 0,
) -> Outcome:
    """Makes exactly `count` records from documents, topics or personas, unless the teacher stalls.

    From `topics` and `personas` come instructions alone, and `respond` answers them. From `documents` come instructions
    with their answers: the teacher writes both with a passage before it, and neither speaks of the passage, so that a
    record stands by itself. Where the teacher says that the passage does not hold the answer, the attempt fails. The
    answer is the record's response: `respond` after it makes it a candidate whose generator is `source`.

    A language model whose template takes a system turn writes after its pre-query prefix, with the passage, topic or
    persona in the system turn (MAGPIE, arXiv 2406.08464), which is no part of the record. Any other teacher is
    prompted: one request for each instruction, of a kind, a manner and a difficulty drawn from the seed, and one JSON
    object as the answer. The counters say which it was. A prompted model must have its reasoning turned off where it is
    a language model (`template: {enable_thinking: false}`), as for `label`.

    Every passage, topic or persona is used once, in an order drawn from the seed, before one is used again. Record
    number i depends on `seed` and i alone, so that slices (`start`, `count`) make what one call makes. `source` keeps
    the `passage`, `topic` or `persona` itself, the `file` and `line` where it begins, the `generator`, and the `task`
    that was prompted for; a topic is also the record's `domain`. Rows and files that cannot be read are told as those
    of `load` are, with record 0.

    An attempt that is cut off, that holds a control token, or that is empty or no valid JSON, is made again under a new
    seed, by prompting with another task; the counters say how many. What still fails after 8 attempts is left out, and
    counted as stalled. Raises CurateError when that befalls all of the records from 0 on, when nothing can be read, and
    when a language model was not aligned on its template.
    """
    name = _given({"documents": documents, "topics": topics, "personas": personas})
    found = read_subjects(name, documents or topics or personas, passage_words)
    asking = Sampling((), max_tokens, temperature, top_p)
    writer = Writer(model, asking, Sampling((), response_max_tokens, response_temperature), seed)
    stats: Counter[str] = Counter()
    if start == 0:
        stats[found.plural] = len(found.subjects)
        if writer.prefixed:
            check_aligned(writer.prefixed, max_tokens, derive_seed(seed, "instruct", "aligned"))
    orders = _orders(found.subjects, range(start, start + count), seed)
    drafts, why = _write(writer, orders, stats)
    if not drafts and start == 0:
        faults = {fault: n for fault, n in stats.items() if fault not in (STALLED, found.plural)}
        raise CurateError(
            f"{model.name} stalled: not one of {count} records was made in {ATTEMPTS} attempts each "
            f"({counts(faults)}, at {max_tokens} tokens); raise max_tokens, or use another teacher"
            f"{'; it says: ' if why else ''}{why}"
        )
    rows = [_row(order, drafts[order.number], model.name, seed) for order in orders if order.number in drafts]
    return Outcome(from_rows(rows), from_rows(found.unreadable if start == 0 else []), dict(stats))


def _orders(subjects: list[Subject], numbers: range, seed: int) -> list[Order]:
    """What the records of these numbers are made from: all subjects in a random order, again and again."""
    order = np.random.default_rng(derive_seed(seed, "instruct", "order")).permutation(len(subjects))
    turns = [divmod(number, len(subjects)) for number in numbers]
    return [
        Order(number, subjects[int(order[position])], turn, 0)
        for number, (turn, position) in zip(numbers, turns, strict=True)
    ]


def _write(writer: Writer, orders: list[Order], stats: Counter[str]) -> tuple[dict[int, Draft], str]:
    """The drafts without a fault, by the numbers of their records, and what a server said last of one that failed."""
    made: dict[int, Draft] = {}
    why = ""
    for attempt in range(ATTEMPTS):
        asked = [Order(o.number, o.subject, o.turn, attempt) for o in orders if o.number not in made]
        if not asked:
            break
        for order, draft in zip(asked, writer.write(asked), strict=True):
            stats[draft.fault or ("by prefix" if writer.prefixed else "by prompting")] += 1
            why = draft.why or why
            if not draft.fault:
                made[order.number] = draft
    if missing := len(orders) - len(made):
        stats[STALLED] = missing
    return made, why


def _row(order: Order, draft: Draft, generator: str, seed: int) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": draft.instruction}]
    if draft.answer:
        messages.append({"role": "assistant", **draft.answer})
    task = {"task": draft.task} if draft.task else {}
    return {
        "id": digest(seed, "instruct", order.number)[:16],
        "messages": messages,
        **({"domain": order.subject.text} if order.subject.kind == "topic" else {}),
        "source": {"generator": generator, **order.subject.source, **task},
    }
