"""Small programs, commands, queries, bugs and terms."""

import random

from .wording import Slots, Texts, Turns, block, capital, filled, names, pick, row, say, split, table


def function(rng: random.Random, texts: Texts) -> Turns:
    """Write a Python function."""
    entry = row(rng, "functions")
    head, body = f"def {entry['name']}({entry['args']}):", f"    {entry['body']}"
    code = block("python", f"{head}\n{body}")
    text = say(rng, texts["ask"], **entry)
    turns = [text, f"{code}\n{entry['note']}" if rng.random() < 0.7 or "explanation" in text else code]
    if rng.random() < 0.2:
        if rng.random() < 0.5:
            turns += [say(rng, texts["explain"]), entry["note"]]
        else:
            documented = f'{head}\n    """{capital(entry["task"])}."""\n{body}'
            turns += [say(rng, texts["document"]), block("python", documented)]
    return turns


def output(rng: random.Random) -> Slots:
    """What does a line print."""
    a, b, word = rng.randint(2, 12), rng.randint(2, 9), rng.choice(table("nouns"))["english"]
    values = rng.sample(range(1, 20), 3)
    lines = (
        (f"print({a} + {b})", a + b, f"{a} plus {b} is {a + b}"),
        (f"print({a} * {b})", a * b, f"{a} times {b} is {a * b}"),
        (f"print({a} % {b})", a % b, f"the remainder of {a} divided by {b} is {a % b}"),
        (f'print(len("{word}"))', len(word), f"the word {word} has {len(word)} letters"),
        (f'print("{word}".upper())', word.upper(), "upper makes all letters capitals"),
        (f'print("{word}"[0])', word[0], "index 0 is the first letter"),
        (f"print(max({values}))", max(values), f"{max(values)} is the largest number"),
        (f"print(sorted({values}))", sorted(values), "sorted puts the numbers in order"),
        (f'print("{word}" * 2)', word * 2, "the string is repeated twice"),
        (f"print({a} > {b})", a > b, f"{a} is {'greater' if a > b else 'not greater'} than {b}"),
        (f"print(list(range({b})))", list(range(b)), f"range counts from 0 to {b - 1}"),
    )
    return dict(zip(("code", "result", "why"), rng.choice(lines), strict=True))


def one_liner(rng: random.Random, texts: Texts) -> Turns:
    """A loop or a comprehension with numbers."""
    low, high, step = rng.randint(0, 5), rng.randint(8, 60), rng.randint(2, 9)
    steps = f"prints every {step}th number up to {high}" if step > 3 else f"counts to {high} in steps of {step}"
    entry = filled(rng, "loops", {"low": low, "high": high, "end": high + 1, "step": step, "steps": steps})
    ask = texts["ask"] if entry["code"].startswith("for") else texts["ask"].replace(texts["loop"], "")
    return [say(rng, ask, **entry), block("python", entry["code"])]


def sql(rng: random.Random) -> Slots:
    """An SQL query."""
    slots = row(rng, "databases") | {"limit": rng.randint(2, 60)}
    return slots | filled(rng, "queries", slots)


def command(rng: random.Random, texts: Texts) -> Turns:
    """A shell or Git command."""
    entry = row(rng, "commands")
    ask = say(rng, texts["ask"], **entry)
    if rng.random() < 0.5:
        return [ask, f"{block('bash', entry['command'])}\n{entry['note']}"]
    return [ask, f"Use `{entry['command']}`. {entry['note']}"]


def data_structure(rng: random.Random, texts: Texts) -> Turns:
    """Make a list, a dictionary or a class."""
    which = rng.randrange(4)
    items = rng.sample(split(row(rng, "groups")["members"]), 3)
    if which == 0:
        kind = rng.choice(("list", "tuple", "set"))
        first, last = {"list": "[]", "tuple": "()", "set": "{}"}[kind]
        quoted = ", ".join(f'"{item}"' for item in items)
        ask = say(rng, texts["collection"], kind=kind, items=items)
        return [ask, block("python", f"items = {first}{quoted}{last}")]
    if which == 1:
        (a, b), (x, y) = names(rng, 2), rng.sample(range(10, 70), 2)
        ask = say(rng, texts["dictionary"], a=a, b=b, x=x, y=y)
        return [ask, block("python", f'ages = {{"{a}": {x}, "{b}": {y}}}')]
    if which == 2:
        thing, field = pick(rng, "classes"), pick(rng, "attributes")
        ask = say(rng, texts["class"], t=thing, f=field)
        return [
            ask,
            block("python", f"class {thing}:\n    def __init__(self, {field}):\n        self.{field} = {field}"),
        ]
    new = items[1]
    ask = say(rng, texts["list"], new=new)
    code = f'print("{new}" in items)' if "check" in ask else f'items.append("{new}")'
    return [ask, block("python", f'items.remove("{new}")' if "remove" in ask else code)]


def html(rng: random.Random) -> Slots:
    """HTML and CSS."""
    slots = {"word": pick(rng, "labels"), "colour": pick(rng, "colours")}
    slots["items"] = rng.sample(split(row(rng, "groups")["members"]), 2)
    return filled(rng, "markup", slots)
