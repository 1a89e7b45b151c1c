"""Small logic problems, orderings, analogies, riddles and calendars."""

import random

from .wording import (
    Slots,
    Texts,
    Turns,
    an,
    exchange,
    names,
    pick,
    row,
    rows,
    say,
    split,
    weekdays,
    words,
)

TURNS = {"left": -1, "right": 1, "around": 2}
GAPS = {1: "the next letter follows", 2: "one letter is skipped", 3: "two letters are skipped"}


def ordering(rng: random.Random) -> Slots:
    """Three people and a comparison."""
    a, b, c = names(rng, 3)
    more, most, least = row(rng, "orders").values()
    end = rng.choice((most, least))
    premises = [f"{a} is {more} than {b}", f"{b} is {more} than {c}"]
    if rng.random() < 0.3:
        premises.reverse()
    slots = {"p": premises[0], "q": premises[1], "e": end, "m": more}
    return slots | {"a": a, "b": b, "c": c, "x": a if end == most else c}


def syllogism(rng: random.Random) -> Slots:
    """A conclusion from a rule and a case."""
    entry = row(rng, "groups")
    item, person = rng.choice(split(entry["members"])), names(rng, 1)[0]
    which = rng.randrange(3)
    return entry | {"item": item, "person": person, "which": which, "place": pick(rng, "containers")}


def odd_one_out(rng: random.Random) -> Slots:
    """Which item does not belong."""
    group, other = rows(rng, "groups", 2)
    items = split(group["members"])
    strange = rng.choice([item for item in split(other["members"]) if item not in items])
    chosen = [*rng.sample(items, 3), strange]
    both = {group["name"], other["name"]}
    if "animals" in both and both & {"insects", "birds"}:
        return odd_one_out(rng)
    rng.shuffle(chosen)
    return {"words": chosen, "strange": strange, "name": group["name"]}


def analogy(rng: random.Random) -> Slots:
    """Complete an analogy."""
    relations = (
        ("countries", "name", "capital", "{d} is the capital of {c}, as {b} is the capital of {a}"),
        ("words", "word", "antonym", "{d} is the opposite of {c}, as {b} is the opposite of {a}"),
        ("animals", "name", "group", "{c:an} is {d:an}, as {a:an} is {b:an}"),
        ("words", "word", "synonym", "{d} means nearly the same as {c}, as {b} means nearly the same as {a}"),
    )
    name, of, what, why = rng.choice(relations)
    one, two = rows(rng, name, 2)
    slots = {"a": one[of], "b": one[what], "c": two[of], "d": two[what]}
    return slots | {"why": say(rng, why, **slots)}


def calendar(rng: random.Random) -> Slots:
    """Days and months later."""
    which = rng.randrange(3)
    if which == 0:
        day, count = rng.randrange(7), rng.randint(2, 13)
        return {"which": which, "day": weekdays()[day], "count": count, "end": _weekday_after(day, count)}
    months, month, count = words("months"), rng.randrange(12), rng.randint(2, 8)
    around = {"before": months[month - 1], "after": months[(month + 1) % 12], "later": months[(month + count) % 12]}
    return {"which": which, "month": months[month], "count": count, **around}


def _weekday_after(start: int, count: int) -> str:
    """Which day it is `count` days, 2 to 13, after the day of the week `start`."""
    day, end, left = weekdays()[start], weekdays()[(start + count) % 7], count % 7
    if count < 7:
        return f"Count {count} days on from {day}: it will be {end}."
    if count == 7:
        return f"It will be {day} again, because 7 days are exactly one week."
    if left == 1:
        return f"{count} days are one week and one day, and one day after {day} is {end}."
    return f"{count} days are one week and {left} days, and {left} days after {day} is {end}."


def clock(rng: random.Random) -> Slots:
    """When something ends."""
    hour, minute = rng.randint(7, 20), rng.choice((0, 15, 30, 45))
    length, thing = rng.choice((20, 30, 40, 45, 50, 75, 90, 105, 120)), pick(rng, "shows")
    end = hour * 60 + minute + length
    return {"t": thing, "s": f"{hour}:{minute:02}", "n": length, "e": f"{end // 60}:{end % 60:02}"}


def kinship(rng: random.Random, texts: Texts) -> Turns:
    """Family relations."""
    (path, relation), name = row(rng, "kinship").values(), names(rng, 1)[0]
    ask = say(rng, texts["ask"], path=path, n=name)
    return [ask, f"Your {path} is your {relation}." if rng.random() < 0.7 else f"A {path} is called {an(relation)}."]


def direction(rng: random.Random) -> Slots:
    """Turns on a compass."""
    name, at, compass = names(rng, 1)[0], rng.randrange(4), words("directions")
    moves = [rng.choice(list(TURNS)) for _ in range(rng.choice((1, 2)))]
    faced = [compass[at]]
    for move in moves:
        at = (at + TURNS[move]) % 4
        faced.append(compass[at])
    parts = [f"turns {move} and faces {end}" for move, end in zip(moves, faced[1:], strict=True)]
    text, steps = " and then turns ".join(moves), ", then ".join(parts)
    return {"n": name, "f": faced[0], "m": text, "parts": steps, "end": faced[-1]}


def riddle(rng: random.Random, texts: Texts) -> Turns:
    """Riddles: solve one, or tell one."""
    entry = row(rng, "riddles")
    if rng.random() < 0.6:
        return exchange(rng, *texts["solve"], entry)
    ask = say(rng, texts["tell"], **entry)
    if rng.random() < 0.6:
        return [ask, entry["question"], *exchange(rng, *texts["solution"], entry)]
    return [ask, f"{entry['question']} (Answer: {entry['answer']})"]


def letters(rng: random.Random) -> Slots:
    """Patterns of letters, and words taken apart."""
    word = row(rng, "words")["word"]
    which = rng.randrange(4)
    if which == 3:
        start, step = rng.randrange(10), rng.choice((1, 2, 3))
        *series, following = (chr(65 + start + step * i) for i in range(5))
        return {"which": which, "series": series, "next": following, "gap": GAPS[step]}
    ends = {"first": word[0].upper(), "last": word[-1].upper(), "backwards": word[::-1]}
    return {"which": which, "word": word, "count": len(word), "letters": "-".join(word), **ends}


def enough(rng: random.Random) -> Slots:
    """Does it fit, is it enough."""
    name, thing, seats, groups = names(rng, 1)[0], pick(rng, "supplies"), rng.randint(3, 12), rng.randint(2, 8)
    have, need = rng.randint(10, 60), seats * groups
    verdict = f"Yes, {have} {thing} are enough." if have >= need else f"No, {need - have} {thing} are missing."
    slots = {"name": name, "thing": thing, "seats": seats, "groups": groups}
    return slots | {"have": have, "need": need, "verdict": verdict}
