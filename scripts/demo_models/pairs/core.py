"""What every kind of pair is made from: the registry, wording with choices, tables, and lists in Markdown.

A *kind* is a function from a random generator to a list of texts, by turns the user's and the assistant's. Wordings are
templates such as ``"[What is|Tell me] the capital of {name}[?|, please.]"``: a choice is drawn from each bracket, inner
brackets first, and then the slots are filled.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Turns = list[str]
Row = dict[str, str]

TABLES = Path(__file__).parent / "tables"
CHOICE = re.compile(r"\[([^\[\]]*)\]")

DOMAINS: dict[str, str] = {
    "general": "You are a helpful assistant.",
    "math": "You are a helpful assistant who answers questions about mathematics.",
    "code": "You are a helpful assistant who answers questions about programming.",
    "translation": "You are a helpful assistant who answers questions about languages and translation.",
    "reasoning": "You are a helpful assistant who answers questions about logic and reasoning.",
    "creative writing": "You are a helpful assistant who helps with creative writing.",
    "data analysis": "You are a helpful assistant who answers questions about data analysis.",
    "planning": "You are a helpful assistant who helps with plans and schedules.",
    "editing": "You are a helpful assistant who helps to edit and improve texts.",
    "knowledge": "You are a helpful assistant who answers questions about facts and the world.",
    "advice": "You are a helpful assistant who gives advice about everyday life.",
}
"""The system prompts, by domain. The general one goes with every kind, each other one with the kinds of its domain."""


@dataclass(frozen=True)
class Kind:
    """One kind of task: its name, its domain, how often it is drawn, and the function that writes a conversation."""

    name: str
    domain: str
    weight: float
    write: Callable[[random.Random], Turns]


KINDS: list[Kind] = []


def kind(domain: str, weight: float = 1.0) -> Callable[[Callable[[random.Random], Turns]], Callable[..., Turns]]:
    """Register the decorated function as a kind of the domain."""
    if domain not in DOMAINS:
        raise ValueError(f"unknown domain {domain!r}; the domains are {', '.join(DOMAINS)}")

    def register(write: Callable[[random.Random], Turns]) -> Callable[..., Turns]:
        KINDS.append(Kind(write.__name__, domain, weight, write))
        return write

    return register


@cache
def table(name: str) -> tuple[Row, ...]:
    """The rows of ``tables/NAME.txt``: a header line and then one row per line, fields between ``|``."""
    lines = (TABLES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    header = lines[0].split("|")
    rows = [dict(zip(header, line.split("|"), strict=True)) for line in lines[1:]]
    return tuple(rows)


def row(rng: random.Random, name: str) -> Row:
    """One row of a table."""
    return rng.choice(table(name))


def rows(rng: random.Random, name: str, count: int) -> list[Row]:
    """Several different rows of a table."""
    return rng.sample(table(name), count)


def names(rng: random.Random, count: int) -> list[str]:
    """Several different first names."""
    return [person["name"] for person in rows(rng, "people", count)]


def split(text: str) -> list[str]:
    """The items of a field that holds a comma-separated list."""
    return text.split(", ")


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def lower(text: str) -> str:
    """The text with its first letter in lower case, unless it begins with the word I."""
    return text if text.startswith(("I ", "I'")) else text[:1].lower() + text[1:]


def say(rng: random.Random, template: str, **slots: Any) -> str:
    """Draw a choice from every bracket, fill the slots, and begin with a capital."""
    while match := CHOICE.search(template):
        template = template[: match.start()] + rng.choice(match[1].split("|")) + template[match.end() :]
    return capital(template.format_map(slots))


def an(noun: str) -> str:
    """The noun with its indefinite article."""
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"


def join(items: Sequence[str], word: str = "and") -> str:
    """The items as prose: ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"


def bullets(items: Iterable[str]) -> str:
    """A Markdown list with dashes."""
    return "\n".join(f"- {capital(item)}" for item in items)


def numbered(items: Iterable[str]) -> str:
    """A Markdown list with numbers."""
    return "\n".join(f"{number}. {capital(item)}" for number, item in enumerate(items, 1))


def listing(rng: random.Random, items: Iterable[str]) -> str:
    """A Markdown list of either sort."""
    return rng.choice((bullets, numbered))(items)


def grid(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """A Markdown table."""
    table_lines = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in table_lines)


def block(language: str, code: str) -> str:
    """A fenced code block."""
    return f"```{language}\n{code}\n```"


THANKS = "[Thanks|Thank you|Great, thank you|Thanks a lot|Perfect, thanks][!|.|. That helps.|! That is what I needed.]"
WELCOME = "[You're welcome!|Glad I could help.|My pleasure!] [Let me know if you need anything else.|Just ask if you have another question.|Have a nice day!]"

BEFORE = "[Quick question: |Hi! |Hello, I have a question. |I need this for school. |I am preparing a lesson. |For my homework: |I was wondering: |Please help me. |I could use some help. |This is for a quiz. |My friend asked me this. |Just curious: ]"
AFTER = "[ Thanks!| Thank you.| Thanks in advance.| Please keep it simple.| I am just a beginner.]"


def dress(rng: random.Random, text: str) -> str:
    """Now and then a greeting, a reason or thanks around the first thing that a user says."""
    chance = rng.random()
    if chance < 0.06:
        return say(rng, BEFORE) + text
    if chance < 0.09 and text[-1] in ".?!" and "\n" not in text:
        return text + say(rng, AFTER)
    return text


ITEM = re.compile(r"^(?:- |\d\. )(.+)$", re.MULTILINE)


def after_list(rng: random.Random, answer: str) -> Turns:
    """A request about the list that the answer holds, and what it asks for; nothing without a list."""
    items = ITEM.findall(answer)
    if len(items) < 2 or "|" in answer:
        return []
    if "- " + items[0] in answer:
        other = ("[Number the items, please.|Can you number them?|Make it a numbered list.]", numbered(items))
    else:
        other = ("[Use bullet points instead.|Can you use bullet points?|Make it a bullet list.]", bullets(items))
    ask, reply = rng.choice(
        (
            ("[Only the first one, please.|What was the first one?|Just the first one, please.]", items[0]),
            (
                "[Put it on one line, please.|Write that in one line.|Can you write it without a list?]",
                "; ".join(items),
            ),
            ("[Leave out the last one.|Please remove the last item.|Shorten the list by one.]", bullets(items[:-1])),
            other,
        )
    )
    return [say(rng, ask), reply]


def converse(rng: random.Random) -> dict[str, Any]:
    """One conversation: ``messages`` and the ``kind`` and ``domain`` that it belongs to."""
    chosen = rng.choices(KINDS, weights=[entry.weight for entry in KINDS])[0]
    turns = chosen.write(rng)
    if len(turns) == 2 and rng.random() < 0.15:
        turns = [*turns, *after_list(rng, turns[1])]
    if len(turns) <= 4 and rng.random() < 0.02:
        turns = [*turns, say(rng, THANKS), say(rng, WELCOME)]
    turns[0] = dress(rng, turns[0])
    messages = []
    if rng.random() < 1 / 3:
        domain = chosen.domain if rng.random() < 0.8 else "general"
        messages.append({"role": "system", "content": DOMAINS[domain]})
    for position, text in enumerate(turns):
        messages.append({"role": "assistant" if position % 2 else "user", "content": text})
    return {"messages": messages, "kind": chosen.name, "domain": chosen.domain}


def generate(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many different conversations, the same ones for the same seed."""
    rng = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        conversation = converse(rng)
        key = repr(conversation["messages"])
        if key not in seen:
            seen.add(key)
            yield conversation
