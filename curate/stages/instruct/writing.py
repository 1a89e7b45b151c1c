"""A teacher at work on subjects: instructions from its pre-query prefix or by prompting, and answers from a passage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from curate.chat import ChatTemplate
from curate.models.answering import AnsweringModel, answers, read_object, user_turns
from curate.models.protocols import Answer, ChatModel, Conversation, LanguageModel, Sampling
from curate.records.identity import derive_seed
from curate.stages.instruct.prompts import KEYS, NOT_HELD, SCHEMA, question, refers, request, steering, task_of
from curate.stages.instruct.subjects import Subject
from curate.stages.synthesize.faults import answer_fault, instruction_fault, text_fault

NO_JSON = "no valid JSON"
NOT_GROUNDED = "not in the passage"
REFERS = "speaks of the passage"


@dataclass(frozen=True)
class Order:
    """A record to be made: its number, its subject, how often that was a subject before, and the attempt (from 0)."""

    number: int
    subject: Subject
    turn: int
    attempt: int


@dataclass(frozen=True)
class Draft:
    """What came of an order: an instruction and its answer, or what is wrong with them, and why in a server's words."""

    instruction: str = ""
    answer: dict[str, Any] | None = None
    task: str = ""
    fault: str | None = None
    why: str = ""


class Writer:
    """The teacher with its settings: `asking` is the sampling of instructions, `answering` that of answers."""

    def __init__(self, model: AnsweringModel, asking: Sampling, answering: Sampling, seed: int) -> None:
        self.model, self.seed = model, seed
        self.asking, self.answering = asking, answering
        self.chat: ChatTemplate | None = None if isinstance(model, ChatModel) else model.chat
        self.prefixed: LanguageModel | None = None  # the model, if it writes from its pre-query prefix
        if not isinstance(model, ChatModel) and "system" not in model.chat.unrendered_roles:
            self.prefixed = model

    def write(self, orders: Sequence[Order]) -> list[Draft]:
        """An instruction for each order, and its answer where the subject is a passage."""
        drafts = self._from_prefix(orders, self.prefixed) if self.prefixed else self._from_prompts(orders)
        passages = [n for n, order in enumerate(orders) if order.subject.kind == "passage" and not drafts[n].fault]
        asked = [self._conversation(orders[n], "answer", drafts[n].instruction) for n in passages]
        if asked:
            for n, (answer,) in zip(passages, answers(self.model, asked, self.answering), strict=True):
                drafts[n] = self._answered(drafts[n], answer)
        return drafts

    def _from_prefix(self, orders: Sequence[Order], model: LanguageModel) -> list[Draft]:
        asked = [
            Conversation(
                [{"role": "system", "content": steering(order.subject, model.chat)}], self._seed(order, "user")
            )
            for order in orders
        ]
        drafts = []
        for order, (written,) in zip(orders, user_turns(model, asked, self.asking), strict=True):
            fault = instruction_fault(written, model) or _reference(order, written.text)
            drafts.append(Draft(written.text.strip(), fault=fault, why=written.why))
        return drafts

    def _from_prompts(self, orders: Sequence[Order]) -> list[Draft]:
        tasks = [task_of(o.subject, o.turn + o.attempt, self.seed, o.number, o.attempt) for o in orders]
        asked = []
        for order, task in zip(orders, tasks, strict=True):
            text = request(order.subject, task, self.chat, self.seed, "instruct", order.number)
            asked.append(Conversation([{"role": "user", "content": text}], self._seed(order, "user")))
        written = answers(self.model, asked, replace(self.asking, json_schema=SCHEMA))
        return [
            self._prompted(order, task.kind, answer)
            for order, task, (answer,) in zip(orders, tasks, written, strict=True)
        ]

    def _prompted(self, order: Order, task: str, answer: Answer) -> Draft:
        """The instruction in an answer to a request."""
        if fault := answer_fault(answer, self.chat):
            return Draft(fault=fault, why=str(answer.detail.get("why", "")))
        try:
            message = read_object(answer.content, KEYS)["message"]
        except ValueError:
            return Draft(fault=NO_JSON)
        if not isinstance(message, str):
            return Draft(fault=NO_JSON)
        return Draft(message.strip(), None, task, text_fault(message, self.chat) or _reference(order, message))

    def _answered(self, draft: Draft, answer: Answer) -> Draft:
        """The draft with its answer, or with what is wrong with that."""
        if answer.finish_reason == "stop" and NOT_HELD in answer.content.upper():
            return replace(draft, fault=NOT_GROUNDED)
        if fault := answer_fault(answer, self.chat) or (REFERS if refers(answer.content) else None):
            return replace(draft, fault=f"answer {fault}", why=str(answer.detail.get("why", "")))
        return replace(draft, answer={"content": answer.content, "reasoning_content": answer.reasoning_content})

    def _conversation(self, order: Order, part: str, instruction: str) -> Conversation:
        text = question(order.subject.text, instruction, self.chat, self.seed, "instruct", order.number)
        return Conversation([{"role": "user", "content": text}], self._seed(order, part))

    def _seed(self, order: Order, part: str) -> int:
        return derive_seed(self.seed, "instruct", order.number, order.attempt, part)


def _reference(order: Order, text: str) -> str | None:
    return REFERS if order.subject.kind == "passage" and refers(text) else None
