"""Rules that every text has to pass."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from datasets import Dataset
from pydantic import Field

from curate.algorithms.repetition import duplicate_lines, repeated_ngrams
from curate.algorithms.special_tokens import special_token
from curate.errors import CurateError
from curate.records import has_response
from curate.stage import Drop, Outcome, partition, sift, stage

UNFINISHED = "unfinished reasoning"
CUT_OFF = "cut off"
EMPTY = "empty"
TOO_SHORT = "too short"
TOO_LONG = "too long"
SPECIAL = "special tokens"
REPETITION = "repetition"

Bounds = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]]
_KINDS = {"user": "instruction", "assistant": "response"}


@stage(
    sees="each",
    needs=("messages",),
    reasons={
        UNFINISHED: "the model reasoned and never came to an answer",
        CUT_OFF: "the model was stopped by the length limit, so the response has no end",
        EMPTY: "there is nothing in it but white space and punctuation",
        TOO_SHORT: "it has fewer characters than the bounds allow",
        TOO_LONG: "it has more characters than the bounds allow",
        SPECIAL: "it contains what looks like a control token of a chat template",
        REPETITION: "too much of it stood there before: whole lines, or runs of words (Gopher, arXiv 2112.11446)",
    },
)
def screen(
    records: Dataset,
    *,
    instruction_length: Annotated[
        Bounds | None, Field(description="the least and the most characters of a user turn; null: any")
    ] = (4, 8_000),
    response_length: Annotated[
        Bounds | None, Field(description="the least and the most characters of a response; null: any")
    ] = (1, 32_000),
    repetition: Annotated[
        float | None,
        Field(gt=0, le=1, description="the largest share of a text that may repeat what it said before; null: any"),
    ] = 0.5,
) -> Outcome:
    """Judges each instruction and each response by rules; the first rule that a text fails is the reason.

    Every user turn is judged as an instruction. Where the conversation is complete, every assistant turn is judged as a
    response, and one bad turn drops the record. Else the candidates are judged: one that fails moves from `candidates`
    to `rejected`, with its reason and the numbers behind it, and a record is dropped when it has none left.

    The rules, in this order: `unfinished reasoning` (there is reasoning and no content), `cut off` (a candidate whose
    finish_reason is `length`), `empty`, `too short` and `too long` (characters, without white space at the ends),
    `special tokens`, and `repetition`: the share of a text's characters in lines that stood there before, or in runs of
    8 words (16 characters where a script has no spaces).
    """
    rules = _Rules({"instruction": instruction_length, "response": response_length}, repetition)
    judged = "candidates" in records.column_names
    conversations: list[list[Mapping[str, Any]]] = records["messages"]
    candidates = records["candidates"] if judged else [()] * len(records)
    turns = [
        [_Text(_KINDS[m["role"]], m["content"], m.get("reasoning_content")) for m in messages if m["role"] in _KINDS]
        for messages in conversations
    ]
    answers = [
        []
        if has_response(messages)
        else [_Text("response", c["content"], c.get("reasoning_content"), c.get("finish_reason")) for c in row or ()]
        for messages, row in zip(conversations, candidates, strict=True)
    ]
    verdicts = iter(rules.judge([text for row in zip(turns, answers, strict=True) for part in row for text in part]))
    drops: list[Drop | None] = []
    answer_verdicts: list[list[Drop | None]] = []
    for row, texts in enumerate(turns):
        found = [next(verdicts) for _ in texts]
        drops.append(next(filter(None, found), None))
        answer_verdicts.append([next(verdicts) for _ in answers[row]] or [None] * len(candidates[row] or ()))
    return sift(records, answer_verdicts, drops=drops) if judged else partition(records, drops)


@dataclass(frozen=True)
class _Text:
    """A text to judge."""

    kind: str
    content: str
    reasoning: str | None = None
    finish_reason: str | None = None


@dataclass(frozen=True)
class _Rules:
    """What a text has to pass: the bounds of each kind's length, and the largest share of repetition."""

    lengths: Mapping[str, Bounds | None]
    repetition: float | None

    def __post_init__(self) -> None:
        for kind, bounds in self.lengths.items():
            if bounds and bounds[0] > bounds[1]:
                raise CurateError(
                    f"screen: {kind}_length: the least must not exceed the most, found {bounds[0]} and {bounds[1]}"
                )

    def judge(self, texts: Sequence[_Text]) -> list[Drop | None]:
        """The first rule that each text fails."""
        verdicts = [self._by_itself(text) for text in texts]
        if self.repetition is None:
            return verdicts
        contents = [text.content for text in texts]
        shares = {"lines": duplicate_lines(contents), "words": repeated_ngrams(contents)}
        for row, text in enumerate(texts):
            of = max(shares, key=lambda name: shares[name][row])
            share = float(shares[of][row])
            if verdicts[row] is None and share > self.repetition:
                detail = {"text": text.kind, "of": of, "share": share, "threshold": self.repetition}
                verdicts[row] = Drop(REPETITION, detail)
        return verdicts

    def _by_itself(self, text: _Text) -> Drop | None:
        length = len(text.content.strip())
        if text.reasoning and not length:
            detail = {"text": text.kind, "finish_reason": text.finish_reason, "reasoning": len(text.reasoning)}
            return Drop(UNFINISHED, detail)
        if text.finish_reason == "length":
            return Drop(CUT_OFF, {"text": text.kind, "finish_reason": "length", "characters": length})
        if not any(map(_says_something, text.content)):
            return Drop(EMPTY, {"text": text.kind, "characters": length})
        least, most = self.lengths[text.kind] or (0, length)
        if length < least:
            return Drop(TOO_SHORT, {"text": text.kind, "characters": length, "threshold": least})
        if length > most:
            return Drop(TOO_LONG, {"text": text.kind, "characters": length, "threshold": most})
        token = special_token(text.content)
        return Drop(SPECIAL, {"text": text.kind, "token": token}) if token else None


def _says_something(character: str) -> bool:
    """Whether it is a letter, a digit, a pictograph or a sign of mathematics."""
    return character.isalnum() or unicodedata.category(character) in ("So", "Sm")
