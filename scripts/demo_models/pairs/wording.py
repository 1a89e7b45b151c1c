"""Wordings with choices and slots, tables and lists of words, and lists in Markdown.

A wording such as ``"[What is|Tell me] the capital of {name}[?|, please.]"`` becomes a text in two steps: a choice is
drawn from each bracket, inner brackets first, and then the slots are filled. ``{name:an}`` fills a slot in a form of
`FORMS`, here with its article; ``{steps.0}`` takes an item of a list, and ``{other.name}`` a field of a row.
"""

import random
import re
import string
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

Turns = list[str]
Row = dict[str, str]
Slots = dict[str, Any]
Texts = dict[str, Any]

TABLES = Path(__file__).parent / "tables"
CHOICE = re.compile(r"\[([^\[\]]*)\]")


@cache
def table(name: str) -> tuple[Row, ...]:
    r"""The rows of ``tables/NAME.txt``: a header, then one row a line; ``|`` parts fields, ``\n`` breaks a line."""
    header, *lines = (TABLES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    fields = header.split("|")
    return tuple(dict(zip(fields, line.replace(r"\n", "\n").split("|"), strict=True)) for line in lines)


@cache
def lookup(name: str, key: str, value: str) -> dict[str, str]:
    """One column of a table by another one."""
    return {entry[key]: entry[value] for entry in table(name)}


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


def words(name: str) -> list[str]:
    """The words of a list in ``tables/lists.txt``."""
    return split(lookup("lists", "name", "items")[name])


def pick(rng: random.Random, name: str) -> str:
    """One word of a list."""
    return rng.choice(words(name))


def weekdays(language: str = "English") -> list[str]:
    """The days of the week, from Monday."""
    return split(lookup("languages", "name", "days")[language])


def numbers(language: str = "English") -> list[str]:
    """The numbers from one to ten as words."""
    return split(lookup("languages", "name", "numbers")[language])


def toss(rng: random.Random, chance: float) -> int:
    """0 with this chance, else 1."""
    return int(rng.random() >= chance)


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def lower(text: str) -> str:
    """The text with its first letter in lower case, unless it begins with the word I."""
    return text if text.startswith(("I ", "I'")) else text[:1].lower() + text[1:]


def an(noun: str) -> str:
    """The noun with its indefinite article; none for a pair such as needle and thread."""
    if " and " in noun:
        return noun
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


FORMS = {
    "an": an,
    "and": join,
    "bullets": bullets,
    "capital": capital,
    "list": lambda items: ", ".join(map(str, items)),
    "lower": lower,
    "numbered": numbered,
    "or": lambda items: join(items, "or"),
    "plus": lambda items: " + ".join(map(str, items)),
    "upper": str.upper,
    "word": lambda count: numbers()[count - 1],
    "your": lambda text: text.replace("my ", "your "),
}


class _Formatter(string.Formatter):
    def get_field(self, name: str, args: Any, slots: Slots) -> tuple[Any, str]:
        value: Any = slots
        for key in name.split("."):
            value = value[int(key) if key.isdigit() else key]
        return value, name

    def format_field(self, value: Any, form: str) -> str:
        return FORMS[form](value) if form else str(value)


def fill(wording: str, slots: Slots) -> str:
    """The wording with its slots filled."""
    return _Formatter().vformat(wording, (), slots)


def filled(rng: random.Random, name: str, slots: Slots) -> Row:
    """One row of a table whose fields have slots themselves."""
    return {field: fill(text, slots) for field, text in row(rng, name).items()}


def say(rng: random.Random, wording: str, **slots: Any) -> str:
    """Draw a choice from every bracket, fill the slots, and begin with a capital."""
    while match := CHOICE.search(wording):
        wording = wording[: match.start()] + rng.choice(match[1].split("|")) + wording[match.end() :]
    return capital(fill(wording, slots))


def exchange(rng: random.Random, ask: str, answer: str, slots: Slots) -> Turns:
    """What the user says, and the reply."""
    return [say(rng, ask, **slots), say(rng, answer, **slots)]
