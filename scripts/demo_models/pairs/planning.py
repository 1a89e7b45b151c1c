"""Trips, days, lists, budgets, lessons, meals and workouts."""

import random
from collections.abc import Sequence

from .wording import (
    Slots,
    Texts,
    Turns,
    bullets,
    exchange,
    grid,
    names,
    pick,
    row,
    rows,
    say,
    split,
    toss,
    weekdays,
    words,
)

LEARNING = (
    "read your notes and mark what is unclear",
    "learn the main terms with cards",
    "solve practice questions",
    "repeat the difficult parts",
    "take a short test and rest early",
)


def in_order(rng: random.Random, steps: Sequence[str], count: int) -> list[str]:
    """Some of the steps, in their order."""
    return [steps[i] for i in sorted(rng.sample(range(len(steps)), count))]


def packing(rng: random.Random, texts: Texts) -> Turns:
    """What to pack for a trip."""
    entry, count = row(rng, "trips"), rng.choice((4, 5, 6))
    items = split(entry["items"])
    chosen = rng.sample(items, count)
    turns = exchange(rng, texts["ask"], texts["reply"], entry | {"n": count, "chosen": chosen})
    if rng.random() < 0.2:
        ask = say(rng, texts["more"])
        turns += [ask, f"You could also take this: {rng.choice([item for item in items if item not in chosen])}."]
    return turns


def event(rng: random.Random) -> Slots:
    """The steps to prepare an event."""
    name, *steps = row(rng, "events").values()
    count = rng.choice((3, 4, 5))
    return {"event": name, "count": count, "steps": in_order(rng, steps, count)}


def day_plan(rng: random.Random) -> Slots:
    """A schedule from three tasks."""
    a, b, c = (pick(rng, name) for name in ("mornings", "middays", "evenings"))
    start = rng.choice((7, 8, 9))
    return {"a": a, "b": b, "c": c, "start": start, "noon": start + 5, "night": start + 11}


def study_plan(rng: random.Random) -> Slots:
    """A plan for learning a subject."""
    subject, days = pick(rng, "subjects"), rng.randint(3, 5)
    steps = in_order(rng, LEARNING, days)
    return {"s": subject, "n": days, "plan": "\n".join(f"- Day {i}: {step}" for i, step in enumerate(steps, 1))}


def workout(rng: random.Random) -> Slots:
    """A short workout."""
    count, minutes = rng.choice((3, 4)), rng.choice((10, 15, 20, 30))
    chosen, times = rng.sample(words("exercises"), count), rng.choice((8, 10, 12, 15))
    moves = [f"{move}: {'30 seconds' if move == 'plank' else f'{times} times'}" for move in chosen]
    return {"n": count, "m": minutes, "moves": moves}


def budget(rng: random.Random) -> Slots:
    """Split an amount of money."""
    days, room, food, extra = rng.randint(2, 6), rng.randint(4, 12) * 10, rng.randint(2, 5) * 10, rng.randint(1, 6) * 20
    asked = {"c": row(rng, "cities")["name"], "d": days, "r": room, "f": food, "x": extra}
    return asked | {"rooms": room * days, "meals": food * days, "total": (room + food) * days + extra}


def meals(rng: random.Random) -> Slots:
    """A meal plan or a shopping list."""
    which = toss(rng, 0.5)
    if which == 1:
        entry = row(rng, "dishes")
        return entry | {"which": which, "items": split(entry["ingredients"])}
    count = rng.choice((3, 4))
    dishes = [entry["name"] for entry in rows(rng, "dishes", count)]
    plan = "\n".join(f"- {day}: {dish}" for day, dish in zip(weekdays(), dishes, strict=False))
    return {"which": which, "count": count, "guests": pick(rng, "dinner guests"), "plan": plan}


def recipe(rng: random.Random) -> Slots:
    """How to cook a dish."""
    entry = row(rng, "dishes")
    steps = entry["steps"].split(";")
    return entry | {"items": split(entry["ingredients"]), "steps": steps, "sentences": " ".join(steps)}


def goal(rng: random.Random) -> Slots:
    """Steps towards a goal."""
    target, weeks = pick(rng, "goals"), rng.choice((4, 6, 8, 10, 12))
    start = f"{weeks // 4} {'week' if weeks < 8 else 'weeks'}"
    return {"goal": target, "weeks": weeks, "start": start, "half": weeks // 2, "last": weeks - 1}


def agenda(rng: random.Random) -> Slots:
    """A meeting agenda."""
    minutes, topic = rng.choice((30, 45, 60)), pick(rng, "meeting topics")
    a, b = names(rng, 2)
    report = minutes // 3
    slots = {"minutes": minutes, "topic": topic, "a": a, "b": b}
    return slots | {"report": report, "discussion": minutes - report - 10}


def weekly(rng: random.Random, texts: Texts) -> Turns:
    """Share chores among people or days."""
    people, chores = names(rng, 3), rng.sample(words("chores"), 3)
    shares = list(zip(people, chores, strict=True))
    ask = say(rng, texts["ask"], **dict(zip("abcxyz", [*people, *chores], strict=True)))
    if rng.random() < 0.5:
        return [ask, grid(("Person", "Chore"), shares)]
    return [ask, bullets(f"{person}: {chore}" for person, chore in shares) + texts["swap"]]
