"""More facts and household knowledge: idioms, history, geography, sports, the body, feasts, science, food, how-to."""

import random

from .wording import Slots, Texts, Turns, capital, exchange, fill, filled, grid, row, rows, say

TABLES = (
    ("history", ("name", "year"), "events"),
    ("foods", ("name", "type"), "foods"),
    ("geography", ("name", "type"), "places"),
    ("scientists", ("name", "field"), "scientists"),
    ("acronyms", ("name", "long"), "abbreviations"),
)


def how_to(rng: random.Random, texts: Texts) -> Turns:
    """The steps of a small task at home."""
    entry = row(rng, "howto")
    answer = say(rng, texts["list" if rng.random() < 0.6 else "sentence"], **entry)
    turns = [say(rng, texts["ask"], **entry), answer]
    if rng.random() < 0.15:
        turns += exchange(rng, *rng.choice(texts["more"]), entry)
    return turns


def history(rng: random.Random) -> Slots:
    """Dates and events."""
    entry, other = rows(rng, "history", 2)
    which = rng.randrange(4)
    if which == 2 and entry["year"] == other["year"]:
        return history(rng)
    first, last = sorted((entry, other), key=lambda event: int(event["year"]))
    return entry | {"other": other, "first": first, "last": last, "which": which}


def sport(rng: random.Random, texts: Texts) -> Turns:
    """The rules of a sport."""
    entry = row(rng, "sports")
    turns = exchange(rng, *rng.choice(texts["wordings"]), entry)
    if "equipment" not in turns[0] and "gear" not in turns[0] and rng.random() < 0.15:
        turns += exchange(rng, *texts["equipment"], entry)
    return turns


def fact_table(rng: random.Random) -> Slots:
    """A table of facts on history, food or geography."""
    name, header, label = rng.choice(TABLES)
    entries = rows(rng, name, rng.choice((2, 3)))
    titles = [title.capitalize() if title != "long" else "Meaning" for title in header]
    cells = grid(titles, [[capital(entry[key]) for key in header] for entry in entries])
    return {"label": label, "names": [entry["name"] for entry in entries], "table": cells}


def who_am_i(rng: random.Random) -> Slots:
    """Guess the animal, the job or the country."""
    clue = row(rng, "clues")
    entry = row(rng, clue["table"])
    return {field: fill(text, entry) for field, text in clue.items()}


def quiz(rng: random.Random) -> Slots:
    """Quiz questions with their answers."""
    first, second = rows(rng, "countries", 2)
    slots = {"first": first, "second": second, "event": row(rng, "history"), "person": row(rng, "scientists")}
    return filled(rng, "quizzes", slots)
