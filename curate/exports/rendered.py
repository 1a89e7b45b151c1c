"""What a trainer makes of a row, and how it differs from what `prepare` proved."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from curate.chat import ChatTemplate, Tokenized
from curate.chat.scaffold import shared_start
from curate.exports.conversation import Message
from curate.models.tokenizer import to_texts

SHOWN = 24  # characters of a difference in the text


class Rendered(NamedTuple):
    """The tokens of a conversation, and 1 for those that the loss covers."""

    input_ids: list[int]
    mask: list[int]


class Refused(Exception):
    """The trainer does not take this row, and says why."""


def apply_template(chat: ChatTemplate, messages: Sequence[Message], tools: Any = None, **settings: Any) -> list[int]:
    """The tokens that the target's tokenizer makes of messages as they are, as trainers call it.

    Raises Refused with what the template says where it refuses them.
    """
    try:
        ids = chat.tokenizer.apply_chat_template(
            list(messages), tools=tools or None, tokenize=True, return_dict=False, **{**chat.options, **settings}
        )
    except Exception as error:  # a template raises whatever its filters do: jinja2's errors, TypeError, KeyError ...
        raise Refused(f"the template refuses what the trainer gives it: {str(error).partition(chr(10))[0]}") from None
    return list(ids)


class Difference(NamedTuple):
    """What a trainer does otherwise: the kind of it, which many records share, and what one of them shows."""

    kind: str
    shown: str = ""


def difference(chat: ChatTemplate, proved: Tokenized, made: Rendered, *, last_turn: bool = False) -> Difference | None:
    """What the trainer does otherwise than `prepare` proved; None where nothing."""
    mask = proved.last_turn_mask if last_turn else proved.assistant_mask
    if made.input_ids != proved.input_ids:
        return _other_text(chat, proved, made)
    if made.mask == mask:
        return None
    parts = []
    for verb, sign in (("learns", 1), ("does not learn", -1)):
        changed = [theirs - ours == sign for theirs, ours in zip(made.mask, mask, strict=True)]
        runs = groupby(zip(changed, made.input_ids, strict=True), key=lambda pair: pair[0])
        texts = dict.fromkeys(_shown(_text(chat, [token for _, token in run])) for other, run in runs if other)
        if texts:
            parts.append(f"{verb} {', '.join(texts)}")
    return Difference(f"the text is the same, but it {' and '.join(parts)}")


def _text(chat: ChatTemplate, ids: list[int]) -> str:
    return to_texts(chat.tokenizer, [ids])[0]


def _shown(text: str) -> str:
    return repr(text) if len(text) <= SHOWN else "a part of the conversation"


def _other_text(chat: ChatTemplate, proved: Tokenized, made: Rendered) -> Difference:
    theirs, ours = _text(chat, made.input_ids), _text(chat, proved.input_ids)
    if theirs == ours:
        return Difference("the text is the same, in other tokens")
    start = shared_start(ours, theirs)
    if not theirs[start:] or not ours[start:]:
        rest = ours[start:] or theirs[start:]
        return Difference(f"the text {'lacks' if ours[start:] else 'goes on with'} {_shown(rest)} at its end")
    return Difference(
        "the text is another one than the template writes",
        f"{theirs[start : start + SHOWN]!r} for {ours[start : start + SHOWN]!r}",
    )
