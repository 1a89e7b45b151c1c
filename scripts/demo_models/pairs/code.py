"""Small programs, commands, queries, bugs and terms."""

import random

from .wording import Slots, Texts, Turns, block, capital, exchange, join, names, pick, row, say, split, table


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
    tasks = (
        (f"prints the numbers from {low} to {high}", f"for i in range({low}, {high + 1}):\n    print(i)"),
        (steps, f"for i in range({step}, {high + 1}, {step}):\n    print(i)"),
        (f"makes a list of the squares up to {high}", f"squares = [n * n for n in range({high + 1})]"),
        (
            f"lists the multiples of {step} up to {high}",
            f"multiples = [n for n in range(1, {high + 1}) if n % {step} == 0]",
        ),
        (f"counts down from {high} to 1", f"for i in range({high}, 0, -1):\n    print(i)"),
        (f"adds the numbers from 1 to {high}", f"total = sum(range(1, {high + 1}))"),
    )
    task, code = rng.choice(tasks)
    ask = texts["ask"] if code.startswith("for") else texts["ask"].replace(texts["loop"], "")
    return [say(rng, ask, task=task), block("python", code)]


def sql(rng: random.Random) -> Slots:
    """An SQL query."""
    name, a, b, c, number = row(rng, "databases").values()
    limit = rng.randint(2, 60)
    tasks = (
        (f"selects all {name}", f"SELECT * FROM {name};"),
        (f"shows the {a} of all {name}", f"SELECT {a} FROM {name};"),
        (f"counts the {name}", f"SELECT COUNT(*) FROM {name};"),
        (f"sorts the {name} by {b}", f"SELECT * FROM {name} ORDER BY {b};"),
        (f"finds {name} whose {number} is above {limit}", f"SELECT * FROM {name} WHERE {number} > {limit};"),
        (f"shows the {a} and {c} of the {name}", f"SELECT {a}, {c} FROM {name};"),
        (f"gets the first {limit} {name}", f"SELECT * FROM {name} LIMIT {limit};"),
        (f"finds the average {number} of the {name}", f"SELECT AVG({number}) FROM {name};"),
        (f"counts the {name} for each {b}", f"SELECT {b}, COUNT(*) FROM {name} GROUP BY {b};"),
    )
    task, query = rng.choice(tasks)
    return {"name": name, "task": task, "query": query}


def command(rng: random.Random, texts: Texts) -> Turns:
    """A shell or Git command."""
    entry = row(rng, "commands")
    ask = say(rng, texts["ask"], **entry)
    if rng.random() < 0.5:
        return [ask, f"{block('bash', entry['command'])}\n{entry['note']}"]
    return [ask, f"Use `{entry['command']}`. {entry['note']}"]


def bug(rng: random.Random) -> Slots:
    r"""Find a bug; the table has ``\n`` for a line break."""
    return {name: text.replace(r"\n", "\n") for name, text in row(rng, "bugs").items()}


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
    word, colour = pick(rng, "labels"), pick(rng, "colours")
    first, second = rng.sample(split(row(rng, "groups")["members"]), 2)
    tasks = (
        (f'a heading that says "{word}"', "html", f"<h1>{word}</h1>"),
        (f'a button with the text "{word}"', "html", f"<button>{word}</button>"),
        (f'a link with the text "{word}"', "html", f'<a href="page.html">{word}</a>'),
        (f"a list with {first} and {second}", "html", f"<ul>\n  <li>{first}</li>\n  <li>{second}</li>\n</ul>"),
        (f"{colour} text for all paragraphs", "css", f"p {{\n  color: {colour};\n}}"),
        (f"a {colour} background for the page", "css", f"body {{\n  background: {colour};\n}}"),
    )
    task, language, code = rng.choice(tasks)
    return {"t": task, "l": language.upper(), "language": language, "code": code}
