"""Small tables and texts to read, count, sort, classify and reshape."""

import json
import random

from .wording import (
    Slots,
    Texts,
    Turns,
    block,
    capital,
    grid,
    names,
    numbered,
    pick,
    row,
    rows,
    say,
    split,
    table,
    toss,
    weekdays,
    words,
)

PERIODS = (weekdays()[:5], words("months")[:5], words("years"), words("seasons"))
REASONS = {
    "positive": "The customer is pleased with the {}.",
    "negative": "The customer is unhappy with the {}.",
    "neutral": "The sentence only states a fact about the {}.",
}
HEADERS = {
    "countries": ("name", "capital", "continent"),
    "animals": ("name", "group", "food"),
    "elements": ("name", "symbol", "number"),
}


def series(rng: random.Random, count: int) -> tuple[Slots, list[str], list[int]]:
    """A measure with its unit, so many labels, and different values for them."""
    measure = row(rng, "measures")
    labels = rng.choice(PERIODS)[:count] if rng.random() < 0.5 else names(rng, count)
    return measure, labels, rng.sample(range(2, 100), len(labels))


def inline(labels: list[str], values: list[int]) -> str:
    """The data on one line."""
    return ", ".join(
        f"{label} {value}" if not label.isdigit() else f"{label}: {value}"
        for label, value in zip(labels, values, strict=True)
    )


def extreme(rng: random.Random, texts: Texts) -> Turns:
    """The largest or the smallest value."""
    measure, labels, values = series(rng, rng.choice((3, 4)))
    ends = [("highest", max(values)), ("lowest", min(values))]
    if rng.random() >= 0.6:
        ends.reverse()
    if rng.random() < 0.6:
        data = inline(labels, values)
    else:
        data = "\n\n" + grid(("Name", measure["m"].capitalize()), zip(labels, values, strict=True))
    answers = [
        f"The {word} value is {value} {measure['unit']}, for {labels[values.index(value)]}." for word, value in ends
    ]
    ask = say(rng, texts["ask"], w=ends[0][0], d=data, **measure)
    turns = [ask.replace(": \n", ":\n").replace("|. ", "|\n\n"), answers[0]]  # a table stands by itself
    return turns + ([f"And the {ends[1][0]}?", answers[1]] if rng.random() < 0.25 else [])


def total(rng: random.Random) -> Slots:
    """Sum and mean of a series."""
    measure, labels, values = series(rng, 3)
    values[2] += (-sum(values)) % 3
    mean = sum(values) // 3
    return measure | {"data": inline(labels, values), "values": values, "n": 3, "sum": sum(values), "mean": mean}


def sorting(rng: random.Random, texts: Texts) -> Turns:
    """Sort numbers, words or people."""
    which = rng.randrange(3)
    if which == 0:
        values = rng.sample(range(1, 100), rng.choice((4, 5)))
        down = rng.random() < 0.4
        order = "from largest to smallest" if down else "from smallest to largest"
        answer = ", ".join(map(str, sorted(values, reverse=down)))
        return [say(rng, texts["numbers"], o=order, values=values), answer]
    if which == 1:
        members = rng.sample(split(row(rng, "groups")["members"]), rng.choice((3, 4)))
        return [say(rng, texts["words"], values=members), ", ".join(sorted(members, key=str.lower))]
    measure, labels, values = series(rng, 3)
    ranked = sorted(zip(labels, values, strict=True), key=lambda pair: -pair[1])
    ask = say(rng, texts["ranking"], data=inline(labels, values), **measure)
    return [ask, numbered(f"{label}: {value}" for label, value in ranked)]


def trend(rng: random.Random) -> Slots:
    """Does a series rise or fall."""
    measure, labels = row(rng, "measures"), rng.choice(PERIODS[:3])[:4]
    values = sorted(rng.sample(range(5, 100), 4), reverse=rng.random() < 0.5)
    change = values[-1] - values[0]
    word = "rise" if change > 0 else "fall"
    return measure | {"data": inline(labels, values), "word": word, "values": values, "change": abs(change)}


def sentiment(rng: random.Random) -> Slots:
    """Positive, negative or neutral."""
    label = rng.choice(("positive", "negative", "neutral"))
    thing = rng.choice([*words("reviewed things"), row(rng, "products")["name"]])
    review = rng.choice([entry["review"] for entry in table("reviews") if entry["label"] == label])
    return {"label": label, "r": review.format(t=thing), "reason": REASONS[label].format(thing)}


def topic(rng: random.Random) -> Slots:
    """The topic of a headline."""
    label, *headlines = row(rng, "headlines").values()
    text = rng.choice(headlines)
    options = rng.sample([entry["topic"] for entry in table("headlines") if entry["topic"] != label], 2)
    options.insert(rng.randrange(3), label)
    return {"topic": label, "text": text, "options": options}


def extraction(rng: random.Random, texts: Texts) -> Turns:
    """Names, dates and places out of a sentence."""
    name, city, item = names(rng, 1)[0], row(rng, "cities")["name"], pick(rng, "bought things")
    day, month, price = rng.randint(1, 28), pick(rng, "months of purchases"), rng.randint(5, 95)
    text = f"On {day} {month}, {name} bought a {item} in {city} for {price} dollars."
    fields = {"name": name, "date": f"{day} {month}", "city": city, "item": item, "price": price}
    if rng.random() < 0.5:
        keys = rng.sample(list(fields), rng.choice((2, 3)))
        found = "\n".join(f"- {key.capitalize()}: {fields[key]}" for key in keys)
        return [say(rng, texts["fields"], keys=keys, text=text), found]
    if rng.random() < 0.6:
        asked = {key: fields[key] for key in ("name", "item", "city", "price")}
        return [say(rng, texts["json"], text=text), block("json", json.dumps(asked))]
    questions = (
        ("Who bought something?", name),
        ("Where did it happen?", city),
        ("How much did it cost?", f"{price} dollars"),
        ("What was bought?", f"a {item}"),
        ("When was it?", fields["date"]),
    )
    question, answer = rng.choice(questions)
    return [say(rng, texts["question"], text=text, question=question), f"{capital(answer)}."]


def reshape(rng: random.Random, texts: Texts) -> Turns:
    """CSV to JSON, or a table."""
    people, column = names(rng, 2), rng.choice(("age", "score", "points", "height"))
    lines = list(zip(people, rng.sample(range(10, 99), 2), strict=True))
    source = "\n".join([f"name,{column}", *(f"{person},{value}" for person, value in lines)])
    records = json.dumps([{"name": person, column: value} for person, value in lines])
    if rng.random() < 0.5:
        return [f"{say(rng, texts['to_json'])}\n\n{source}", block("json", records)]
    if rng.random() < 0.6:
        return [f"{say(rng, texts['to_table'])}\n\n{source}", grid(("name", column), lines)]
    return [f"{say(rng, texts['to_csv'])} {records}", source]


def make_table(rng: random.Random) -> Slots:
    """A small table of facts."""
    name, header = rng.choice(list(HEADERS.items()))
    entries = rows(rng, name, rng.choice((2, 3)))
    cells = grid([title.capitalize() for title in header], [[entry[key] for key in header] for entry in entries])
    return {"header": header, "names": [entry["name"] for entry in entries], "table": cells}


def chart(rng: random.Random) -> Slots:
    """Which chart to use."""
    entry, measure = row(rng, "charts"), pick(rng, "charted things")
    return entry | {"what": entry["what"].format(m=measure), "m": measure}


def change(rng: random.Random) -> Slots:
    """Percentage change between two values."""
    base, percent = rng.randint(1, 20) * 20, rng.choice((5, 10, 20, 25, 50))
    word, measure = ("rose", "fell")[toss(rng, 0.5)], row(rng, "measures")
    difference = base * percent // 100
    new = base + difference if word == "rose" else base - difference
    return measure | {"a": base, "b": new, "difference": difference, "percent": percent, "word": word}


def counting(rng: random.Random) -> Slots:
    """Count how often something occurs."""
    items = rng.sample(split(row(rng, "groups")["members"]), 3)
    counts = [rng.randint(1, 3) for _ in items]
    repeated = [item for item, times in zip(items, counts, strict=True) for _ in range(times)]
    rng.shuffle(repeated)
    target = rng.randrange(3)
    often = ("once", "twice", "three times")[counts[target] - 1]
    tally = "\n".join(f"- {item}: {times}" for item, times in zip(items, counts, strict=True))
    return {"words": repeated, "word": items[target], "often": often, "tally": tally}
