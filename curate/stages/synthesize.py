"""`synthesize`: an aligned teacher writes instructions, given only its pre-query prefix (MAGPIE, arXiv 2406.08464)."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field

from curate.errors import CurateError
from curate.models import Completion, LanguageModel, Prompt, Sampling
from curate.records import derive_seed, digest, from_rows
from curate.stage import Outcome, stage

ATTEMPTS = 20  # for one record, before the teacher counts as stalled


@stage(sees="nothing", makes=("id", "messages", "source"))
def synthesize(
    *,
    model: Annotated[LanguageModel, Field(description="the teacher: an aligned model")],
    count: Annotated[int, Field(gt=0, description="how many instructions to make, exactly")],
    start: Annotated[int, Field(ge=0, description="number of the first one: go on where an earlier call ended")] = 0,
    temperature: Annotated[float, Field(ge=0, description="sampling temperature; the paper uses 1.0 to 1.25")] = 1.0,
    top_p: Annotated[float, Field(gt=0, le=1, description="nucleus of the sampling; the paper uses 1 to 0.99")] = 1.0,
    max_tokens: Annotated[int, Field(gt=0, description="longest instruction, in tokens")] = 512,
    seed: Annotated[int, Field(description="of every random choice; a run gives its own")] = 0,
) -> Outcome:
    """Makes exactly `count` records that hold one user turn each (MAGPIE, arXiv 2406.08464).

    The teacher completes the text that its chat template puts before a user's content, and stops at the token that
    ends a user turn. An attempt that is cut off at `max_tokens`, that holds a control token, or that is empty, is made
    again under a new seed; the counters say how many. Record number i depends on `seed` and i alone, so that slices
    (`start`, `count`) make what one call makes.

    Raises CurateError when a record is still without an instruction after 20 attempts.
    """
    prefix = model.chat.encode(model.chat.pre_query_prefix())
    sampling = Sampling(tuple(model.chat.user_stop_token_ids), max_tokens, temperature, top_p)
    stats: Counter[str] = Counter()
    made: dict[int, str] = {}
    for attempt in range(ATTEMPTS):
        missing = [number for number in range(start, start + count) if number not in made]
        if not missing:
            break
        prompts = [Prompt(prefix, derive_seed(seed, "synthesize", number, attempt)) for number in missing]
        for number, (completion,) in zip(missing, model.complete(prompts, sampling), strict=True):
            fault = _fault(completion, model)
            stats[fault or "instructions"] += 1
            if not fault:
                made[number] = completion.text.strip()
    if len(made) < count:
        faults = ", ".join(f"{number} {fault}" for fault, number in stats.items() if fault != "instructions")
        raise CurateError(
            f"synthesize: {model.name} stalled: {count - len(made)} of {count} instructions are still missing after "
            f"{ATTEMPTS} attempts each ({faults}, at {max_tokens} tokens); raise max_tokens, or use a teacher that was "
            "aligned on its chat template"
        )
    source = {"generator": model.name, "temperature": temperature, "top_p": top_p}
    rows = [
        {
            "id": digest(seed, "synthesize", number)[:16],
            "messages": [{"role": "user", "content": made[number]}],
            "source": source,
        }
        for number in sorted(made)
    ]
    return Outcome(from_rows(rows), from_rows([]), dict(stats))


def _fault(completion: Completion, model: LanguageModel) -> str | None:
    if completion.finish_reason != "stop":
        return "cut off"
    if model.chat.control_tokens.search(completion.text):
        return "control token"
    return None if completion.text.strip() else "empty"
