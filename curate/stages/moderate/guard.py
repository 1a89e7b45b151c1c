"""A guard model: asked through its own chat template whether the last turn of a conversation is safe."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from curate.answers import told
from curate.chat import ChatTemplate
from curate.chat.control import ControlTokens
from curate.errors import CurateError
from curate.models.answering import REFUSED
from curate.models.protocols import Completion, Finish, LanguageModel, Prompt, Sampling
from curate.outcome import TOO_LONG, Drop
from curate.stages.moderate.guard_formats import (
    POLICIES,
    Format,
    Verdict,
    category_names,
    parse_verdict,
    parse_violation,
)

UNJUDGED = "unjudged"
ANSWER_TOKENS = 128  # as in Qwen3Guard's model card
YES_OR_NO_TOKENS = 4
SHOWN = 80  # characters of an answer that is no verdict
SENTINEL = "sentinel-q7xk"

Messages: TypeAlias = Sequence[Mapping[str, Any]]
Judgement: TypeAlias = Verdict | Drop


class Guard:
    """A guard model and the format of its answers.

    `auto` takes ShieldGemma's format where the template has a place for a `guideline`, else that of Llama Guard or of
    Qwen3Guard, which each answer tells by itself. Decoding is greedy, and ends at any control token. A system turn is
    judged as the beginning of the first user turn, for guards have no place for one. ShieldGemma sees a user turn
    alone and a response after its question; the others see all that came before.

    What is judged cannot write the prompt: control tokens in it are broken up, and a line that begins as the template's
    own lines around a turn do (`Agent:`, `<END CONVERSATION>`) is quoted with `> `.
    """

    def __init__(self, model: LanguageModel, format: Literal["auto"] | Format) -> None:
        self.model, chat = model, model.chat
        guided = SENTINEL in _prompt(chat.with_options(guideline=SENTINEL), [_turn("user", "u")])
        if format == "shieldgemma" and not guided:
            raise CurateError(f"the chat template of {model.name} has no place for a guideline, as shieldgemma's has")
        self._guided = guided and format in ("auto", "shieldgemma")
        self._format: Format | None = None if format == "auto" else format
        self._chats = {"user": [chat], "assistant": [chat]}
        if self._guided:
            self._chats["user"] = [chat.with_options(guideline=policy.instruction) for policy in POLICIES]
            self._chats["assistant"] = [chat.with_options(guideline=policy.response) for policy in POLICIES]
        scaffold = _prompt(self._chats["assistant"][0], [_turn("user", SENTINEL), _turn("assistant", SENTINEL)])
        self._names = category_names(scaffold)
        self._boundary = _boundary(scaffold, chat.control)
        self._sampling = Sampling(
            tuple(chat.control_token_ids), YES_OR_NO_TOKENS if self._guided else ANSWER_TOKENS, temperature=0.0
        )

    def judge(self, conversations: Sequence[Messages]) -> list[Judgement]:
        """The guard's verdict on the last turn of each conversation, or why there is none."""
        results: list[Judgement] = []
        asked: list[tuple[int, list[Prompt]]] = []
        for row, messages in enumerate(conversations):
            turns = self._turns(messages)
            detail: dict[str, Any] = {"model": self.model.name}
            try:
                texts = [_prompt(chat, turns) for chat in self._chats[turns[-1]["role"]]]
            except CurateError as error:
                results.append(Drop(REFUSED, {**detail, "why": str(error)}))
                continue
            prompts = [Prompt(self.model.chat.encode(text), 0) for text in texts]
            tokens = max(len(prompt.token_ids) for prompt in prompts) + self._sampling.max_tokens
            if tokens > self.model.context_length:
                detail |= {"tokens": tokens, "context_length": self.model.context_length}
                results.append(Drop(TOO_LONG, detail))
                continue
            results.append(Drop(UNJUDGED, {**detail, "why": "the guard's template does not show this turn"}))
            if all(turns[-1]["content"].strip() in text for text in texts):
                asked.append((row, prompts))
        completions = iter(self.model.complete([p for _, prompts in asked for p in prompts], self._sampling))
        for row, prompts in asked:
            said = [next(completions)[0] for _ in prompts]
            results[row] = next(filter(None, map(self._unanswered, said)), None) or self._read([it.text for it in said])
        return results

    def _unanswered(self, completion: Completion) -> Drop | None:
        return unanswered(completion.finish_reason, {"why": completion.why, "model": self.model.name})

    def _read(self, answers: Sequence[str]) -> Judgement:
        """What the answers to one conversation's prompts say; one that has no verdict's form is never safe."""
        verdict = parse_verdict(answers[0], self._names, self._format)
        if self._guided:
            violated = [parse_violation(answer) for answer in answers]
            hazards = tuple(policy.hazard for policy, is_so in zip(POLICIES, violated, strict=True) if is_so)
            verdict = Verdict("unsafe" if hazards else "safe", hazards, "shieldgemma")
            if not hazards and None in violated:
                answers, verdict = [answers[violated.index(None)]], None
        return verdict or Drop(UNJUDGED, {"answer": answers[0][:SHOWN], "model": self.model.name})

    def _turns(self, messages: Messages) -> list[dict[str, str]]:
        """The conversation as the guard is shown it."""
        turns = shown_turns(messages, self._inert)
        last = 2 if turns[-1]["role"] == "assistant" else 1
        return turns[-last:] if self._guided else turns

    def _inert(self, text: str) -> str:
        return self._boundary.sub("> ", self.model.chat.inert(text))


def shown_turns(messages: Messages, inert: Callable[[str], str]) -> list[dict[str, str]]:
    """The turns to show, made `inert`: reasoning and calls included, what tools returned in user turns, and a system
    turn at the beginning of the first user turn."""
    system = "".join(f"{m['content']}\n\n" for m in messages if m["role"] == "system")
    turns = [_turn(m["role"], inert(_whole(m))) for m in told(messages) if m["role"] != "system"]
    if turns and system:
        turns[0]["content"] = inert(system) + turns[0]["content"]
    return turns


def unanswered(finish: Finish, detail: Mapping[str, Any]) -> Drop | None:
    """Why there is no answer, where there is none."""
    reasons: dict[Finish, str] = {"too long": TOO_LONG, "refused": REFUSED}
    return Drop(reasons[finish], dict(detail)) if finish in reasons else None


def _boundary(scaffold: str, control: ControlTokens) -> re.Pattern[str]:
    """Matches where a line begins with what a template writes, in a line, right before or right after a content."""
    gaps = scaffold.split(SENTINEL)
    before = [control.split(gap)[-1].splitlines()[-1:] for gap in gaps[:-1]]
    after = [control.split(gap)[0].strip().splitlines()[:1] for gap in gaps[1:]]
    marks = sorted({line.strip() for lines in before + after for line in lines} - {""})
    return re.compile(rf"^(?=[^\S\n]*(?:{'|'.join(map(re.escape, marks)) or '(?!)'}))", re.MULTILINE)


def _prompt(chat: ChatTemplate, messages: Messages) -> str:
    return chat.generation_prompt(messages)


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _whole(message: Mapping[str, Any]) -> str:
    """The reasoning and the content: a model is trained on both."""
    return "\n\n".join(filter(None, (message.get("reasoning_content"), message["content"])))
