"""`synthesize`: an aligned teacher writes instructions, given only its pre-query prefix (MAGPIE, arXiv 2406.08464)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    if config["keep_system"] and config["system"] is None:
        raise CurateError("keep_system: there is no system turn to keep; give `system`, or leave keep_system out")
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
    keep_system: Annotated[
        bool, Field(description="whether the records begin with the system turn that steered the teacher")
    ] = False,
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
    out of `messages`, for it is the teacher's, and no part of what is to be learnt, unless `keep_system` is set. With
    `grid`, as in the paper, the records divide over several temperatures and nuclei; `source` says which. Domains and
    grid each have their shares exactly, to a record, in the first n records for every n, and every domain has its share
    of every cell.

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

    if start == 0:
        check_aligned(model, max_tokens, derive_seed(seed, "synthesize", "aligned"))
    attempts = _Attempts(model, {number: prefixes[domain] for number, (domain, _) in parts.items()}, seed)
    attempts.make(
        (Sampling(stop, max_tokens, *decoding), [number for number, (_, other) in parts.items() if other == cell])
        for cell, decoding in enumerate((temperature, top_p) for temperature, top_p, _ in cells)
    )
    made = attempts.made
    stats: dict[str, float] = dict(sorted(attempts.counts.items()))
    if not made:
        faults = ", ".join(f"{number} {fault}" for fault, number in stats.items())
        raise CurateError(
            f"{model.name} stalled: not one of {count} instructions was made in {ATTEMPTS} attempts each "
            f"({faults}, at {max_tokens} tokens); raise max_tokens, or use a teacher that was aligned on its chat "
            f"template{'; it says: ' if attempts.why else ''}{attempts.why}"
        )
    if missing := count - len(made):
        stats[STALLED] = missing
    rows = [
        {
            "id": digest(seed, "synthesize", number)[:16],
            "messages": [*(histories[domain] if keep_system else []), {"role": "user", "content": made[number]}],
            **({"domain": domains[domain].name} if domains else {}),
            "source": {"generator": model.name, "temperature": cells[cell][0], "top_p": cells[cell][1]},
        }
        for number, (domain, cell) in parts.items()
        if number in made
    ]
    return Outcome(from_rows(rows), from_rows([]), stats)


class _Attempts:
    """The attempts at the instructions of numbered records, each with the tokens that its text goes on from."""

    def __init__(self, model: LanguageModel, prefixes: Mapping[int, Sequence[int]], seed: int) -> None:
        self.made: dict[int, str] = {}
        self.counts: Counter[str] = Counter()  # of what came of the attempts
        self.why = ""  # an attempt failed, in the words of a server
        self._model, self._prefixes, self._seed = model, prefixes, seed
        self._lost: Counter[int] = Counter()  # attempts, of each record
        self._lock = threading.Lock()  # the model asks `_again` in threads of its own

    def make(self, parts: Iterable[tuple[Sampling, Sequence[int]]]) -> None:
        """Fills `made`; all parts go to the model together, so that none waits for another."""
        asked = [(sampling, numbers) for sampling, numbers in parts if numbers]
        with ThreadPoolExecutor(len(asked)) as pool:
            for _ in pool.map(lambda part: self._make(*part), asked):
                pass  # an error is raised here

    def _make(self, sampling: Sampling, numbers: Sequence[int]) -> None:
        prompts = [self._prompt(number) for number in numbers]
        self._model.complete(prompts, sampling, lambda index, samples: self._again(numbers[index], samples[0]))

    def _prompt(self, number: int) -> Prompt:
        return Prompt(self._prefixes[number], derive_seed(self._seed, "synthesize", number, self._lost[number]))

    def _again(self, number: int, completion: Completion) -> Prompt | None:
        """Takes an attempt; the prompt of the next one, if another is needed and allowed."""
        fault = instruction_fault(completion, self._model)
        with self._lock:
            self.counts[fault or "instructions"] += 1
            self.why = completion.why or self.why
            if not fault:
                self.made[number] = completion.text.strip()
                return None
            self._lost[number] += 1
            return self._prompt(number) if self._lost[number] < ATTEMPTS else None


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
