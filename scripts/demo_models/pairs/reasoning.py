"""Small logic problems, orderings, analogies, riddles and calendars."""

import random

from .core import Turns, an, capital, kind, names, row, rows, say, split, table

ORDERS = (
    ("taller", "tallest", "shortest"), ("older", "oldest", "youngest"), ("faster", "fastest", "slowest"),
    ("richer", "richest", "poorest"), ("stronger", "strongest", "weakest"), ("heavier", "heaviest", "lightest"),
)  # fmt: skip
WEEK = split("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
MONTHS = split("January, February, March, April, May, June, July, August, September, October, November, December")
TURNS = split("north, east, south, west")
KINSHIP = (
    ("mother's sister", "aunt"), ("father's brother", "uncle"), ("mother's mother", "grandmother"), ("father's father", "grandfather"),
    ("sister's daughter", "niece"), ("brother's son", "nephew"), ("uncle's son", "cousin"), ("aunt's daughter", "cousin"),
    ("son's daughter", "granddaughter"), ("daughter's son", "grandson"), ("husband's mother", "mother-in-law"), ("wife's father", "father-in-law"),
)  # fmt: skip


@kind("reasoning", 1.5)
def ordering(rng: random.Random) -> Turns:
    """Three people and a comparison."""
    a, b, c = names(rng, 3)
    more, most, least = rng.choice(ORDERS)
    end = rng.choice((most, least))
    answer = a if end == most else c
    premises = [f"{a} is {more} than {b}", f"{b} is {more} than {c}"]
    if rng.random() < 0.3:
        premises.reverse()
    slots = {"p": premises[0], "q": premises[1], "e": end, "a": a, "b": b, "c": c, "x": answer, "m": more}
    ask = "[{p}. {q}. Who is the {e}?|{p}, and {q}. Who is the {e}[ of the three|]?|If {p} and {q}, who is the {e}?]"
    turns = [
        say(rng, ask, **slots),
        say(rng, "{a} is {m} than {b}, and {b} is {m} than {c}. So {x} is the {e}.", **slots),
    ]
    if rng.random() < 0.2:
        turns += [
            say(rng, "[And who is in the middle?|Who is in the middle then?]"),
            f"{b} is in the middle, between {a} and {c}.",
        ]
    return turns


@kind("reasoning", 1.2)
def syllogism(rng: random.Random) -> Turns:
    """A conclusion from a rule and a case."""
    entry = row(rng, "groups")
    item, name = rng.choice(entry["members"].split(", ")), names(rng, 1)[0]
    which = rng.randrange(3)
    place = rng.choice(split("box, drawer, basket, shop, room, picture, bag, cupboard"))
    if which == 0:
        ask = f"All the {entry['name']} in the {place} are old. This {item} comes from the {place}. [Is it old?|What follows?|What can we conclude?]"
        answer = f"Yes, the {item} is old. It is one of the {entry['name']} in the {place}, and all of them are old."
    elif which == 1:
        ask = f"Some of the {entry['name']} in the {place} are new. {name} takes the {item} from the {place}. [Is it certainly new?|Do we know that it is new?]"
        answer = f"No, we do not know. Only some of the {entry['name']} are new, and the {item} may be another one."
    else:
        ask = f"None of the {entry['name']} in the {place} are cheap. The {item} is in the {place}. [Is it cheap?|Can it be cheap?]"
        answer = f"No. None of the {entry['name']} in the {place} are cheap, and the {item} is one of them."
    return [say(rng, ask), answer]


@kind("reasoning", 1.5)
def odd_one_out(rng: random.Random) -> Turns:
    """Which item does not belong."""
    group, other = rows(rng, "groups", 2)
    items = group["members"].split(", ")
    strange = rng.choice([item for item in other["members"].split(", ") if item not in items])
    chosen = [*rng.sample(items, 3), strange]
    if {group["name"], other["name"]} & {"insects", "birds"} and "animals" in (group["name"], other["name"]):
        return odd_one_out(rng)
    rng.shuffle(chosen)
    ask = "[Which word does not belong: {w}?|Which is the odd one out: {w}?|Find the odd one out: {w}.|One of these does not fit: {w}. Which one?|Identify the odd word: {w}.]"
    return [
        say(rng, ask, w=", ".join(chosen)),
        say(rng, "{s} does not belong, because the others are {g}.", s=strange, g=group["name"]),
    ]


@kind("reasoning", 1.3)
def analogy(rng: random.Random) -> Turns:
    """Complete an analogy."""
    which = rng.randrange(4)
    if which == 0:
        (a, b), (c, d) = [(e["name"], e["capital"]) for e in rows(rng, "countries", 2)]
        why = f"{d} is the capital of {c}, as {b} is the capital of {a}"
    elif which == 1:
        (a, b), (c, d) = [(e["word"], e["antonym"]) for e in rows(rng, "words", 2)]
        why = f"{d} is the opposite of {c}, as {b} is the opposite of {a}"
    elif which == 2:
        (a, b), (c, d) = [(e["name"], e["group"]) for e in rows(rng, "animals", 2)]
        why = f"{an(c)} is {an(d)}, as {an(a)} is {an(b)}"
    else:
        (a, b), (c, d) = [(e["word"], e["synonym"]) for e in rows(rng, "words", 2)]
        why = f"{d} means nearly the same as {c}, as {b} means nearly the same as {a}"
    ask = "[{a} is to {b} as {c} is to what?|Complete the analogy: {a} is to {b} as {c} is to ...|Complete the analogy: {a} : {b} :: {c} : ?|Finish this analogy: {a} is to {b} as {c} is to]"
    return [say(rng, ask, a=a, b=b, c=c), say(rng, "{d}. {why}.", d=capital(d), why=capital(why))]


@kind("reasoning", 1.2)
def calendar(rng: random.Random) -> Turns:
    """Days and months later."""
    which = rng.randrange(3)
    if which == 0:
        day, count = rng.randrange(7), rng.randint(2, 13)
        ask = "[Today is {d}. What day will it be in {n} days?|If today is {d}, which day of the week is it {n} days from now?|What day comes {n} days after {d}?]"
        left, end = count % 7, WEEK[(day + count) % 7]
        weeks = (
            f"{count} days are one week and {left} days, and"
            if count > 7
            else f"Count {count} days on from {WEEK[day]}:"
        )
        if count == 7:
            answer = f"It will be {WEEK[day]} again, because 7 days are exactly one week."
        elif count > 7:
            answer = (
                f"{weeks} {left} days after {WEEK[day]} is {end}."
                if left > 1
                else f"{count} days are one week and one day, and one day after {WEEK[day]} is {end}."
            )
        else:
            answer = f"{weeks} it will be {end}."
        return [say(rng, ask, d=WEEK[day], n=count), answer]
    month, count = rng.randrange(12), rng.randint(2, 8)
    if which == 1:
        return [
            say(
                rng,
                "[Which month is {n} months after {m}?|It is {m} now. Which month is it in {n} months?]",
                n=count,
                m=MONTHS[month],
            ),
            f"{count} months after {MONTHS[month]} is {MONTHS[(month + count) % 12]}.",
        ]
    before, after = MONTHS[month - 1], MONTHS[(month + 1) % 12]
    return [
        say(rng, "[Which month comes [after|before] {m}?|Between which months does {m} lie?]", m=MONTHS[month]),
        f"{MONTHS[month]} comes after {before} and before {after}.",
    ]


@kind("reasoning")
def clock(rng: random.Random) -> Turns:
    """When something ends."""
    hour, minute, length = (
        rng.randint(7, 20),
        rng.choice((0, 15, 30, 45)),
        rng.choice((20, 30, 40, 45, 50, 75, 90, 105, 120)),
    )
    thing = rng.choice(
        split("lesson, film, meeting, concert, match, train ride, workshop, class, lecture, play, tour, exam")
    )
    end = hour * 60 + minute + length
    start, stop = f"{hour}:{minute:02}", f"{end // 60}:{end % 60:02}"
    if rng.random() < 0.5:
        ask, answer = (
            "[A {t} starts at {s} and lasts {n} minutes. When does it end?|The {t} begins at {s} and takes {n} minutes. At what time is it over?]",
            "{n} minutes after {s} is {e}, so the {t} ends at {e}.",
        )
    else:
        ask, answer = (
            "[A {t} starts at {s} and ends at {e}. How long does it last?|How long is a {t} from {s} to {e}?]",
            "From {s} to {e} is {n} minutes, so the {t} lasts {n} minutes.",
        )
    slots = {"t": thing, "s": start, "n": length, "e": stop}
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("reasoning")
def kinship(rng: random.Random) -> Turns:
    """Family relations."""
    (path, relation), name = rng.choice(KINSHIP), names(rng, 1)[0]
    ask = "[What do I call my {p}?|{n} is my {p}. How are we related?|How is my {p} related to me?|{n} visits [his|her] {p}. What is this relative called?|Which word describes my {p}?]"
    return [
        say(rng, ask, p=path, n=name),
        f"Your {path} is your {relation}." if rng.random() < 0.7 else f"A {path} is called {an(relation)}.",
    ]


@kind("reasoning", 1.2)
def direction(rng: random.Random) -> Turns:
    """Turns on a compass."""
    name, facing = names(rng, 1)[0], rng.randrange(4)
    moves = [rng.choice(("left", "right", "around")) for _ in range(rng.choice((1, 2)))]
    step, at, parts = {"left": -1, "right": 1, "around": 2}, facing, []
    for move in moves:
        at = (at + step[move]) % 4
        parts.append(f"turns {move} and faces {TURNS[at]}")
    text = " and then turns ".join(moves)
    ask = "[{n} faces {f} and turns {m}. [In|] which direction does {n} face now?|{n} is facing {f}, turns {m}. Where is {n} looking?]"
    ask = ask.replace("[In|] which", "Which")
    return [
        say(rng, ask, n=name, f=TURNS[facing], m=text),
        f"{name} faces {TURNS[facing]}, {', then '.join(parts)}. So the answer is {TURNS[at]}.",
    ]


@kind("reasoning", 1.2)
def riddle(rng: random.Random) -> Turns:
    """Riddles: solve one, or tell one."""
    entry = row(rng, "riddles")
    if rng.random() < 0.6:
        ask = "[Solve this riddle: {question}|{question}|Here is a riddle: {question}|Can you solve this riddle? {question}|Riddle: {question}]"
        return [
            say(rng, ask, **entry),
            say(rng, "[The answer is {answer}|It is {answer}|{answer}], because {reason}.", **entry),
        ]
    ask = "[Tell me a riddle.|Do you know a riddle about {answer}?|Give me a riddle whose answer is {answer}.|Write a riddle about {answer}.|I need a riddle for a [children's party|quiz night|long car ride]. The answer should be {answer}.]"
    turns = [say(rng, ask, **entry), entry["question"]]
    if rng.random() < 0.6:
        turns += [
            say(rng, "[What is the answer?|I give up. What is it?|And the solution?|Is it {answer}?]", **entry),
            say(rng, "It is {answer}, because {reason}.", **entry),
        ]
    else:
        turns[1] += f" (Answer: {entry['answer']})"
    return turns


@kind("reasoning")
def letters(rng: random.Random) -> Turns:
    """Patterns of letters, and words taken apart."""
    word = rng.choice(table("words"))["word"]
    which = rng.randrange(4)
    if which == 0:
        return [
            say(
                rng,
                '[How many letters are in the word "{w}"?|Count the letters of "{w}".|How long is the word "{w}"?]',
                w=word,
            ),
            f'The word "{word}" has {len(word)} letters: {"-".join(word)}.',
        ]
    if which == 1:
        return [
            say(rng, '[Spell "{w}" backwards.|Reverse the word "{w}".|What is "{w}" written backwards?]', w=word),
            f'"{word}" spelled backwards is "{word[::-1]}".',
        ]
    if which == 2:
        return [
            say(
                rng,
                '[What is the first letter of "{w}"?|Which letter does "{w}" begin with?|What are the first and last letters of "{w}"?]',
                w=word,
            ),
            f'The word "{word}" begins with {word[0].upper()} and ends with {word[-1].upper()}.',
        ]
    start, step = rng.randrange(10), rng.choice((1, 2, 3))
    series = [chr(65 + start + step * i) for i in range(5)]
    gap = {1: "the next letter follows", 2: "one letter is skipped", 3: "two letters are skipped"}[step]
    return [
        say(
            rng,
            "[Which letter comes next: {s}?|Continue the series {s}.|What is the next letter after {s}?]",
            s=", ".join(series[:4]),
        ),
        f"The next letter is {series[4]}, because {gap} each time.",
    ]


@kind("reasoning")
def enough(rng: random.Random) -> Turns:
    """Does it fit, is it enough."""
    name, thing, seats, groups = (
        names(rng, 1)[0],
        rng.choice(split("chairs, sandwiches, tickets, helmets, notebooks, cups, beds, plates, T-shirts, umbrellas")),
        rng.randint(3, 12),
        rng.randint(2, 8),
    )
    have = rng.randint(10, 60)
    need = seats * groups
    ask = f"{name} has {have} {thing} for {groups} groups of {seats} people. [Are there enough {thing}?|Is that enough?|Does everybody get one?]"
    verdict = f"Yes, {have} {thing} are enough." if have >= need else f"No, {need - have} {thing} are missing."
    return [say(rng, ask), f"{groups} groups of {seats} are {need} people. {verdict}"]


@kind("reasoning")
def if_then(rng: random.Random) -> Turns:
    """Conditionals, used rightly and wrongly."""
    cause, effect = rng.choice((
        ("it rains", "the street is wet"), ("the shop is open", "the light is on"), ("the train is late", "the platform is full"),
        ("the oven is on", "the kitchen is warm"), ("it is a holiday", "the school is closed"), ("the dog hears the bell", "it barks"),
        ("the battery is empty", "the phone is off"), ("the wind is strong", "the flag moves"), ("the baby sleeps", "the house is quiet"),
    ))  # fmt: skip
    if rng.random() < 0.5:
        ask = "[If {c}, {e}. {C}. What follows?|Whenever {c}, {e}. Now {c}. What can we conclude?]"
        answer = f"It follows that {effect}, because the rule says so whenever {cause}."
    else:
        ask = "[If {c}, {e}. {E}. Does it follow that {c}?|Whenever {c}, {e}. Now {e}. Can we be sure that {c}?]"
        answer = f"No. The rule says what happens when {cause}, but there may be another reason why {effect}."
    return [say(rng, ask, c=cause, e=effect, C=capital(cause), E=capital(effect)), answer]
