"""`synthesize`: an aligned teacher writes instructions, given only its pre-query prefix (MAGPIE, arXiv 2406.08464)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import tee
from typing import Annotated, Any

from pydantic import Field

from curate.algorithms.apportionment import apportion
from curate.declaration import stage
from curate.errors import CurateError
from curate.models.protocols import Completion, LanguageModel, Prompt, Sampling
from curate.outcome import Outcome
from curate.records.identity import derive_seed, digest
from curate.records.pool import from_rows
from curate.stages.synthesize.alignment import check_aligned
from curate.stages.synthesize.domains import Share, System, domains_of
from curate.stages.synthesize.faults import instruction_fault

ATTEMPTS = 20  # for one record, before the teacher counts as stalled
STALLED = f"stalled after {ATTEMPTS} attempts"
DECODING = (1.0, 1.0)  # temperature and top_p without a grid

Temperature = Annotated[float, Field(ge=0, description="sampling temperature")]
TopP = Annotated[float, Field(gt=0, le=1, description="nucleus of the sampling")]
Cell = tuple[Temperature, TopP, Share]


def _makes(config: Mapping[str, Any]) -> list[str]:
    return ["id", "messages", "source", *(["domain"] if config["system"] is not None else [])]


def _check(config: Mapping[str, Any]) -> None:
    decoding = config["temperature"], config["top_p"]
    if config["grid"] and decoding != DECODING:
        raise CurateError(
            f"grid: temperature {decoding[0]} and top_p {decoding[1]} are given too; leave them out, since the grid "
            "sets both"
        )


@stage(sees="nothing", makes=_makes, makes_rows=lambda config: config["count"], check=_check, version=1)
def synthesize(
    *,
    model: Annotated[LanguageModel, Field(description="the teacher: an aligned model")],
    count: Annotated[int, Field(gt=0, description="how many instructions to make, exactly")],
    start: Annotated[int, Field(ge=0, description="number of the first one: go on where an earlier call ended")] = 0,
    system: Annotated[
        System | None,
        Field(
            description="steers the topic: a system prompt, a list of them, or domains with their shares, ready ones "
            "(general, math, code, translation, reasoning, creative writing, data analysis, planning, editing, "
            "knowledge, advice) as NAME: SHARE and your own as NAME: {prompt: ..., share: ...}"
        ),
    ] = None,
    temperature: Annotated[float, Field(ge=0, description="sampling temperature; the paper uses 1.0 to 1.25")] = 1.0,
    top_p: Annotated[float, Field(gt=0, le=1, description="nucleus of the sampling; the paper uses 1 to 0.99")] = 1.0,
    grid: Annotated[
        list[Cell] | None,
        Field(min_length=1, description="several (temperature, top_p, share) instead of one temperature and top_p"),
    ] = None,
    max_tokens: Annotated[int, Field(gt=0, description="longest instruction, in tokens")] = 512,
    seed: Annotated[int, Field(description="of every random choice; a run gives its own")] = 0,
) -> Outcome:
    """Makes exactly `count` records that hold one user turn each (MAGPIE, arXiv 2406.08464), unless the teacher stalls.

    The teacher completes the text that its chat template puts before a user's content, and stops at the token that
    ends a user turn. An attempt that is cut off at `max_tokens`, that holds a control token, or that is empty, is made
    again under a new seed; the counters say how many. Record number i depends on `seed` and i alone, so that slices
    (`start`, `count`) make what one call makes.

    With `system`, a system turn before that text steers the topic; the column `domain` says to which. The turn is left
    out of `messages`: it is the teacher's, and no part of what is to be learnt. With `grid`, as in the paper, the
    records divide over several temperatures and nuclei; `source` says which. Domains and grid each have their shares
    exactly, to a record, in the first n records for every n, and every domain has its share of every cell.

    A record that is still without an instruction after 20 attempts is left out, and counted as stalled. Raises
    CurateError when that befalls all of them, and before record 0 is made, when a few completions show that the teacher
    was not aligned on its chat template, as a base model was not.
    """
    domains = domains_of(system) if system is not None else []
    cells = grid or [(temperature, top_p, 1.0)]
    plan = _plan(tuple(domain.share for domain in domains) or (1.0,), tuple(share for _, _, share in cells))
    parts = dict(zip(range(start, start + count), plan.between(start, start + count), strict=True))
    histories = [[{"role": "system", "content": domain.prompt}] for domain in domains] or [[]]
    prefixes = [model.chat.encode(model.chat.pre_query_prefix(messages)) for messages in histories]
    stop = tuple(model.chat.user_stop_token_ids)
    samplings = [Sampling(stop, max_tokens, cell[0], cell[1]) for cell in cells]

    if start == 0:
        check_aligned(model, max_tokens, derive_seed(seed, "synthesize", "aligned"))
    stats: Counter[str] = Counter()
    made: dict[int, str] = {}
    why = ""
    for attempt in range(ATTEMPTS):
        asked: dict[int, list[tuple[int, Prompt]]] = {}
        for number, (domain, cell) in parts.items():
            if number not in made:
                prompt = Prompt(prefixes[domain], derive_seed(seed, "synthesize", number, attempt))
                asked.setdefault(cell, []).append((number, prompt))
        if not asked:
            break
        for number, completion in _complete(model, asked, samplings):
            fault = instruction_fault(completion, model)
            stats[fault or "instructions"] += 1
            why = completion.why or why
            if not fault:
                made[number] = completion.text.strip()
    if missing := count - len(made):
        stats[STALLED] = missing
    if not made:
        faults = ", ".join(f"{number} {fault}" for fault, number in stats.items() if fault != STALLED)
        raise CurateError(
            f"{model.name} stalled: not one of {count} instructions was made in {ATTEMPTS} attempts each "
            f"({faults}, at {max_tokens} tokens); raise max_tokens, or use a teacher that was aligned on its chat "
            f"template{'; it says: ' if why else ''}{why}"
        )
    rows = [
        {
            "id": digest(seed, "synthesize", number)[:16],
            "messages": [{"role": "user", "content": made[number]}],
            **({"domain": domains[domain].name} if domains else {}),
            "source": {"generator": model.name, "temperature": cells[cell][0], "top_p": cells[cell][1]},
        }
        for number, (domain, cell) in parts.items()
        if number in made
    ]
    return Outcome(from_rows(rows), from_rows([]), dict(stats))


def _complete(
    model: LanguageModel, asked: Mapping[int, Sequence[tuple[int, Prompt]]], samplings: Sequence[Sampling]
) -> Iterator[tuple[int, Completion]]:
    """The completion of each number's prompt; the cells go to the model together, so that none waits for another."""
    with ThreadPoolExecutor(len(asked)) as pool:
        futures = {
            cell: pool.submit(model.complete, [prompt for _, prompt in items], samplings[cell])
            for cell, items in asked.items()
        }
        for cell, items in asked.items():
            for (number, _), (completion,) in zip(items, futures[cell].result(), strict=True):
                yield number, completion


class _Plan:
    """The domain and the grid cell (indices) of every record, worked out as far as anyone has asked."""

    def __init__(self, domains: Sequence[float], cells: Sequence[float]) -> None:
        groups, again = tee(apportion(domains))
        self._source = zip(groups, apportion(cells, again), strict=True)
        self._parts: list[tuple[int, int]] = []
        self._lock = threading.Lock()

    def between(self, start: int, stop: int) -> list[tuple[int, int]]:
        with self._lock:
            self._parts.extend(part for _, part in zip(range(stop - len(self._parts)), self._source, strict=False))
            return self._parts[start:stop]


@lru_cache(maxsize=8)
def _plan(domains: tuple[float, ...], cells: tuple[float, ...]) -> _Plan:
    """One plan for all slices of a run: each goes on from where the one before it ended."""
    return _Plan(domains, cells)
