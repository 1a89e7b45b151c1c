"""More facts and household knowledge: idioms, history, geography, sports, the body, feasts, science, food, how-to."""

import random

from .wording import Slots, Texts, Turns, an, capital, exchange, grid, row, rows, say

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
    which = rng.randrange(4)
    entry = row(rng, ("animals", "jobs", "countries", "geography")[which])
    clues = (
        "I am {group:an}. My food is {food}. People say that {fact}.",
        "This person {task}. The work takes place in {place}.",
        "My capital is {capital}. A typical dish is {dish}. Visitors see {landmark}.",
        "I am {type:an}. {place:capital} is my home, and {fact}.",
    )
    return {"clue": say(rng, clues[which], **entry), "thing": an(entry["name"]) if which < 2 else entry["name"]}


def quiz(rng: random.Random) -> Slots:
    """Quiz questions with their answers."""
    first, second = rows(rng, "countries", 2)
    event, person = row(rng, "history"), row(rng, "scientists")
    capitals = [(f"What is the capital of {country['name']}?", country["capital"]) for country in (first, second)]
    dishes = [(f"Which country is known for {country['dish']}?", country["name"]) for country in (first, second)]
    places = (
        (f"On which continent is {first['name']}?", first["continent"]),
        (f"Which language is spoken in {second['name']}?", second["language"]),
    )
    past = (
        (f"In which year was {event['name']}?", event["year"]),
        (f"Who is known for {person['known']}?", person["name"]),
    )
    topics = (("capitals", capitals), ("geography", places), ("history", past), ("food", dishes))
    topic, pairs = rng.choice(topics)
    return {"topic": topic, "questions": [f"{question} (Answer: {answer})" for question, answer in pairs]}
