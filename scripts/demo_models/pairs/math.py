"""Arithmetic, word problems, units, geometry and a little algebra."""

import random
from fractions import Fraction
from math import gcd

from .core import Turns, kind, names, rows, say, split, table

THINGS = split(
    "apples, pencils, stickers, marbles, books, stamps, cookies, eggs, oranges, balloons, cards, coins, shells, buttons,"
    " candles, postcards, tickets, seeds, bricks, muffins, toys, flowers, bottles, badges"
)
BOXES = split("boxes, bags, baskets, packs, trays, crates, jars, shelves")
UNITS = (
    ("kilometres", "metres", 1000), ("metres", "centimetres", 100), ("hours", "minutes", 60), ("minutes", "seconds", 60),
    ("kilograms", "grams", 1000), ("litres", "millilitres", 1000), ("days", "hours", 24), ("weeks", "days", 7),
    ("years", "months", 12), ("feet", "inches", 12), ("yards", "feet", 3), ("centimetres", "millimetres", 10),
    ("dozens", "single items", 12), ("tonnes", "kilograms", 1000),
)  # fmt: skip
GOODS = (
    "shirt", "jacket", "lamp", "backpack", "chair", "pair of shoes", "radio", "watch", "blanket", "bicycle helmet",
    "tent", "coat", "printer", "desk", "sweater", "camera",
)  # fmt: skip


def number(value: float) -> str:
    """The number without a needless decimal point."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@kind("math", 1.5)
def gain_or_loss(rng: random.Random) -> Turns:
    """A word problem with one addition or subtraction."""
    name, other = names(rng, 2)
    thing, a, b = rng.choice(THINGS), rng.randint(11, 60), rng.randint(2, 10)
    if rng.random() < 0.5:
        ask = (
            "{name} has {a} {thing} and [gets|buys|finds] {b} more. How many {thing} does {name} have [now|altogether]?"
        )
        answer = "{name} starts with {a} {thing} and gets {b} more. {a} + {b} = {c}, so {name} has {c} {thing}."
        c = a + b
    else:
        ask = "{name} has {a} {thing} and gives {b} [of them to {other}|to {other}]. How many {thing} [are left|does {name} have left]?"
        answer = "{name} starts with {a} {thing} and gives away {b}. {a} - {b} = {c}, so {c} {thing} are left."
        c = a - b
    slots = {"name": name, "other": other, "thing": thing, "a": a, "b": b, "c": c}
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math", 1.3)
def packs(rng: random.Random) -> Turns:
    """A word problem with one multiplication or division."""
    thing, box, a, b = rng.choice(THINGS), rng.choice(BOXES), rng.randint(2, 12), rng.randint(3, 12)
    slots = {"thing": thing, "box": box, "a": a, "b": b, "c": a * b, "name": names(rng, 1)[0]}
    if rng.random() < 0.5:
        ask = "[There are|{name} has|A shop sells] {a} {box} with {b} {thing} [each|in each of them]. How many {thing} are there in total?"
        answer = "Multiply the number of {box} by the number of {thing} in each: {a} × {b} = {c}. There are {c} {thing} in total."
    else:
        ask = "{name} [wants to share|divides|puts] {c} {thing} equally [between|into] {a} {box}. How many {thing} go into each of the {box}?"
        answer = "Divide {c} by {a}: {c} ÷ {a} = {b}. Each of the {a} {box} gets {b} {thing}."
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math", 1.2)
def percentage(rng: random.Random) -> Turns:
    """A share in percent of a number."""
    percent, base = rng.choice((5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80)), rng.randint(1, 40) * 20
    result = number(base * percent / 100)
    ask = "[What is {p}% of {b}?|Calculate {p} percent of {b}.|How much is {p}% of {b}?|How do I find {p}% of {b}?|I need {p} percent of {b}. What is it?]"
    answer = "[{p}% of {b} is {r}, because {b} × {p} / 100 = {r}.|To find {p}% of {b}, multiply {b} by {p} and divide by 100. The result is {r}.]"
    slots = {"p": percent, "b": base, "r": result}
    turns = [say(rng, ask, **slots), say(rng, answer, **slots)]
    if rng.random() < 0.15:
        turns += [
            say(rng, "And what is half of [that|the result]?"),
            f"Half of {result} is {number(base * percent / 200)}.",
        ]
    return turns


@kind("math")
def discount(rng: random.Random) -> Turns:
    """The price after a discount."""
    percent, price, good = rng.choice((10, 20, 25, 30, 50)), rng.randint(2, 20) * 10, rng.choice(GOODS)
    off = price * percent / 100
    ask = (
        "A {g} costs ${p} and is [reduced by {d}%|on sale at {d}% off]. [What is the new price?|How much do I pay?]"
        if rng.random() < 0.6
        else "[How much does|What does] a ${p} {g} cost [with|after] a {d}% discount?"
    )
    answer = "The discount on the {g} is {d}% of ${p}, which is ${o}. The new price is ${p} - ${o} = ${n}."
    slots = {"g": good, "p": price, "d": percent, "o": number(off), "n": number(price - off)}
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math", 1.4)
def conversion(rng: random.Random) -> Turns:
    """A change of unit."""
    big, small, factor = rng.choice(UNITS)
    count = rng.randint(2, 15)
    slots = {
        "big": big,
        "small": small,
        "f": factor,
        "n": count,
        "r": count * factor,
        "one": big[:-1] if big != "feet" else "foot",
    }
    if rng.random() < 0.7:
        ask = "[How many {small} are [there |]in {n} {big}?|Convert {n} {big} [to|into] {small}.|Please convert {n} {big} to {small}.|What is {n} {big} in {small}?]"
        answer = "[There are {r} {small} in {n} {big}, because one {one} has {f} {small}.|One {one} has {f} {small}, so {n} {big} are {n} × {f} = {r} {small}.]"
    else:
        ask = "[How many {big} are {r} {small}?|Convert {r} {small} [to|into] {big}.]"
        answer = "One {one} has {f} {small}, so {r} {small} are {r} ÷ {f} = {n} {big}."
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math", 0.7)
def temperature(rng: random.Random) -> Turns:
    """Celsius to Fahrenheit and back."""
    celsius = rng.randint(-2, 20) * 5
    slots = {"c": celsius, "f": celsius * 9 // 5 + 32}
    if rng.random() < 0.5:
        ask, answer = (
            "[What is {c} degrees Celsius in Fahrenheit?|Convert {c}°C to Fahrenheit.]",
            "{c} degrees Celsius is {f} degrees Fahrenheit. Multiply by 9, divide by 5 and add 32.",
        )
    else:
        ask, answer = (
            "[What is {f} degrees Fahrenheit in Celsius?|Convert {f}°F to Celsius.]",
            "{f} degrees Fahrenheit is {c} degrees Celsius. Subtract 32, multiply by 5 and divide by 9.",
        )
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math", 1.2)
def rectangle(rng: random.Random) -> Turns:
    """The area or the perimeter of a rectangle."""
    a, b = rng.randint(2, 12), rng.randint(3, 15)
    place, unit = (
        rng.choice(split("room, garden, field, carpet, table top, wall, playground, swimming pool, poster, terrace")),
        "metres",
    )
    slots = {"a": a, "b": b, "p": place, "u": unit, "area": a * b, "edge": 2 * (a + b)}
    if rng.random() < 0.5:
        ask = "[What is the area of a {p} that is {a} {u} wide and {b} {u} long?|A {p} is {a} {u} wide and {b} {u} long. What is its area?|Find the area of a rectangular {p} of {a} by {b} {u}.]"
        answer = "The area of the {p} is width times length: {a} × {b} = {area} square {u}."
    else:
        ask = "[What is the perimeter of a {p} that is {a} {u} wide and {b} {u} long?|A {p} measures {a} by {b} {u}. What is its perimeter?|How much fence do I need around a {p} of {a} by {b} {u}?]"
        answer = "The perimeter of the {p} is 2 × ({a} + {b}) = {edge} {u}."
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math")
def speed(rng: random.Random) -> Turns:
    """Distance, speed and time."""
    v, t = rng.choice((4, 5, 10, 15, 20, 50, 60, 80, 90, 100)), rng.randint(2, 6)
    who = {4: "hiker", 5: "walker", 10: "runner", 15: "cyclist", 20: "cyclist"}.get(v) or rng.choice(
        ("car", "bus", "train", "van")
    )
    slots = {"w": who, "v": v, "t": t, "d": v * t}
    ask, answer = rng.choice((
        ("A {w} travels at {v} kilometres per hour for {t} hours. [How far does it go?|What distance does it cover?]", "Distance is speed times time. {v} × {t} = {d}, so the {w} covers {d} kilometres."),
        ("A {w} [covers|travels] {d} kilometres in {t} hours. What is its average speed?", "Average speed is distance divided by time. {d} ÷ {t} = {v}, so the {w} travels at {v} kilometres per hour."),
        ("How long does a {w} need for {d} kilometres at {v} kilometres per hour?", "Time is distance divided by speed. {d} ÷ {v} = {t}, so the {w} needs {t} hours."),
    ))  # fmt: skip
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math")
def average(rng: random.Random) -> Turns:
    """The mean of a few numbers."""
    count = rng.choice((3, 4, 5))
    values = [rng.randint(2, 20) for _ in range(count - 1)]
    values.append((-sum(values)) % count + count * rng.randint(1, 3))
    total = sum(values)
    slots = {
        "v": ", ".join(map(str, values)),
        "s": " + ".join(map(str, values)),
        "t": total,
        "n": count,
        "r": total // count,
    }
    ask = "[What is the [average|mean] of {v}?|Find the [average|mean] of these numbers: {v}.|Calculate the mean of {v}.|My scores are {v}. What is my average?]"
    answer = "The sum is {s} = {t}. There are {n} numbers, so the average is {t} ÷ {n} = {r}."
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math")
def fraction(rng: random.Random) -> Turns:
    """Simplify a fraction, or take a fraction of a number."""
    bottom = rng.randint(3, 9)
    top = rng.randint(1, bottom - 1)
    if rng.random() < 0.5:
        factor = rng.randint(2, 9)
        a, b = top * factor, bottom * factor
        simple, divisor = Fraction(a, b), gcd(a, b)
        ask = "[Simplify the fraction {a}/{b}.|What is {a}/{b} in lowest terms?|How do I simplify {a}/{b}?]"
        return [say(rng, ask, a=a, b=b), f"Divide the top and the bottom by {divisor}: {a}/{b} = {simple}."]
    base = bottom * rng.randint(2, 9)
    ask = "[What is {f} of {n}?|How much is {f} of {n}?|Calculate {f} of {n}.]"
    share = f"{top}/{bottom}"
    return [
        say(rng, ask, f=share, n=base),
        f"{base} ÷ {bottom} = {base // bottom}, and {base // bottom} × {top} = {base // bottom * top}. So {share} of {base} is {base // bottom * top}.",
    ]


@kind("math", 1.2)
def equation(rng: random.Random) -> Turns:
    """A linear equation."""
    a, x, b, letter = rng.randint(2, 9), rng.randint(2, 12), rng.randint(1, 20), rng.choice("xyzn")
    c = a * x + b
    ask = "[Solve {a}{l} + {b} = {c}.|Solve the equation {a}{l} + {b} = {c} for {l}.|What is {l} if {a}{l} + {b} = {c}?|Find {l}: {a}{l} + {b} = {c}|Can you solve {a}{l} + {b} = {c} [step by step|and show the steps]?]"
    answer = "Subtract {b} from both sides: {a}{l} = {d}.\nDivide both sides by {a}: {l} = {x}."
    slots = {"a": a, "b": b, "c": c, "l": letter, "d": c - b, "x": x}
    turns = [say(rng, ask, **slots), say(rng, answer, **slots)]
    if rng.random() < 0.15:
        turns += [
            say(rng, "[How can I check that?|Can you check the result?]"),
            f"Put {letter} = {x} into the equation: {a} × {x} + {b} = {a * x} + {b} = {c}. It is correct.",
        ]
    return turns


@kind("math")
def sequence(rng: random.Random) -> Turns:
    """The next number of a pattern."""
    start, step = rng.randint(1, 20), rng.randint(2, 9)
    if rng.random() < 0.7:
        values, rule = [start + step * i for i in range(5)], f"Each number is {step} more than the one before"
    else:
        start, step = rng.randint(1, 5), rng.choice((2, 3))
        values, rule = [start * step**i for i in range(5)], f"Each number is {step} times the one before"
    ask = "[What comes next: {v}?|What is the next number in the sequence {v}?|Continue the pattern {v}.|Find the next number: {v}, ...]"
    return [say(rng, ask, v=", ".join(map(str, values[:4]))), f"{rule}, so the next number is {values[4]}."]


@kind("math", 1.5)
def arithmetic(rng: random.Random) -> Turns:
    """A bare calculation."""
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    big, small = rng.randint(20, 99), rng.randint(2, 19)
    word, expression, result = rng.choice((
        (f"{big} plus {small}", f"{big} + {small}", big + small),
        (f"{big} minus {small}", f"{big} - {small}", big - small),
        (f"{a} times {b}", f"{a} × {b}", a * b),
        (f"{a * b} divided by {a}", f"{a * b} ÷ {a}", b),
    ))  # fmt: skip
    ask = "[What is {w}?|Calculate {e}.|What is {e}?|Compute {e}.|How much is {w}?|Please work out {e}.]"
    return [
        say(rng, ask, w=word, e=expression),
        say(rng, "[{e} = {r}.|The answer is {r}, because {e} = {r}.|{w} is {r}.]", w=word, e=expression, r=result),
    ]


@kind("math")
def divisibility(rng: random.Random) -> Turns:
    """Even or odd, multiples, primes."""
    n = rng.randint(10, 99)
    which = rng.randrange(3)
    if which == 0:
        ask, verdict = (
            "Is {n} [even or odd|an even number]?",
            f"{n} is {'even' if n % 2 == 0 else 'odd'}, because its last digit is {n % 10}.",
        )
    elif which == 1:
        smallest = next(d for d in range(2, n + 1) if n % d == 0)
        ask = "Is {n} a prime number?"
        verdict = (
            f"Yes, {n} is prime: only 1 and {n} divide it."
            if smallest == n
            else f"No, {n} is not prime, because {n} = {smallest} × {n // smallest}."
        )
    else:
        d = rng.choice((3, 4, 5, 6, 9))
        ask = f"[Is {{n}} divisible by {d}?|Can {{n}} be divided by {d} without a remainder?]"
        verdict = (
            f"Yes, {n} ÷ {d} = {n // d}." if n % d == 0 else f"No, {n} ÷ {d} is {n // d} with a remainder of {n % d}."
        )
    return [say(rng, ask, n=n), verdict]


@kind("math")
def ages(rng: random.Random) -> Turns:
    """How old somebody is."""
    older, younger = names(rng, 2)
    a, d, years = rng.randint(6, 30), rng.randint(2, 9), rng.randint(2, 10)
    slots = {"o": older, "y": younger, "a": a, "d": d, "n": years, "s": a + d, "f": a + d + years}
    ask, answer = rng.choice((
        ("{y} is {a} years old. {o} is {d} years older. How old is {o}?", "{o} is {d} years older than {y}, so {o} is {a} + {d} = {s} years old."),
        ("{o} is {d} years older than {y}, who is {a}. How old will {o} be in {n} years?", "{o} is {a} + {d} = {s} now. In {n} years {o} will be {s} + {n} = {f} years old."),
    ))  # fmt: skip
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math")
def saving(rng: random.Random) -> Turns:
    """Weeks of saving for something."""
    name, good, each, weeks = (
        names(rng, 1)[0],
        rng.choice(GOODS),
        rng.choice((2, 3, 4, 5, 8, 10, 20)),
        rng.randint(3, 12),
    )
    slots = {"name": name, "g": good, "e": each, "w": weeks, "t": each * weeks}
    ask = "{name} saves ${e} [a|every|each] week [for|and wants to buy] a {g} that costs ${t}. How many weeks does {name} need?"
    return [
        say(rng, ask, **slots),
        say(
            rng,
            "{name} needs ${t} and saves ${e} per week. {t} ÷ {e} = {w}, so it takes {w} weeks to save for the {g}.",
            **slots,
        ),
    ]


@kind("math", 0.8)
def shopping(rng: random.Random) -> Turns:
    """The sum of a bill, and the change."""
    first, second = rng.sample(THINGS, 2)
    a, b, p, q = rng.randint(2, 6), rng.randint(2, 6), rng.randint(1, 5), rng.randint(1, 5)
    total, paid = a * p + b * q, rng.choice((60, 70, 80, 100))
    slots = {
        "x": first,
        "y": second,
        "a": a,
        "b": b,
        "p": p,
        "q": q,
        "ap": a * p,
        "bq": b * q,
        "t": total,
        "m": paid,
        "r": paid - total,
        "name": names(rng, 1)[0],
    }
    ask = "{name} buys {a} {x} for ${p} each and {b} {y} for ${q} each. "
    answer = "The {x} cost {a} × {p} = ${ap} and the {y} cost {b} × {q} = ${bq}. The total is ${t}."
    if rng.random() < 0.5:
        ask, answer = (
            ask + "{name} pays with ${m}. How much change is there?",
            answer + " The change is {m} - {t} = ${r}.",
        )
    else:
        ask += "[What is the total?|How much does {name} spend?]"
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("math", 0.7)
def roman(rng: random.Random) -> Turns:
    """Roman numerals."""
    n, rest, text = rng.randint(4, 60), 0, ""
    rest = n
    for value, sign in ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        text, rest = text + sign * (rest // value), rest % value
    if rng.random() < 0.5:
        return [
            say(rng, "[Write {n} in Roman numerals.|What is {n} as a Roman numeral?]", n=n),
            f"{n} in Roman numerals is {text}.",
        ]
    return [
        say(rng, "[What number is {t} in Roman numerals?|Which number does the Roman numeral {t} stand for?]", t=text),
        f"The Roman numeral {text} stands for {n}.",
    ]


@kind("math", 0.8)
def rounding(rng: random.Random) -> Turns:
    """Round to tens or hundreds."""
    n, unit = rng.randint(10, 99) * 10 + rng.choice((1, 2, 3, 4, 6, 7, 8, 9)), rng.choice((10, 100))
    low = n // unit * unit
    result = low if n - low < unit / 2 else low + unit
    ask = "[Round {n} to the nearest {u}.|What is {n} rounded to the nearest {u}?]"
    return [
        say(rng, ask, n=n, u=unit),
        f"{n} lies between {low} and {low + unit} and is closer to {result}, so {n} rounded to the nearest {unit} is {result}.",
    ]


@kind("math", 0.8)
def term(rng: random.Random) -> Turns:
    """What a mathematical word means."""
    entry = rng.choice(table("terms"))
    ask = "[What is {name}?|What does {name} mean in mathematics?|Explain {name} in simple words.|Can you explain {name} to a [child|beginner|student]?|Define {name} and give an example.]"
    turns = [
        say(rng, ask, **entry),
        say(
            rng,
            "{name} is {definition}. [For example, {example}|Example: {example}|Here is an example: {example}].",
            **entry,
        ),
    ]
    if rng.random() < 0.15:
        other = rows(rng, "terms", 2)
        second = other[0] if other[0] != entry else other[1]
        turns += [say(rng, "And what is {name}?", **second), say(rng, "{name} is {definition}.", **second)]
    return turns
