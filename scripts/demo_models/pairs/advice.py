"""Everyday problems, gifts, habits, careers, stains, recommendations."""

import random

from .wording import Slots, Texts, Turns, exchange, listing, names, pick, row, say, split, toss


def problem(rng: random.Random, texts: Texts) -> Turns:
    """Advice for an everyday problem."""
    entry = row(rng, "problems")
    tips, count = [entry[f"tip{i}"] for i in range(1, 5)], rng.choice((2, 3, 3, 4))
    chosen, slots = rng.sample(tips, count), {"p": entry["problem"], "count": count}
    intro = say(rng, texts["intro"], **slots)
    if rng.random() < 0.6:
        answer = f"{intro}\n{listing(rng, chosen)}"
    else:
        answer = f"First, {chosen[0]}. Then {chosen[1]}."
        if count > 2 and not chosen[2].startswith("do not"):
            answer += f" It also helps to {chosen[2]}."
    turns = [say(rng, texts["ask"], **slots), answer]
    left = [tip for tip in tips if tip not in chosen]
    if left and rng.random() < 0.2:
        turns += [say(rng, texts["more"]), f"Another idea: {left[0]}."]
    elif rng.random() < 0.12:
        turns += [say(rng, texts["first"]), f"Start with this one: {chosen[0]}."]
    return turns


def gift(rng: random.Random) -> Slots:
    """Gift ideas."""
    entry, person, amount = row(rng, "gifts"), pick(rng, "relatives"), rng.choice((20, 30, 40, 50, 100))
    return entry | {"person": person, "amount": amount} | _mixed(rng, entry["items"], "items")


def habit(rng: random.Random) -> Slots:
    """Tips for a better habit."""
    entry = row(rng, "habits")
    return entry | {"theirs": entry["aim"].replace("my ", "their ")} | _mixed(rng, entry["tips"], "tips")


def _mixed(rng: random.Random, field: str, name: str) -> Slots:
    """The items of a field in another order under this name, six times in ten also as a list in Markdown."""
    items = split(field)
    rng.shuffle(items)
    which = toss(rng, 0.6)
    return {name: items, "which": which, "list": "" if which else listing(rng, items)}


def interview(rng: random.Random) -> Slots:
    """Job interviews and careers."""
    job, which = row(rng, "jobs"), toss(rng, 0.5)
    return job | {"which": which} | ({} if which else row(rng, "interviews"))


def stain(rng: random.Random, texts: Texts) -> Turns:
    """Remove a stain."""
    slots = row(rng, "stains") | {"cloth": pick(rng, "cloths")}
    unspilled = slots["what"] in ("grass", "mud")
    ask = texts["ask"].replace(texts["spilled"], "") if unspilled else texts["ask"]
    return exchange(rng, ask, texts["reply"], slots)


def recommend(rng: random.Random) -> Slots:
    """Recommend a dish, a place or a book for a mood."""
    name, which = names(rng, 1)[0], rng.randrange(3)
    entry = row(rng, ("dishes", "cities", "authors")[which])
    slots = entry | {"n": name, "which": which}
    if which == 0:
        items = split(entry["ingredients"])
        item = rng.choice(items)
        slots |= {"i": item, "others": [other for other in items if other != item]}
    return slots
