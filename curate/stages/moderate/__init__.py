"""`moderate`: drops what is harmful, found by patterns and judged by a guard model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from datasets import Dataset
from pydantic import Field

from curate.algorithms.harm_patterns import find_harm
from curate.answers import Turn, every_turn, judged
from curate.declaration import stage
from curate.errors import CurateError
from curate.models.answering import REFUSED, AnsweringModel
from curate.models.protocols import ChatModel
from curate.outcome import TOO_LONG, Drop, Outcome
from curate.records.pool import set_labels
from curate.records.texts import spoken
from curate.stages.moderate.chat_guard import ChatGuard
from curate.stages.moderate.guard import UNJUDGED, Guard, Judgement
from curate.stages.moderate.guard_formats import Format, Verdict

PATTERN = "matches a pattern"
UNSAFE = "unsafe"
CONTROVERSIAL = "controversial"
PHRASES_ALONE = "records judged by phrases alone (no guard model)"

_TEXTS = {"system": "system", "user": "instruction", "assistant": "response", "tool": "result"}
_WORST_LAST = ("safe", "controversial", "unsafe")


def _check(config: Mapping[str, Any]) -> None:
    if config["model"] is None and not config["patterns"]:
        raise CurateError("there is nothing to do without patterns and without a model; give one of them")


@stage(
    sees="each",
    needs=("messages",),
    makes=lambda config: ["labels", "labels.safety", "labels.hazards"] if config["model"] else [],
    check=_check,
    reasons={
        PATTERN: "it contains a phrase that plainly harmful text contains",
        UNSAFE: "the guard judges it unsafe",
        CONTROVERSIAL: "the guard judges that it is harmful in some contexts (Qwen3Guard)",
        UNJUDGED: "the guard's answer is no verdict in any format that is known",
        TOO_LONG: "the conversation leaves no room for an answer in the guard's context",
        REFUSED: "the guard's template or its server refuses the conversation",
    },
    version=2,
)
def moderate(
    records: Dataset,
    *,
    model: Annotated[
        AnsweringModel | None, Field(description="a guard model: Llama Guard, Qwen3Guard-Gen or ShieldGemma")
    ] = None,
    format: Annotated[
        Literal["auto"] | Format, Field(description="the form of the guard's answers; auto: found from them")
    ] = "auto",
    controversial: Annotated[
        Literal["drop", "keep"], Field(description="what Qwen3Guard calls controversial")
    ] = "drop",
    patterns: Annotated[bool, Field(description="whether phrases are looked for, before a guard is asked")] = True,
) -> Outcome:
    """Judges every turn, and every candidate of a conversation that has no response yet.

    First, phrases (`curate/algorithms/harm_patterns.py`): quick, and blind to all but plain requests in English and
    Chinese; where they are all that was looked for, a counter says so. Then, with `model`, a guard judges each turn
    after the turns before it, reasoning included, through its own chat template. One bad turn drops the record; a bad
    candidate moves to `rejected`. What the guard gives no verdict on is dropped too: nothing is safe by default.

    With a guard, records get the labels `safety` (safe, controversial or unsafe: the worst of their turns and of the
    candidates that stay) and `hazards` (the categories, in the guard's words, joined by commas).
    """
    turns = [turn for turn in every_turn(records) if turn.last["role"] != "system"]
    findings: list[Judgement | None] = [_matched(turn) if patterns else None for turn in turns]
    if model:
        unmatched = [number for number, finding in enumerate(findings) if finding is None]
        guard = ChatGuard(model, format) if isinstance(model, ChatModel) else Guard(model, format)
        judgements = guard.judge([turns[number].messages for number in unmatched])
        for number, judgement in zip(unmatched, judgements, strict=True):
            findings[number] = judgement
    verdicts = [_verdict(*pair, controversial == "keep") for pair in zip(turns, findings, strict=True)]
    if model:
        records = set_labels(records, _labels(len(records), turns, findings, verdicts))
    return judged(records, turns, verdicts, stats={} if model else {PHRASES_ALONE: len(records)})


def _matched(turn: Turn) -> Drop | None:
    """Why the turn goes by a phrase in it, or None."""
    last = turn.last
    harm = find_harm("\n\n".join(filter(None, (last.get("reasoning_content"), spoken(last)))))
    if harm is None:
        return None
    name, category = harm.pattern.name, harm.pattern.category
    return Drop(PATTERN, {"text": _TEXTS[last["role"]], "pattern": name, "category": category, "excerpt": harm.excerpt})


def _verdict(turn: Turn, finding: Judgement | None, lenient: bool) -> Drop | None:
    """Why the turn goes, or None."""
    which = {"text": _TEXTS[turn.last["role"]]}
    if isinstance(finding, Drop):
        return Drop(finding.reason, {**which, **finding.detail})
    if finding is None or finding.safety == "safe" or (finding.safety == "controversial" and lenient):
        return None
    return Drop(finding.safety, {**which, "hazards": list(finding.hazards), "format": finding.format})


def _labels(
    records: int, turns: Sequence[Turn], findings: Sequence[Judgement | None], verdicts: Sequence[Drop | None]
) -> dict[str, list[str | None]]:
    """The labels of each record, from its turns and the candidates that stay: none where one of them has no verdict."""
    staying: list[list[Judgement | None]] = [[] for _ in range(records)]
    for turn, finding, verdict in zip(turns, findings, verdicts, strict=True):
        if turn.candidate is None or verdict is None:
            staying[turn.row].append(finding)
    safety: list[str | None] = []
    hazards: list[str | None] = []
    for row in staying:
        judgements = [finding for finding in row if isinstance(finding, Verdict)]
        known = len(judgements) == len(row) > 0
        named = dict.fromkeys(hazard for judgement in judgements for hazard in judgement.hazards)
        safety.append(max((judgement.safety for judgement in judgements), key=_WORST_LAST.index) if known else None)
        hazards.append(", ".join(named) if known else None)
    return {"safety": safety, "hazards": hazards}
