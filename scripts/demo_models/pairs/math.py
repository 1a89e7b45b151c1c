"""Arithmetic, word problems, units, geometry and a little algebra."""

import random
from fractions import Fraction
from math import gcd

from .wording import Slots, Texts, Turns, exchange, names, pick, row, rows, toss, words

ROMAN = ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def plain(value: float) -> str:
    """The number without a needless decimal point."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def gain_or_loss(rng: random.Random) -> Slots:
    """A word problem with one addition or subtraction."""
    name, other = names(rng, 2)
    thing, a, b = pick(rng, "things"), rng.randint(11, 60), rng.randint(2, 10)
    return {"name": name, "other": other, "thing": thing, "a": a, "b": b, "sum": a + b, "rest": a - b}


def packs(rng: random.Random) -> Slots:
    """A word problem with one multiplication or division."""
    thing, box, a, b = pick(rng, "things"), pick(rng, "boxes"), rng.randint(2, 12), rng.randint(3, 12)
    return {"thing": thing, "box": box, "a": a, "b": b, "c": a * b, "name": names(rng, 1)[0]}


def percentage(rng: random.Random) -> Slots:
    """A share in percent of a number."""
    percent, base = rng.choice((5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80)), rng.randint(1, 40) * 20
    return {"p": percent, "b": base, "r": plain(base * percent / 100), "half": plain(base * percent / 200)}


def discount(rng: random.Random) -> Slots:
    """The price after a discount."""
    percent, price, good = rng.choice((10, 20, 25, 30, 50)), rng.randint(2, 20) * 10, pick(rng, "goods")
    off = price * percent / 100
    return {"g": good, "p": price, "d": percent, "o": plain(off), "n": plain(price - off)}


def conversion(rng: random.Random) -> Slots:
    """A change of unit."""
    unit, count = row(rng, "units"), rng.randint(2, 15)
    return unit | {"n": count, "r": count * int(unit["factor"])}


def temperature(rng: random.Random) -> Slots:
    """Celsius to Fahrenheit and back."""
    celsius = rng.randint(-2, 20) * 5
    return {"c": celsius, "f": celsius * 9 // 5 + 32}


def rectangle(rng: random.Random) -> Slots:
    """The area or the perimeter of a rectangle."""
    a, b = rng.randint(2, 12), rng.randint(3, 15)
    return {"a": a, "b": b, "p": pick(rng, "rectangles"), "area": a * b, "edge": 2 * (a + b)}


def speed(rng: random.Random) -> Slots:
    """Distance, speed and time."""
    v, t = rng.choice((4, 5, 10, 15, 20, 50, 60, 80, 90, 100)), rng.randint(2, 6)
    people = {4: "hiker", 5: "walker", 10: "runner", 15: "cyclist", 20: "cyclist"}
    return {"w": people.get(v) or rng.choice(("car", "bus", "train", "van")), "v": v, "t": t, "d": v * t}


def average(rng: random.Random) -> Slots:
    """The mean of a few numbers."""
    count = rng.choice((3, 4, 5))
    values = [rng.randint(2, 20) for _ in range(count - 1)]
    values.append((-sum(values)) % count + count * rng.randint(1, 3))
    return {"values": values, "t": sum(values), "n": count, "r": sum(values) // count}


def fraction(rng: random.Random) -> Slots:
    """Simplify a fraction, or take a fraction of a number."""
    bottom = rng.randint(3, 9)
    top = rng.randint(1, bottom - 1)
    which = toss(rng, 0.5)
    factor = rng.randint(2, 9)
    if which == 0:
        a, b = top * factor, bottom * factor
        return {"which": which, "a": a, "b": b, "simple": Fraction(a, b), "divisor": gcd(a, b)}
    numbers = {"top": top, "bottom": bottom, "f": f"{top}/{bottom}"}
    return {"which": which, **numbers, "n": bottom * factor, "part": factor, "r": factor * top}


def equation(rng: random.Random) -> Slots:
    """A linear equation."""
    a, x, b, letter = rng.randint(2, 9), rng.randint(2, 12), rng.randint(1, 20), rng.choice("xyzn")
    return {"a": a, "b": b, "c": a * x + b, "l": letter, "d": a * x, "x": x}


def sequence(rng: random.Random) -> Slots:
    """The next number of a pattern."""
    start, step = rng.randint(1, 20), rng.randint(2, 9)
    if rng.random() < 0.7:
        values, rule = [start + step * i for i in range(5)], "more than"
    else:
        start, step = rng.randint(1, 5), rng.choice((2, 3))
        values, rule = [start * step**i for i in range(5)], "times"
    return {"values": values[:4], "next": values[4], "step": step, "rule": rule}


def arithmetic(rng: random.Random) -> Slots:
    """A bare calculation."""
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    big, small = rng.randint(20, 99), rng.randint(2, 19)
    calculations = (
        (f"{big} plus {small}", f"{big} + {small}", big + small),
        (f"{big} minus {small}", f"{big} - {small}", big - small),
        (f"{a} times {b}", f"{a} × {b}", a * b),
        (f"{a * b} divided by {a}", f"{a * b} ÷ {a}", b),
    )
    return dict(zip("wer", rng.choice(calculations), strict=True))


def divisibility(rng: random.Random) -> Slots:
    """Even or odd, multiples, primes."""
    n, which = rng.randint(10, 99), rng.randrange(3)
    d = rng.choice((3, 4, 5, 6, 9)) if which == 2 else next(d for d in range(2, n + 1) if n % d == 0)
    if which == 0:
        verdict = f"{n} is {'even' if n % 2 == 0 else 'odd'}, because its last digit is {n % 10}."
    elif which == 1:
        prime = f"Yes, {n} is prime: only 1 and {n} divide it."
        verdict = prime if d == n else f"No, {n} is not prime, because {n} = {d} × {n // d}."
    elif n % d == 0:
        verdict = f"Yes, {n} ÷ {d} = {n // d}."
    else:
        verdict = f"No, {n} ÷ {d} is {n // d} with a remainder of {n % d}."
    return {"n": n, "d": d, "which": which, "verdict": verdict}


def ages(rng: random.Random) -> Slots:
    """How old somebody is."""
    older, younger = names(rng, 2)
    a, d, years = rng.randint(6, 30), rng.randint(2, 9), rng.randint(2, 10)
    return {"o": older, "y": younger, "a": a, "d": d, "n": years, "s": a + d, "f": a + d + years}


def saving(rng: random.Random) -> Slots:
    """Weeks of saving for something."""
    name, good = names(rng, 1)[0], pick(rng, "goods")
    each, weeks = rng.choice((2, 3, 4, 5, 8, 10, 20)), rng.randint(3, 12)
    return {"name": name, "g": good, "e": each, "w": weeks, "t": each * weeks}


def shopping(rng: random.Random) -> Slots:
    """The sum of a bill, and the change."""
    x, y = rng.sample(words("things"), 2)
    a, b, p, q = rng.randint(2, 6), rng.randint(2, 6), rng.randint(1, 5), rng.randint(1, 5)
    total, paid = a * p + b * q, rng.choice((60, 70, 80, 100))
    slots = {"x": x, "y": y, "a": a, "b": b, "p": p, "q": q, "ap": a * p, "bq": b * q}
    return slots | {"t": total, "m": paid, "r": paid - total, "name": names(rng, 1)[0]}


def roman(rng: random.Random) -> Slots:
    """Roman numerals."""
    n = rest = rng.randint(4, 60)
    text = ""
    for value, sign in ROMAN:
        text, rest = text + sign * (rest // value), rest % value
    return {"n": n, "t": text}


def rounding(rng: random.Random) -> Slots:
    """Round to tens or hundreds."""
    n, unit = rng.randint(10, 99) * 10 + rng.choice((1, 2, 3, 4, 6, 7, 8, 9)), rng.choice((10, 100))
    low = n // unit * unit
    high = low + unit
    return {"n": n, "unit": unit, "low": low, "high": high, "r": low if n - low < unit / 2 else high}


def term(rng: random.Random, texts: Texts) -> Turns:
    """What a mathematical word means."""
    entry = row(rng, "terms")
    turns = exchange(rng, texts["ask"], texts["reply"], entry)
    if rng.random() < 0.15:
        first, second = rows(rng, "terms", 2)
        turns += exchange(rng, *texts["another"], second if first == entry else first)
    return turns
