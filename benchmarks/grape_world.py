"""A world of tasks with one right answer, and teachers who solve them in different styles.

The design, fixed before any result was seen:

- Eight kinds of tasks. Each has a question, a worked solution in steps (`what`, `result`), a second way to the same
  answer (`detour`), and the answer.
- Six teachers. All are always right and end in a line `Result: ANSWER`; they differ in how they come to it.
  `ledger` writes one step a line, `sentences` the same steps as sentences, `wordy` the same with much talk around them,
  `spelled` the same with each digit as a word, `detour` the second way as a ledger, `terse` the result alone.
- The base model's plain text holds worked solutions in the style of `ledger` and no other, among text of other kinds.
- One task in eight, told by the hash of its steps, is held out: in no text that a model reads before it is asked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from curate.records.identity import derive_seed

Step = tuple[str, str]

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NAMES = ("Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Henry")
THINGS = ("apples", "books", "coins", "pens", "stamps", "cards", "shells", "marbles")
UNITS = (("hours", "minutes", 60), ("feet", "inches", 12), ("weeks", "days", 7), ("pounds", "ounces", 16))


@dataclass(frozen=True)
class Task:
    """A question with its one right answer, and two ways to it."""

    kind: str
    question: str
    steps: tuple[Step, ...]
    detour: tuple[Step, ...]
    answer: str

    @property
    def held_out(self) -> bool:
        return derive_seed(self.kind, self.steps) % 8 == 0


def add(rng: random.Random) -> Task:
    a, b = rng.randint(11, 89), rng.randint(11, 89)
    name, things = rng.choice(NAMES), rng.choice(THINGS)
    ones, tens = a % 10 + b % 10, a - a % 10 + b - b % 10
    return Task(
        "add",
        f"{name} has {a} {things} and gets {b} more. How many {things} does {name} have now?",
        (_sum(a % 10, b % 10), _sum(a - a % 10, b - b % 10), _sum(tens, ones)),
        (_sum(a, b - b % 10), _sum(a + b - b % 10, b % 10)),
        str(a + b),
    )


def multiply(rng: random.Random) -> Task:
    boxes, per_box, things = rng.randint(11, 49), rng.randint(2, 9), rng.choice(THINGS)
    tens, ones = boxes - boxes % 10, boxes % 10
    above = tens + 10
    return Task(
        "multiply",
        f"One box holds {per_box} {things}. How many {things} do {boxes} boxes hold?",
        (_product(tens, per_box), _product(ones, per_box), _sum(tens * per_box, ones * per_box)),
        (
            _product(above, per_box),
            _product(above - boxes, per_box),
            _difference(above * per_box, (above - boxes) * per_box),
        ),
        str(boxes * per_box),
    )


def weekday(rng: random.Random) -> Task:
    start, days = rng.randrange(7), rng.randint(3, 34)
    rest = days % 7
    walk = [(f"{DAYS[(start + n) % 7]} + 1", DAYS[(start + n + 1) % 7]) for n in range(rest)]
    weeks = [_difference(days, days - rest)] if days > rest else []
    end = (start + days) % 7
    numbered = ((DAYS[start], str(start + 1)), _sum(start + 1, days), (f"{start + 1 + days} mod 7", str((end + 1) % 7)))
    return Task(
        "weekday",
        f"Today is {DAYS[start]}. Which day is it in {days} days?",
        (*weeks, *walk),
        numbered,
        DAYS[end],
    )


def sort(rng: random.Random) -> Task:
    numbers = [str(number) for number in rng.sample(range(10, 100), 4)]
    order = sorted(numbers)
    left = [[number for number in numbers if number not in order[:n]] for n in range(4)]
    return Task(
        "sort",
        f"Sort these numbers, the smallest first: {' '.join(numbers)}",
        tuple((f"smallest of {' '.join(rest)}", order[n]) for n, rest in enumerate(left)),
        tuple((f"insert {number}", " ".join(sorted(numbers[: n + 1]))) for n, number in enumerate(numbers)),
        " ".join(order),
    )


def convert(rng: random.Random) -> Task:
    large, small, factor = rng.choice(UNITS)
    many, few = rng.randint(2, 6), rng.randint(1, factor - 1)
    repeated = tuple(_sum(total, factor) for total in range(factor, many * factor, factor))
    return Task(
        "convert",
        f"How many {small} are {many} {large} and {few} {small}?",
        (_product(many, factor), _sum(many * factor, few)),
        (*repeated, _sum(many * factor, few)),
        str(many * factor + few),
    )


def remove(rng: random.Random) -> Task:
    letter, *others = rng.sample("abcdefghijklmnoprstuvw", 5)
    letters = [letter if rng.random() < 0.4 else rng.choice(others) for _ in range(6)]
    keep = [" ".join(x for x in half if x != letter) or "nothing" for half in (letters[:3], letters[3:])]
    answer = " ".join(x for x in letters if x != letter) or "nothing"
    positions = [str(position) for position, x in enumerate(letters, 1) if x != letter]
    return Task(
        "remove",
        f"Remove every {letter} from: {' '.join(letters)}",
        ((" ".join(letters[:3]), keep[0]), (" ".join(letters[3:]), keep[1]), (f"{keep[0]} and {keep[1]}", answer)),
        ((f"not {letter} at", " ".join(positions) or "nothing"), ("letters there", answer)),
        answer,
    )


def count(rng: random.Random) -> Task:
    letter, *others = rng.sample("abcdefghijklmnoprstuvw", 4)
    letters = [letter if rng.random() < 0.45 else rng.choice(others) for _ in range(8)]
    halves = letters[:4], letters[4:]
    first, second = (half.count(letter) for half in halves)
    positions = " ".join(str(position) for position, x in enumerate(letters, 1) if x == letter) or "nothing"
    return Task(
        "count",
        f"How many times does {letter} stand in: {' '.join(letters)}",
        (*((f"{letter} in {' '.join(half)}", str(half.count(letter))) for half in halves), _sum(first, second)),
        ((f"{letter} at", positions), (f"size of {positions}", str(first + second))),
        str(first + second),
    )


def clock(rng: random.Random) -> Task:
    hour, minute, later = rng.randint(1, 11), rng.randint(10, 59), rng.randint(10, 59)
    total = minute + later
    answer = f"{hour + total // 60}:{total % 60:02d}"
    if total < 60:
        steps: tuple[Step, ...] = (_sum(minute, later),)
        tens = later - later % 10
        detour: tuple[Step, ...] = (_sum(minute, tens), _sum(minute + tens, later % 10))
    else:
        steps = (_sum(minute, later), _difference(total, 60), _sum(hour, 1))
        detour = (_difference(60, minute), _difference(later, 60 - minute), _sum(hour, 1))
    question = f"It is {hour}:{minute}. What time is it {later} minutes later?"
    return Task("clock", question, steps, detour, answer)


KINDS: tuple[Callable[[random.Random], Task], ...] = (add, multiply, weekday, sort, convert, remove, count, clock)


def tasks(seed: int, held_out: bool) -> Iterator[Task]:
    """Tasks without end, the kinds in turn, either only those held out or only the others."""
    rng = random.Random(seed)
    while True:
        for kind in KINDS:
            task = kind(rng)
            while task.held_out != held_out:
                task = kind(rng)
            yield task


def ledger(task: Task, rng: random.Random) -> str:
    return "".join(f"{what} = {result}\n" for what, result in task.steps)


def sentences(task: Task, rng: random.Random) -> str:
    joints = ["First", *rng.choices(("Then", "Next", "After that"), k=len(task.steps) - 1)]
    lines = zip(joints, task.steps, strict=True)
    return " ".join(f"{joint} {what} = {result}." for joint, (what, result) in lines) + "\n"


def wordy(task: Task, rng: random.Random) -> str:
    opening = rng.choice(
        ("What a nice question!", "Sure, I am happy to help with that.", "Let us look at this calmly.")
    )
    closing = rng.choice(("With that, all is done that had to be done.", "It is always good to go over it once more."))
    joints = rng.choices(("We take", "Let us now look at", "The next thing to do is"), k=len(task.steps))
    gives = rng.choices(("which gives us", "and from this we get", "and that comes to"), k=len(task.steps))
    lines = zip(joints, gives, task.steps, strict=True)
    told = " ".join(f"{joint} {what}, {give} {result}." for joint, give, (what, result) in lines)
    return f"{opening} {told} {closing}\n"


def spelled(task: Task, rng: random.Random) -> str:
    return re.sub(r"\d+", lambda number: " ".join(DIGITS[int(digit)] for digit in number[0]), ledger(task, rng))


def detour(task: Task, rng: random.Random) -> str:
    return "".join(f"{what} = {result}\n" for what, result in task.detour)


def terse(task: Task, rng: random.Random) -> str:
    return ""


TEACHERS: dict[str, Callable[[Task, random.Random], str]] = {
    style.__name__: style for style in (ledger, sentences, wordy, spelled, detour, terse)
}


def response(teacher: str, task: Task, seed: int) -> str:
    """What `teacher` answers; right by construction."""
    rng = random.Random(derive_seed(seed, teacher, task.question))
    return f"{TEACHERS[teacher](task, rng)}Result: {task.answer}"


def result_of(text: str) -> str:
    """The result that a response states: what stands after its last `Result:`, to the end of the line."""
    _, mark, rest = text.rpartition("Result:")
    return (rest.splitlines() or [""])[0].strip() if mark else ""


def _sum(a: int, b: int) -> Step:
    return f"{a} + {b}", str(a + b)


def _difference(a: int, b: int) -> Step:
    return f"{a} - {b}", str(a - b)


def _product(a: int, b: int) -> Step:
    return f"{a} * {b}", str(a * b)
