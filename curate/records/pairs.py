"""A question and its answer under keys of their own, with what stands beside them, made into messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curate.errors import CurateError
from curate.records.candidates import candidates_in
from curate.records.turns import REASONING, Notes, from_json, read_calls, read_turn, read_turns, turns_in

QUESTIONS = ("instruction", "prompt", "question", "query", "problem", "input", "inputs")
CONTEXTS = ("input", "context")  # that belong to a question
ANSWERS = ("output", "response", "completion", "generation", "solution", "answer", "targets")
SYSTEMS = ("system", "system_prompt")
SETS = {
    **dict.fromkeys((("instruction", "output"), ("instruction", "")), "alpaca"),
    **dict.fromkeys((("instruction", "generation"), ("instruction", "generations")), "distilabel"),
}


def question_in(row: Mapping[str, Any]) -> str:
    """The key of the question in `row`; empty where there is none."""
    return next((key for key in QUESTIONS if key in row), "")


def read_pair(row: dict[str, Any], notes: Notes, *, answered: bool = True) -> tuple[list[dict[str, Any]], str]:
    """Takes a question out of the row, and its answer if it is to be `answered`: the messages and the shape's name.

    Earlier turns come from `history`. Raises CurateError for what is no text and no list of turns.
    """
    question = question_in(row)
    answer = next((key for key in ANSWERS if key in row), "") if answered else ""
    answers = answer or candidates_in(row)
    name = SETS.get((question, answers)) or (f"{question}/{answers}" if answers else question)
    if "context" in row and name == "instruction/response":
        name = "dolly"
    elif "system_prompt" in row and name == "question/response":
        name = "openorca"
    turns = _asked(row, question, notes)
    if answer:
        turns += _answered(row, answer, notes)
    elif answered and isinstance(from_json(row.get("answers")), list) and "tools" in row:
        calls = read_calls(row.pop("answers"), notes)
        turns.append({"role": "assistant", "content": "", "tool_calls": calls})
        name = f"{question}/answers"
    return [*read_history(row.pop("history", None), notes), *turns], name


def read_system(row: dict[str, Any], messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The system turn that stands beside `messages`, taken out of the row; none where they have one themselves."""
    key = next((key for key in SYSTEMS if key in row), None)
    if key is None:
        return []
    own = [turn["content"] for turn in messages if turn["role"] == "system"]
    if own and row.get(key) not in own:
        return []
    text = _text(row, key)
    return [{"role": "system", "content": text}] if text and not own else []


def read_history(history: Any, notes: Notes) -> list[dict[str, Any]]:
    """The earlier turns of a record: pairs of a question and its answer, or turns."""
    history = from_json(history)
    if not history:
        return []
    if isinstance(history, list) and all(isinstance(item, Mapping) for item in history):
        return read_turns(history, notes, "history")
    turns = []
    for pair in history if isinstance(history, list) else [history]:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise CurateError(f"history must be a list of pairs [question, answer] or of turns, found {pair!r:.80}")
        turns += [{"role": "user", "content": pair[0]}, read_turn({"role": "assistant", "content": pair[1]}, notes)]
    return turns


def _asked(row: dict[str, Any], key: str, notes: Notes) -> list[dict[str, Any]]:
    if turns := turns_in(row[key]):
        del row[key]
        return read_turns(turns, notes, key)
    texts = [_text(row, key)]
    for context in CONTEXTS:
        value = row.get(context)
        if isinstance(value, list) and value and all(isinstance(text, str) for text in value):
            row[context] = "\n\n".join(value)
        if isinstance(row.get(context), str) or (context == "input" and key == "instruction"):
            texts.append(_text(row, context))
    return [{"role": "user", "content": "\n\n".join(filter(None, texts))}]


def _answered(row: dict[str, Any], key: str, notes: Notes) -> list[dict[str, Any]]:
    if turns := turns_in(row[key]):
        del row[key]
        return read_turns(turns, notes, key)
    thoughts = {name: row[name] for name in REASONING if isinstance(row.get(name), str)}
    text = _text(row, key)
    if not text:
        return []
    for name in thoughts:
        del row[name]
    return [read_turn({"role": "assistant", "content": text, **thoughts}, notes)]


def _text(row: dict[str, Any], key: str) -> str:
    """Takes the text under this key out of the row; empty where there is none."""
    value = row.pop(key, None)
    if value is None or isinstance(value, str):
        return value or ""
    raise CurateError(f"{key} must be a text, found {value!r:.80}")
