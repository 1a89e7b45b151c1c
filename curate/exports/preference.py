"""Preference pairs of the run's own candidates, for TRL's DPOTrainer, and the same unpaired for its KTOTrainer.

How TRL 1.16 reads them (trl/trainer/dpo_trainer.py, `tokenize_fn`; kto_trainer.py): `prompt`, `chosen` and `rejected`,
or `prompt`, `completion` and `label`, as messages: the prompt is rendered with the generation prompt, each answer
together with it, and the answer is what is behind the tokens that they share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from curate.chat import ChatTemplate
from curate.exports import trl
from curate.exports.conversation import Conversation, Message, as_object
from curate.exports.rendered import Rendered
from curate.records.files import plain


class NoPair(Exception):
    """Why a record makes no pair."""


def pair_of(record: Mapping[str, Any], score: str, margin: float) -> tuple[list[Message], Message, Message]:
    """The prompt, and the candidates of the highest and the lowest score, at least `margin` apart.

    Ties go to the candidate that comes first. Raises NoPair with the reason.
    """
    scored = [
        (value, candidate)
        for candidate in record.get("candidates") or ()
        if (value := (candidate.get("scores") or {}).get(score)) is not None and math.isfinite(value)
    ]
    if len(scored) < 2:
        raise NoPair(f"fewer than two candidates have the score {score!r}")
    best, worst = max(scored, key=lambda pair: pair[0]), min(scored, key=lambda pair: pair[0])
    if best[0] - worst[0] < margin or best[0] == worst[0]:
        raise NoPair(f"the scores are less than {margin:g} apart" if best[0] > worst[0] else "the scores are equal")
    messages = [plain(dict(message)) for message in record["messages"]]
    prompt = messages[:-1] if messages[-1]["role"] == "assistant" else messages
    return prompt, _turn(best[1]), _turn(worst[1])


def rows(conversations: tuple[Conversation, Conversation], chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """One row for DPO, of the chosen conversation and the rejected one."""
    (chosen,), (rejected,) = (_row(conversation, chat) for conversation in conversations)
    rest = {key: value for key, value in chosen.items() if key != "completion"}
    return [{**rest, "chosen": chosen["completion"], "rejected": rejected["completion"]}]


def kto_rows(conversations: tuple[Conversation, Conversation], chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """Two rows for KTO: the chosen answer with the label true, the rejected one with false."""
    pairs = zip(conversations, (True, False), strict=True)
    return [{**row, "label": label} for conversation, label in pairs for row in _row(conversation, chat)]


def restore(row: Mapping[str, Any]) -> list[Conversation]:
    """The conversations of a row: the chosen one and the rejected one, or the one that is labelled."""
    answers = [row[key] for key in ("chosen", "rejected", "completion") if row.get(key)]
    return [c for answer in answers for c in trl.restore({**row, "completion": answer})]


def render(row: Mapping[str, Any], chat: ChatTemplate) -> list[Rendered]:
    """The row as the trainer has it: see the module."""
    tools, given = as_object(row.get("tools")), row.get("chat_template_kwargs") or {}
    answers = [row[key] for key in ("chosen", "rejected", "completion") if row.get(key)]
    return [trl.continued(chat, row["prompt"], answer, tools, given) for answer in answers]


def _row(conversation: Conversation, chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """The last turn as a completion of those before it."""
    return trl.prompt_completion_rows(conversation, chat)[-1:]


def _turn(candidate: Mapping[str, Any]) -> Message:
    return {"role": "assistant", **plain({key: candidate.get(key) for key in ("content", "reasoning_content")})}
