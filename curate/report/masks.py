"""`curate mask`: what a file of conversations would train, in a model's chat template."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from datasets import Dataset
from rich.text import Text

from curate.chat import ChatTemplate, Tokenized
from curate.errors import CurateError
from curate.exports.conversation import Conversation, conversation_of
from curate.records.texts import spoken

QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
NO_RENDERING = "does not render"
NOTHING = "would train on nothing"
CUT = "is longer than max_length"
CONTROL = "holds control tokens"
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass
class MaskReport:
    """What a file would train: `faults` are records, by what is wrong with them, `examples` one record of each.

    `lengths` are tokens of the rendered conversations, `supervised` those of them that the loss covers; `cut` tokens,
    `cut_supervised` of them supervised, lie behind max_length, and `emptied` records have no supervised one before it.
    `turn_by_turn` counts records that are written otherwise when they are rendered as far as an earlier turn.
    """

    records: int = 0
    at_fault: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    supervised: list[int] = field(default_factory=list)
    cut: int = 0
    cut_supervised: int = 0
    emptied: int = 0
    turn_by_turn: int = 0

    def note(self, fault: str, example: str) -> None:
        """A record has this fault."""
        self.faults[fault] += 1
        self.examples.setdefault(fault, example)

    def lines(self, max_length: int) -> Iterator[str]:
        """The report, a line each."""
        yield f"{self.records} records, {self.at_fault} at fault (max_length {max_length})"
        for fault in (NO_RENDERING, NOTHING, CUT, CONTROL):
            example = f"; {self.examples[fault]}" if fault in self.examples else ""
            yield f"  {self.faults[fault]:>6} {fault}{example}"
        if self.cut:
            yield (
                f"  a trainer would cut off {self.cut} tokens, {self.cut_supervised} of them to be learnt, "
                f"and leave nothing to learn of {self.emptied} records"
            )
        yield (
            f"  {self.turn_by_turn:>6} renders differently turn by turn: earlier turns change when later ones come "
            "(some templates do; no fault, but verl stops at it)"
        )
        for name, values in (("tokens of a record", self.lengths), ("of them learnt", self.supervised)):
            if values:
                shown = (f"{q:.0%} {v:.0f}" for q, v in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True))
                yield f"  {name}: {', '.join(shown)}"


def inspect_masks(records: Dataset, chat: ChatTemplate, max_length: int) -> MaskReport:
    """Renders every record in the template, and counts what is wrong with it."""
    report = MaskReport()
    conversations = [conversation_of(record) for record in records]
    texts = [_texts(conversation.messages) for conversation in conversations]
    control = iter(chat.control_tokens_in([text for own in texts for text in own]))
    messages, tools = ([c[part] for c in conversations] for part in (0, 1))
    results = chat.tokenize_all(messages, tools)
    for name, conversation, own, result in zip(records["id"][:], conversations, texts, results, strict=True):
        held = sorted({token for _ in own for token in next(control)})
        before = report.faults.total()
        if held:
            report.note(CONTROL, f"record {name} has {', '.join(held)}")
        _inspect(report, name, conversation, result, chat, max_length)
        report.records += 1
        report.at_fault += report.faults.total() > before
    return report


def _inspect(
    report: MaskReport,
    name: str,
    conversation: Conversation,
    result: Tokenized | CurateError,
    chat: ChatTemplate,
    max_length: int,
) -> None:
    if isinstance(result, CurateError):
        report.note(NO_RENDERING, f"record {name}: {result}")
        return
    length, supervised = len(result.input_ids), sum(result.assistant_mask)
    kept = sum(result.assistant_mask[:max_length])
    report.lengths.append(length)
    report.supervised.append(supervised)
    if not supervised:
        report.note(NOTHING, f"record {name} ends with a {conversation.messages[-1]['role']} turn")
    if length > max_length:
        report.note(CUT, f"record {name} has {length} tokens, and loses {supervised - kept} of {supervised} to learn")
        report.cut += length - max_length
        report.cut_supervised += supervised - kept
        report.emptied += bool(supervised and not kept)
    report.turn_by_turn += not _grows(conversation, result.text, chat)


def _grows(conversation: Conversation, text: str, chat: ChatTemplate) -> bool:
    """Whether the rendering up to each turn is the beginning of the whole."""
    messages, tools = conversation
    ends = [turn + 1 for turn, message in enumerate(messages[:-1]) if message["role"] in ("user", "assistant")]
    try:
        return all(text.startswith(chat.render(messages[:end], tools=tools)) for end in ends)
    except CurateError:
        return False


def _texts(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [text for message in messages for text in (spoken(message), message.get("reasoning_content") or "")]


def painted(chat: ChatTemplate, tokenized: Tokenized) -> Iterator[Text]:
    """A rendered conversation, a line each: 1 and green is learnt, 0 and dim is not.

    Characters that a terminal would obey, or that turn the direction of writing, are shown by their codes.
    """
    pairs = zip(tokenized.assistant_mask, tokenized.input_ids, strict=True)
    for bit, run in groupby(pairs, key=lambda pair: pair[0]):
        text = str(chat.tokenizer.decode([token for _, token in run]))
        for line in visible(text).split("\n"):
            yield Text(f"{bit} {line}", style="green" if bit else "dim")


def visible(text: str) -> str:
    """The text with its control characters, all but line feeds and tabs, as codes: \\x1b."""
    return _INVISIBLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
