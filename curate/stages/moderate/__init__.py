"""`moderate`: drops what is harmful, found by patterns and judged by a guard model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from datasets import Dataset
from pydantic import Field

from curate.algorithms.harm_patterns import find_harm
from curate.errors import CurateError
from curate.models.protocols import LanguageModel
from curate.outcome import Drop, Outcome, partition, sift
from curate.records.pool import set_labels
from curate.records.schema import has_response
from curate.stage import stage
from curate.stages.moderate.guard import TOO_LONG, UNJUDGED, Guard, Judgement
from curate.stages.moderate.guard_formats import Format, Verdict

PATTERN = "matches a pattern"
UNSAFE = "unsafe"
CONTROVERSIAL = "controversial"

_TEXTS = {"system": "system", "user": "instruction", "assistant": "response"}
_WORST_LAST = ("safe", "controversial", "unsafe")


@stage(
    sees="each",
    needs=("messages",),
    makes=lambda config: ["labels", "labels.safety", "labels.hazards"] if config["model"] else [],
    reasons={
        PATTERN: "it contains a phrase that crude harmful text contains",
        UNSAFE: "the guard judges it unsafe",
        CONTROVERSIAL: "the guard judges that it is harmful in some contexts (Qwen3Guard)",
        UNJUDGED: "the guard's answer is no verdict in any format that is known",
        TOO_LONG: "the conversation leaves no room for an answer in the guard's context",
    },
)
def moderate(
    records: Dataset,
    *,
    model: Annotated[
        LanguageModel | None, Field(description="a guard model: Llama Guard, Qwen3Guard-Gen or ShieldGemma")
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

    First, a list of phrases (`curate/algorithms/harm_patterns.py`): quick, and blind to all but the crudest English.
    Then, with `model`, a guard judges each turn after the turns before it, reasoning included, through its own chat
    template. One bad turn drops the record; a bad candidate moves to `rejected`. What the guard gives no verdict on is
    dropped too: nothing is safe by default.

    With a guard, records get the labels `safety` (safe, controversial or unsafe: the worst of their turns and of the
    candidates that stay) and `hazards` (the categories, in the guard's words, joined by commas).
    """
    if model is None and not patterns:
        raise CurateError("moderate: there is nothing to do without patterns and without a model; give one of them")
    texts = [text for row, record in enumerate(records) for text in _texts(row, record)]
    findings: list[Judgement | None] = [_matched(text) if patterns else None for text in texts]
    if model:
        unmatched = [place for place, finding in enumerate(findings) if finding is None]
        judgements = Guard(model, format).judge([texts[place].conversation for place in unmatched])
        for place, judgement in zip(unmatched, judgements, strict=True):
            findings[place] = judgement
    return _outcome(records, texts, findings, controversial == "keep", labelled=model is not None)


class _Text(NamedTuple):
    """A text to judge: the last turn of `conversation`, which is a turn of the record or its candidate `candidate`."""

    row: int
    candidate: int | None
    conversation: Sequence[Mapping[str, Any]]


def _texts(row: int, record: Mapping[str, Any]) -> list[_Text]:
    messages = record["messages"]
    spoken = [end for end, message in enumerate(messages, 1) if message["role"] != "system"]
    texts = [_Text(row, None, messages[:end]) for end in spoken]
    if not has_response(messages):
        for number, candidate in enumerate(record.get("candidates") or ()):
            texts.append(_Text(row, number, [*messages, {"role": "assistant", **candidate}]))
    return texts


def _matched(text: _Text) -> Drop | None:
    last = text.conversation[-1]
    found = find_harm("\n\n".join(filter(None, (last.get("reasoning_content"), last["content"]))))
    if found is None:
        return None
    name, category = found.pattern.name, found.pattern.category
    return Drop(
        PATTERN, {"text": _TEXTS[last["role"]], "pattern": name, "category": category, "excerpt": found.excerpt}
    )


def _verdict(text: _Text, finding: Judgement | None, lenient: bool) -> Drop | None:
    """Why the text goes, or None."""
    which = {"text": _TEXTS[text.conversation[-1]["role"]]}
    if isinstance(finding, Drop):
        return Drop(finding.reason, {**which, **finding.detail})
    if finding is None or finding.safety == "safe" or (finding.safety == "controversial" and lenient):
        return None
    return Drop(finding.safety, {**which, "hazards": list(finding.hazards), "format": finding.format})


def _outcome(
    records: Dataset,
    texts: Sequence[_Text],
    findings: Sequence[Judgement | None],
    lenient: bool,
    labelled: bool,
) -> Outcome:
    candidates = records["candidates"] if "candidates" in records.column_names else None
    drops: list[Drop | None] = [None] * len(records)
    verdicts: list[list[Drop | None]] = [[None] * len(row or ()) for row in candidates or ()]
    stay: list[list[Judgement | None]] = [[] for _ in drops]  # what was found of the turns and of what stays
    for text, finding in zip(texts, findings, strict=True):
        verdict = _verdict(text, finding, lenient)
        if text.candidate is None:
            drops[text.row] = drops[text.row] or verdict
        else:
            verdicts[text.row][text.candidate] = verdict
        if text.candidate is None or verdict is None:
            stay[text.row].append(finding)
    if labelled:
        records = set_labels(records, _labels(stay))
    return partition(records, drops) if candidates is None else sift(records, verdicts, drops=drops)


def _labels(findings: Sequence[Sequence[Judgement | None]]) -> dict[str, list[str | None]]:
    """The labels of each record: none where one of its texts has no verdict."""
    safety: list[str | None] = []
    hazards: list[str | None] = []
    for row in findings:
        verdicts = [finding for finding in row if isinstance(finding, Verdict)]
        known = len(verdicts) == len(row) > 0
        named = dict.fromkeys(hazard for verdict in verdicts for hazard in verdict.hazards)
        safety.append(max((v.safety for v in verdicts), key=_WORST_LAST.index) if known else None)
        hazards.append(", ".join(named) if known else None)
    return {"safety": safety, "hazards": hazards}
