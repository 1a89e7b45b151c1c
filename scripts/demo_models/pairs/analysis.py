"""Small tables and texts to read, count, sort, classify and reshape."""

import json
import random

from .core import Turns, block, grid, kind, names, numbered, row, rows, say, split

MEASURES = (
    ("sales", "dollars"), ("visitors", "visitors"), ("orders", "orders"), ("rainfall", "millimetres"), ("exports", "tonnes"),
    ("downloads", "downloads"), ("complaints", "complaints"), ("points", "points"), ("members", "members"), ("steps", "steps"),
)  # fmt: skip
PERIODS = (
    split("Monday, Tuesday, Wednesday, Thursday, Friday"),
    split("January, February, March, April, May"),
    split("2020, 2021, 2022, 2023, 2024"),
    split("spring, summer, autumn, winter"),
)
POSITIVE = (
    "I love this {t}. It works perfectly.", "The {t} arrived early and looks wonderful.", "What a great {t}, I would buy it again!",
    "My children adore the {t}.", "Excellent {t} and very friendly service.", "The best {t} that I have ever had.", "I am very happy with the {t}.",
)  # fmt: skip
NEGATIVE = (
    "The {t} broke after two days.", "I am disappointed with this {t}.", "The {t} was late and damaged.", "A waste of money, this {t} does not work.",
    "The {t} is far too loud and heavy.", "Terrible {t}, I want my money back.", "Nobody answered when I complained about the {t}.",
)  # fmt: skip
NEUTRAL = (
    "The {t} has two buttons and a cable.",
    "The {t} was delivered on Tuesday.",
    "I bought the {t} for my office.",
    "The {t} is made of plastic and metal.",
    "The {t} comes in three sizes.",
)
HEADLINES = {
    "sports": (
        "The home team won the final by two goals.",
        "The young runner set a new record.",
        "The coach praised the defence after the match.",
        "Thousands of fans watched the tennis final.",
    ),
    "science": (
        "Researchers found water under the surface of Mars.",
        "A new telescope shows distant galaxies.",
        "Biologists described a new species of frog.",
        "The experiment confirmed the theory.",
    ),
    "business": (
        "The company doubled its profit this year.",
        "The bank lowered its interest rate.",
        "Shares of the car maker fell by five percent.",
        "Two airlines plan to merge.",
    ),
    "politics": (
        "The parliament voted on the new law.",
        "The mayor announced her plans for the city.",
        "The minister met the ambassadors.",
        "Voters will choose a new president in May.",
    ),
    "health": (
        "Doctors recommend a walk every day.",
        "The hospital opened a new ward.",
        "A study links sleep with memory.",
        "Eating more vegetables lowers the risk of heart disease.",
    ),
    "technology": (
        "The new phone has a better camera.",
        "The software update fixes three errors.",
        "Engineers built a robot that folds clothes.",
        "The start-up makes batteries that charge in minutes.",
    ),
    "travel": (
        "The museum attracts visitors from all over the world.",
        "The night train to Vienna runs again.",
        "Hotels on the island are full in August.",
        "The old town is best seen on foot.",
    ),
    "weather": (
        "Heavy rain is expected on Sunday.",
        "A storm closed the harbour.",
        "Snow fell in the mountains last night.",
        "The heat wave will end on Thursday.",
    ),
}
CHARTS = (
    ("how {m} changed over the years", "a line chart", "it shows change over time"), ("the share of each product in total {m}", "a pie chart", "it shows parts of a whole"),
    ("{m} of six shops side by side", "a bar chart", "it compares categories"), ("whether {m} depend on temperature", "a scatter plot", "it shows how two variables are related"),
    ("how {m} are distributed", "a histogram", "it shows how often each range of values occurs"),
)  # fmt: skip


def series(rng: random.Random, count: int) -> tuple[str, str, list[str], list[int]]:
    """A measure with its unit, so many labels, and different values for them."""
    measure, unit = rng.choice(MEASURES)
    labels = rng.choice(PERIODS)[:count] if rng.random() < 0.5 else names(rng, count)
    return measure, unit, labels, rng.sample(range(2, 100), len(labels))


def inline(labels: list[str], values: list[int]) -> str:
    """The data on one line."""
    return ", ".join(
        f"{label} {value}" if not label.isdigit() else f"{label}: {value}"
        for label, value in zip(labels, values, strict=True)
    )


@kind("data analysis", 2.0)
def extreme(rng: random.Random) -> Turns:
    """The largest or the smallest value."""
    measure, unit, labels, values = series(rng, rng.choice((3, 4)))
    top = rng.random() < 0.6
    value = max(values) if top else min(values)
    label = labels[values.index(value)]
    word = "highest" if top else "lowest"
    data = (
        inline(labels, values)
        if rng.random() < 0.6
        else "\n\n" + grid(("Name", measure.capitalize()), zip(labels, values, strict=True))
    )
    ask = "[Here are the {m}: {d}. Which is the {w}?|Which entry has the {w} {m}? {d}|Look at these {m}: {d}. Find the {w} value.|Given these {m}, which is the {w}? {d}]"
    text = (
        say(rng, ask, m=measure, w=word, d=data)
        .replace(": \n", ":\n")
        .replace("|. Which", "|\n\nWhich")
        .replace("|. Find", "|\n\nFind")
    )
    turns = [text, f"The {word} value is {value} {unit}, for {label}."]
    if rng.random() < 0.25:
        other = min(values) if top else max(values)
        turns += [
            f"And the {'lowest' if top else 'highest'}?",
            f"The {'lowest' if top else 'highest'} value is {other} {unit}, for {labels[values.index(other)]}.",
        ]
    return turns


@kind("data analysis", 1.2)
def total(rng: random.Random) -> Turns:
    """Sum and mean of a series."""
    measure, unit, labels, values = series(rng, 3)
    if len(values) == 3:
        values[2] += (-sum(values)) % 3
    data, n = inline(labels, values), len(values)
    if rng.random() < 0.5:
        ask = "[The {m} were: {d}. What is the total?|Add up these {m}: {d}.|What is the sum of the {m} in this list? {d}]"
        answer = f"The total is {' + '.join(map(str, values))} = {sum(values)} {unit}."
    else:
        ask = "[The {m} were: {d}. What is the average?|What is the mean of these {m}? {d}|Compute the average of the {m}: {d}.]"
        answer = f"The sum is {sum(values)}. Divided by {n}, the average is {sum(values) // n} {unit}."
    return [say(rng, ask, m=measure, d=data), answer]


@kind("data analysis", 1.5)
def sorting(rng: random.Random) -> Turns:
    """Sort numbers, words or people."""
    which = rng.randrange(3)
    if which == 0:
        values = rng.sample(range(1, 100), rng.choice((4, 5)))
        down = rng.random() < 0.4
        ask = "[Sort these numbers {o}: {v}.|Put the numbers {v} in order {o}.|Arrange {v} {o}.]"
        order = "from largest to smallest" if down else "from smallest to largest"
        return [
            say(rng, ask, o=order, v=", ".join(map(str, values))),
            ", ".join(map(str, sorted(values, reverse=down))),
        ]
    if which == 1:
        words = rng.sample(split(row(rng, "groups")["members"]), rng.choice((3, 4)))
        ask = "[Sort these words alphabetically: {v}.|Put these words in alphabetical order: {v}.|Alphabetize this list: {v}.]"
        return [say(rng, ask, v=", ".join(words)), ", ".join(sorted(words, key=str.lower))]
    measure, _, labels, values = series(rng, 3)
    ranked = sorted(zip(labels, values, strict=True), key=lambda pair: -pair[1])
    ask = "[Rank these by {m}: {d}.|Make a ranking of the {m}: {d}.|Order these entries by {m}, highest first: {d}.]"
    return [
        say(rng, ask, m=measure, d=inline(labels, values)),
        numbered(f"{label}: {value}" for label, value in ranked),
    ]


@kind("data analysis", 1.2)
def trend(rng: random.Random) -> Turns:
    """Does a series rise or fall."""
    measure, unit = rng.choice(MEASURES)
    labels = rng.choice(PERIODS[:3])[:4]
    values = sorted(rng.sample(range(5, 100), 4), reverse=rng.random() < 0.5)
    word = "rise" if values[-1] > values[0] else "fall"
    ask = "[What is the trend in these {m}? {d}|Describe the trend: {m} were {d}.|Are these {m} going up or down? {d}|Summarize this data in one sentence: {m} {d}.]"
    return [
        say(rng, ask, m=measure, d=inline(labels, values)),
        f"The {measure} {word} steadily from {values[0]} to {values[-1]} {unit}, a change of {abs(values[-1] - values[0])}.",
    ]


@kind("data analysis", 2.0)
def sentiment(rng: random.Random) -> Turns:
    """Positive, negative or neutral."""
    label = rng.choice(("positive", "negative", "neutral"))
    pool = {"positive": POSITIVE, "negative": NEGATIVE, "neutral": NEUTRAL}[label]
    thing = rng.choice(
        [
            *split(
                "lamp, phone, chair, printer, backpack, blender, camera, radio, keyboard, toaster, vacuum cleaner, heater, tent, kettle"
            ),
            row(rng, "products")["name"],
        ]
    )
    review = rng.choice(pool).format(t=thing)
    ask = '[Classify the sentiment of this review: "{r}"|Is this review positive, negative or neutral? "{r}"|What is the sentiment of this sentence? {r}|Decide whether this comment is positive, negative or neutral: {r}|Label the sentiment: {r}]'
    turns = [
        say(rng, ask, r=review),
        say(rng, "[{l}|The sentiment is {l}|This review is {l}].", l=label),
    ]
    if rng.random() < 0.2:
        reason = {
            "positive": f"The customer is pleased with the {thing}.",
            "negative": f"The customer is unhappy with the {thing}.",
            "neutral": f"The sentence only states a fact about the {thing}.",
        }[label]
        turns += [say(rng, "[Why?|How do you know?|Can you say why?]"), reason]
    return turns


@kind("data analysis", 1.4)
def topic(rng: random.Random) -> Turns:
    """The topic of a headline."""
    label = rng.choice(list(HEADLINES))
    text = rng.choice(HEADLINES[label])
    options = rng.sample([name for name in HEADLINES if name != label], 2)
    options.insert(rng.randrange(3), label)
    ask = '[What is the topic of this sentence: {t}|Which category fits best, {o}? {t}|Classify this headline as {o}: {t}|Assign a topic to the following text: "{t}"|Choose a category ({o}) for this news item: {t}]'
    return [
        say(rng, ask, t=text, o=f"{options[0]}, {options[1]} or {options[2]}"),
        say(rng, "[The topic is {l}.|{l}|This text belongs to {l}.]", l=label),
    ]


@kind("data analysis", 1.5)
def extraction(rng: random.Random) -> Turns:
    """Names, dates and places out of a sentence."""
    name, city, item = (
        names(rng, 1)[0],
        row(rng, "cities")["name"],
        rng.choice(split("book, ticket, lamp, guitar, jacket, camera, bicycle, table, clock, tent")),
    )
    day, month, price = (
        rng.randint(1, 28),
        rng.choice(split("January, March, April, June, July, September, October, November")),
        rng.randint(5, 95),
    )
    text = f"On {day} {month}, {name} bought a {item} in {city} for {price} dollars."
    fields = {"name": name, "date": f"{day} {month}", "city": city, "item": item, "price": price}
    if rng.random() < 0.5:
        keys = rng.sample(list(fields), rng.choice((2, 3)))
        ask = '[Extract the {k} from this sentence: {t}|Find the {k} in this text: "{t}"|Read this and give me the {k}: {t}]'
        return [
            say(rng, ask, k=f"{', '.join(keys[:-1])} and {keys[-1]}", t=text),
            "\n".join(f"- {key.capitalize()}: {fields[key]}" for key in keys),
        ]
    if rng.random() < 0.6:
        ask = "[Turn this sentence into JSON: {t}|Extract the facts from this sentence as JSON: {t}|Write this as a JSON object with the keys name, item, city and price: {t}]"
        return [
            say(rng, ask, t=text),
            block("json", json.dumps({key: fields[key] for key in ("name", "item", "city", "price")})),
        ]
    question, answer = rng.choice(
        (
            ("Who bought something?", name),
            ("Where did it happen?", city),
            ("How much did it cost?", f"{price} dollars"),
            ("What was bought?", f"a {item}"),
            ("When was it?", fields["date"]),
        )
    )
    return [
        say(rng, "[{t} {q}|Answer from the text. {t} {q}|Read: {t} {q}]", t=text, q=question),
        f"{str(answer)[0].upper()}{str(answer)[1:]}.",
    ]


@kind("data analysis", 1.2)
def reshape(rng: random.Random) -> Turns:
    """CSV to JSON, or a table."""
    people, column = names(rng, 2), rng.choice(("age", "score", "points", "height"))
    values = rng.sample(range(10, 99), 2)
    source = "\n".join([f"name,{column}", *(f"{person},{value}" for person, value in zip(people, values, strict=True))])
    records = [{"name": person, column: value} for person, value in zip(people, values, strict=True)]
    if rng.random() < 0.5:
        return [
            say(rng, "[Convert this CSV to JSON:|Turn this CSV into JSON:|What does this CSV look like as JSON?]")
            + "\n\n"
            + source,
            block("json", json.dumps(records)),
        ]
    if rng.random() < 0.6:
        return [
            say(
                rng,
                "[Format this CSV as a Markdown table:|Make a table from this CSV:|Turn these lines into a Markdown table:]",
            )
            + "\n\n"
            + source,
            grid(("name", column), zip(people, values, strict=True)),
        ]
    return [say(rng, "[Write this JSON as CSV:|Convert this JSON to CSV:]") + f" {json.dumps(records)}", source]


@kind("data analysis", 1.2)
def make_table(rng: random.Random) -> Turns:
    """A small table of facts."""
    which, count = rng.randrange(3), rng.choice((2, 3))
    if which == 0:
        entries, header = rows(rng, "countries", count), ("name", "capital", "continent")
    elif which == 1:
        entries, header = rows(rng, "animals", count), ("name", "group", "food")
    else:
        entries, header = rows(rng, "elements", count), ("name", "symbol", "number")
    listed = ", ".join(entry["name"] for entry in entries)
    ask = "[Make a table with the {k} and {l} of {n}.|Create a table that shows {k} and {l} for {n}.|Put the {k} and {l} of {n} in a table.|I need a Markdown table for {n} with {k} and {l}.]"
    text = say(rng, ask, k=header[1], l=header[2], n=listed)
    return [text, grid([title.capitalize() for title in header], [[entry[key] for key in header] for entry in entries])]


@kind("data analysis")
def chart(rng: random.Random) -> Turns:
    """Which chart to use."""
    (what, kind_of_chart, reason), measure = (
        rng.choice(CHARTS),
        rng.choice(
            split(
                "sales, visitors, orders, prices, downloads, rents, scores, grades, temperatures, costs, exports, births"
            )
        ),
    )
    ask = "[Which chart should I use to show {w}?|I want to show {w}. Which chart is best?|What is the best chart for {w}?|How should I plot {w}?]"
    return [
        say(rng, ask, w=what.format(m=measure)),
        f"Use {kind_of_chart}, because {reason}. Put clear labels on the axes so that readers see the {measure} at once.",
    ]


@kind("data analysis")
def change(rng: random.Random) -> Turns:
    """Percentage change between two values."""
    base, percent = rng.randint(1, 20) * 20, rng.choice((5, 10, 20, 25, 50))
    up, (measure, _) = rng.random() < 0.5, rng.choice(MEASURES)
    new = base + base * percent // 100 * (1 if up else -1)
    ask = "[The {m} went from {a} to {b}. What is the change in percent?|By how many percent did the {m} change from {a} to {b}?|Last year the {m} were {a}, this year {b}. What is the percentage change?]"
    return [
        say(rng, ask, m=measure, a=base, b=new),
        f"The difference is {abs(new - base)}. {abs(new - base)} / {base} = {percent}%, so the {measure} {'rose' if up else 'fell'} by {percent} percent.",
    ]


@kind("data analysis", 1.2)
def counting(rng: random.Random) -> Turns:
    """Count how often something occurs."""
    items = rng.sample(split(row(rng, "groups")["members"]), 3)
    counts = [rng.randint(1, 3) for _ in items]
    words = [item for item, times in zip(items, counts, strict=True) for _ in range(times)]
    rng.shuffle(words)
    target = rng.randrange(3)
    if rng.random() < 0.5:
        ask = '[How often does "{x}" appear in this list: {w}?|Count how many times "{x}" occurs: {w}.]'
        times = counts[target]
        return [
            say(rng, ask, x=items[target], w=", ".join(words)),
            f'The word "{items[target]}" appears {("once", "twice", "three times")[times - 1]}.',
        ]
    ask = "[Count the items in this list: {w}.|How often does each word appear: {w}?|Make a tally of these words: {w}.]"
    return [
        say(rng, ask, w=", ".join(words)),
        "\n".join(f"- {item}: {times}" for item, times in zip(items, counts, strict=True)),
    ]
