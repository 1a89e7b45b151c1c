"""Facts: countries, animals, inventions, science, jobs, tools, books."""

import random

from .wording import Slots, Texts, Turns, capital, exchange, fill, listing, numbers, row, rows, say, split, table, toss

STATEMENTS = (
    ("countries", "capital", "{capital} is the capital of {name}"),
    ("authors", "name", "{name} wrote {work}"),
    ("animals", "group", "{name:an} is {group:an}"),
    ("elements", "symbol", "the symbol of {name} is {symbol}"),
)  # a table, the field that another row's takes the place of in a wrong statement, and the statement


def country_facts(rng: random.Random, texts: Texts) -> Turns:
    """A list of facts about a country."""
    slots = row(rng, "countries") | {"count": rng.choice((3, 4))}
    ask = say(rng, texts["ask"], **slots)
    chosen = [say(rng, fact, **slots) for fact in rng.sample(texts["facts"], slots["count"])]
    intro = f"Here are {numbers()[slots['count'] - 1]} facts about {slots['name']}:"
    turns = [ask, f"{intro}\n{listing(rng, chosen)}"]
    return turns + (exchange(rng, *texts["continent"], slots) if rng.random() < 0.2 else [])


def why_and_how(rng: random.Random, texts: Texts) -> Turns:
    """Everyday questions that begin with why or how."""
    entry = row(rng, rng.choice(("whys", "hows")))
    brief = rng.random() < 0.2
    text = say(rng, texts["ask"], **entry)
    if brief:
        return [say(rng, texts["brief"], **entry), entry["short"]]
    turns = [text, entry["answer"]]
    if rng.random() < 0.2:
        turns += [say(rng, texts["shorten"]), entry["short"]]
    elif rng.random() < 0.1:
        turns += [texts["child"], f'You can say: "{entry["short"]}"']
    return turns


def job(rng: random.Random) -> Slots:
    """What people in a job do."""
    entry = row(rng, "jobs")
    return entry | {"matters": "are important" if " and " in entry["skill"] else "matters most"}


def true_or_false(rng: random.Random) -> Slots:
    """Say whether a statement is true, with the reason."""
    name, field, statement = rng.choice(STATEMENTS)
    if name == "animals":
        right = row(rng, name)
        other = rng.choice([entry for entry in table(name) if entry[field] != right[field]])
    else:
        right, other = rows(rng, name, 2)
    which = toss(rng, 0.5)
    fact, wrong = fill(statement, right), fill(statement, right | {field: other[field]})
    return {"fact": fact, "claim": wrong if which else fact, "which": which}


def members(rng: random.Random) -> Slots:
    """Name examples of a category."""
    entry = row(rng, "groups")
    count = rng.randint(3, 6)
    chosen = rng.sample(split(entry["members"]), count)
    which = toss(rng, 0.6)
    text = listing(rng, chosen) if rng.random() < 0.7 else capital(", ".join(chosen)) + "."
    return entry | {"count": count, "which": which, "letter": chosen[0][0].upper(), "members": text}
