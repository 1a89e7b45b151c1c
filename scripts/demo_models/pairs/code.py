"""Small programs, commands, queries, bugs and terms."""

import random

from .core import Turns, an, block, kind, names, row, rows, say, split, table

LANGUAGES = ("Python", "Python", "Python", "JavaScript")
TABLE_NAMES = {"customers": ("name", "city", "age"), "orders": ("product", "price", "date"), "employees": ("name", "salary", "department"), "books": ("title", "author", "year"), "students": ("name", "grade", "age"), "products": ("name", "price", "stock"), "movies": ("title", "year", "rating"), "cities": ("name", "country", "population")}  # fmt: skip
PATTERNS = (("a number", r"\d+", "one or more digits"), ("a year", r"\d{4}", "exactly four digits"), ("an e-mail address", r"\S+@\S+\.\S+", "text, an at sign, text, a dot and text"), ("a word that starts with a capital letter", r"[A-Z][a-z]*", "a capital and then small letters"), ("a time such as 12:30", r"\d\d:\d\d", "two digits, a colon and two digits"), ("a hashtag", r"#\w+", "a hash sign and letters"), ("a blank line", r"^\s*$", "nothing but space between start and end"), ("a word", r"\w+", "one or more letters or digits"), ("a price in dollars", r"\$\d+", "a dollar sign and digits"))  # fmt: skip
BUGS = (
    ("for i in range(5)\n    print(i)", "for i in range(5):\n    print(i)", "The colon after the for line is missing."), ("print(\"hello)", "print(\"hello\")", "The string has no closing quote."),
    ("if x = 3:\n    print(x)", "if x == 3:\n    print(x)", "A comparison needs two equal signs."), ("numbers = [1, 2, 3\nprint(numbers)", "numbers = [1, 2, 3]\nprint(numbers)", "The closing bracket is missing."),
    ("age = \"5\"\nprint(age + 1)", "age = 5\nprint(age + 1)", "You cannot add a number to a string."), ("items = [1, 2]\nprint(items[2])", "items = [1, 2]\nprint(items[1])", "Indexes start at 0, so the last index is 1."),
    ("def add(a, b):\n    a + b", "def add(a, b):\n    return a + b", "The function does not return its result."), ("while True:\n    print(\"hi\")", "for i in range(3):\n    print(\"hi\")", "The loop never ends."),
    ("Print(\"hello\")", "print(\"hello\")", "Python distinguishes capitals, and the function is called print."), ("name = input\nprint(name)", "name = input()\nprint(name)", "The brackets after input are missing."),
)  # fmt: skip


@kind("code", 3.0)
def function(rng: random.Random) -> Turns:
    """Write a Python function."""
    entry = row(rng, "functions")
    ask = "[Write a Python function that {task}.|Write a function in Python that {task}.|How do I write a Python function that {task}?|Create a function called {name} that {task}.|I need a Python function that {task}.|Can you write a short Python function that {task}?|Show me Python code that {task}.|Implement a function that {task}.|Please give me a Python function which {task}, with an explanation.]"
    code = block("python", f"def {entry['name']}({entry['args']}):\n    {entry['body']}")
    text = say(rng, ask, **entry)
    answer = f"{code}\n{entry['note']}" if rng.random() < 0.7 or "explanation" in text else code
    turns = [text, answer]
    if rng.random() < 0.2:
        if rng.random() < 0.5:
            turns += [say(rng, "[How does it work?|Can you explain the code?|Explain it, please.]"), entry["note"]]
        else:
            doc = entry["task"][0].upper() + entry["task"][1:]
            turns += [
                say(rng, "[Add a docstring.|Can you add a docstring?|Please add documentation.]"),
                block("python", f'def {entry["name"]}({entry["args"]}):\n    """{doc}."""\n    {entry["body"]}'),
            ]
    return turns


@kind("code", 1.5)
def explain_code(rng: random.Random) -> Turns:
    """Explain a function."""
    entry = row(rng, "functions")
    code = f"def {entry['name']}({entry['args']}):\n    {entry['body']}"
    ask = "[What does this code do?|Explain this function:|Can you explain this Python code?|I don't understand this function. What does it do?|Describe what this code does in one sentence:]"
    return [
        say(rng, ask) + "\n\n" + block("python", code),
        f"The function {entry['name']} {entry['task']}. {entry['note']}",
    ]


@kind("code", 1.5)
def output(rng: random.Random) -> Turns:
    """What does a line print."""
    a, b, word = rng.randint(2, 12), rng.randint(2, 9), rng.choice(table("nouns"))["english"]
    values = rng.sample(range(1, 20), 3)
    code, result, why = rng.choice((
        (f"print({a} + {b})", a + b, f"{a} plus {b} is {a + b}"), (f"print({a} * {b})", a * b, f"{a} times {b} is {a * b}"),
        (f"print({a} % {b})", a % b, f"the remainder of {a} divided by {b} is {a % b}"), (f'print(len("{word}"))', len(word), f"the word {word} has {len(word)} letters"),
        (f'print("{word}".upper())', word.upper(), "upper makes all letters capitals"), (f'print("{word}"[0])', word[0], "index 0 is the first letter"),
        (f"print(max({values}))", max(values), f"{max(values)} is the largest number"), (f"print(sorted({values}))", sorted(values), "sorted puts the numbers in order"),
        (f'print("{word}" * 2)', word * 2, "the string is repeated twice"), (f"print({a} > {b})", a > b, f"{a} is {'greater' if a > b else 'not greater'} than {b}"),
        (f"print(list(range({b})))", list(range(b)), f"range counts from 0 to {b - 1}"),
    ))  # fmt: skip
    ask = "[What does `{c}` print?|What is the output of `{c}`?|What will Python show for `{c}`?|Predict the output: `{c}`]"
    return [say(rng, ask, c=code), f"It prints `{result}`, because {why}."]


@kind("code", 1.5)
def one_liner(rng: random.Random) -> Turns:
    """A loop or a comprehension with numbers."""
    low, high, step = rng.randint(0, 5), rng.randint(8, 60), rng.randint(2, 9)
    task, code = rng.choice((
        (f"prints the numbers from {low} to {high}", f"for i in range({low}, {high + 1}):\n    print(i)"),
        (f"prints every {step}th number up to {high}" if step > 3 else f"counts to {high} in steps of {step}", f"for i in range({step}, {high + 1}, {step}):\n    print(i)"),
        (f"makes a list of the squares up to {high}", f"squares = [n * n for n in range({high + 1})]"),
        (f"lists the multiples of {step} up to {high}", f"multiples = [n for n in range(1, {high + 1}) if n % {step} == 0]"),
        (f"counts down from {high} to 1", f"for i in range({high}, 0, -1):\n    print(i)"),
        (f"adds the numbers from 1 to {high}", f"total = sum(range(1, {high + 1}))"),
    ))  # fmt: skip
    ask = "[Write Python code that {t}.|Write a loop that {t}.|How do I write code that {t}?|Show me a short program that {t}.|Give me a Python snippet that {t}.]"
    return [
        say(rng, ask if code.startswith("for") else ask.replace("|Write a loop that {t}.", ""), t=task),
        block("python", code),
    ]


@kind("code", 1.5)
def sql(rng: random.Random) -> Turns:
    """An SQL query."""
    name = rng.choice(list(TABLE_NAMES))
    a, b, c = TABLE_NAMES[name]
    number = rng.randint(2, 60)
    numeric = {
        "customers": "age",
        "orders": "price",
        "employees": "salary",
        "books": "year",
        "students": "age",
        "products": "price",
        "movies": "year",
        "cities": "population",
    }[name]
    task, query = rng.choice((
        (f"selects all {name}", f"SELECT * FROM {name};"), (f"shows the {a} of all {name}", f"SELECT {a} FROM {name};"),
        (f"counts the {name}", f"SELECT COUNT(*) FROM {name};"), (f"sorts the {name} by {b}", f"SELECT * FROM {name} ORDER BY {b};"),
        (f"finds {name} whose {numeric} is above {number}", f"SELECT * FROM {name} WHERE {numeric} > {number};"),
        (f"shows the {a} and {c} of the {name}", f"SELECT {a}, {c} FROM {name};"), (f"gets the first {number} {name}", f"SELECT * FROM {name} LIMIT {number};"),
        (f"finds the average {numeric} of the {name}", f"SELECT AVG({numeric}) FROM {name};"), (f"counts the {name} for each {b}", f"SELECT {b}, COUNT(*) FROM {name} GROUP BY {b};"),
    ))  # fmt: skip
    ask = "[Write an SQL query that {t}.|Which SQL query {t}?|I have a table called {n}. Write a query that {t}.|How do I write an SQL query that {t}?|Give me SQL that {t}.]"
    return [say(rng, ask, t=task, n=name), block("sql", query)]


@kind("code", 1.3)
def command(rng: random.Random) -> Turns:
    """A shell or Git command."""
    entry = row(rng, "commands")
    ask = "[How do I {task}?|Which command do I use to {task}?|What is the command to {task}?|I want to {task}. Which command do I need?|Show me how to {task} on the command line.]"
    return [
        say(rng, ask, **entry),
        block("bash", entry["command"]) + f"\n{entry['note']}"
        if rng.random() < 0.5
        else f"Use `{entry['command']}`. {entry['note']}",
    ]


@kind("code", 1.3)
def bug(rng: random.Random) -> Turns:
    """Find a bug."""
    wrong, right, why = rng.choice(BUGS)
    ask = "[What is wrong with this code?|Fix this Python code:|Why does this code not work?|Find the bug:|My program does not work. Can you help?|Debug this for me:|Please correct this code:]"
    return [say(rng, ask) + "\n\n" + block("python", wrong), f"{why}\n" + block("python", right)]


@kind("code", 2.0)
def term(rng: random.Random) -> Turns:
    """A word of programming."""
    entry = row(rng, "programming")
    ask = "[What is {name} in programming?|Explain {name}.|What does {name} mean in Python?|Explain {name} to a beginner.|Can you define {name} and give an example?|I am new to programming. What is {name}?|Why do programmers talk about {name}?]"
    turns = [
        say(rng, ask, **entry),
        say(rng, "{name} is {definition}. [For example, {example}|Example: {example}|An example: {example}].", **entry),
    ]
    if rng.random() < 0.15:
        turns += [
            say(rng, "[Give me only the definition.|Shorter, please.|In a few words?]"),
            say(rng, "{name} is {definition}.", **entry),
        ]
    return turns


@kind("code")
def regex(rng: random.Random) -> Turns:
    """A regular expression."""
    what, pattern, why = rng.choice(PATTERNS)
    ask = "[Write a regular expression that matches {w}.|Which regex finds {w}?|How do I match {w} with a regex?|I need a regex for {w}.|Give me a pattern that matches {w} in [Python|JavaScript].]"
    return [say(rng, ask, w=what), f"Use `{pattern}`. It matches {why}."]


@kind("code", 1.2)
def data_structure(rng: random.Random) -> Turns:
    """Make a list, a dictionary or a class."""
    which = rng.randrange(4)
    items = rng.sample(split(row(rng, "groups")["members"]), 3)
    if which == 0:
        kind_name = rng.choice(("list", "tuple", "set"))
        code = {"list": "[{}]", "tuple": "({})", "set": "{{{}}}"}[kind_name].format(
            ", ".join(f'"{item}"' for item in items)
        )
        return [
            say(
                rng,
                "[Create a Python {k} with {i}.|Make a {k} that holds {i}.|How do I write a {k} with {i} in Python?]",
                k=kind_name,
                i=f"{items[0]}, {items[1]} and {items[2]}",
            ),
            block("python", f"items = {code}"),
        ]
    if which == 1:
        people, values = names(rng, 2), rng.sample(range(10, 70), 2)
        ask = "[Make a dictionary with the ages of {a} ({x}) and {b} ({y}).|Create a Python dictionary: {a} is {x} and {b} is {y}.]"
        return [
            say(rng, ask, a=people[0], b=people[1], x=values[0], y=values[1]),
            block("python", f'ages = {{"{people[0]}": {values[0]}, "{people[1]}": {values[1]}}}'),
        ]
    if which == 2:
        thing, field = (
            rng.choice(split("Dog, Car, Book, Student, Product, Player, House, Recipe")),
            rng.choice(split("name, size, price, colour, owner")),
        )
        ask = "[Write a Python class {t} with an attribute {f}.|Create a class called {t} that has a {f}.|Define a simple class {t} with {f} in Python.]"
        return [
            say(rng, ask, t=thing, f=field),
            block("python", f"class {thing}:\n    def __init__(self, {field}):\n        self.{field} = {field}"),
        ]
    item, new = items[0], items[1]
    ask = '[How do I add {n} to a list called items?|Add "{n}" to the list items in Python.|How do I check whether {n} is in a list?|How do I remove {n} from a list in Python?]'
    text = say(rng, ask, n=new, o=item)
    return [
        text,
        block(
            "python",
            f'print("{new}" in items)'
            if "check" in text
            else f'items.remove("{new}")'
            if "remove" in text
            else f'items.append("{new}")',
        ),
    ]


@kind("code")
def html(rng: random.Random) -> Turns:
    """HTML and CSS."""
    word, colour = (
        rng.choice(
            split("Welcome, Contact, Our team, News, Sign up, Buy now, Read more, About us, Gallery, Home, Start, Send")
        ),
        rng.choice(split("red, blue, green, orange, black, purple, grey")),
    )
    items = rng.sample(split(row(rng, "groups")["members"]), 2)
    task, language, code = rng.choice((
        (f"a heading that says \"{word}\"", "html", f"<h1>{word}</h1>"), (f"a button with the text \"{word}\"", "html", f"<button>{word}</button>"),
        (f"a link with the text \"{word}\"", "html", f'<a href="page.html">{word}</a>'), (f"a list with {items[0]} and {items[1]}", "html", f"<ul>\n  <li>{items[0]}</li>\n  <li>{items[1]}</li>\n</ul>"),
        (f"{colour} text for all paragraphs", "css", f"p {{\n  color: {colour};\n}}"), (f"a {colour} background for the page", "css", f"body {{\n  background: {colour};\n}}"),
    ))  # fmt: skip
    ask = "[Write {l} for {t}.|How do I make {t} in {l}?|I need {l} code for {t}.|Show me the {l} for {t}.]"
    return [say(rng, ask, l=language.upper(), t=task), block(language, code)]


@kind("code")
def javascript(rng: random.Random) -> Turns:
    """Small functions in JavaScript."""
    task, name, args, body = rng.choice((
        ("adds two numbers", "add", "a, b", "a + b"), ("multiplies two numbers", "multiply", "a, b", "a * b"), ("returns the length of a string", "size", "text", "text.length"),
        ("checks whether a number is even", "isEven", "n", "n % 2 === 0"), ("returns the last item of an array", "last", "items", "items[items.length - 1]"), ("makes a text upper case", "shout", "text", "text.toUpperCase()"),
        ("doubles every number in an array", "double", "numbers", "numbers.map(n => n * 2)"), ("greets a person by name", "greet", "name", '"Hello, " + name'), ("joins words with a space", "joinWords", "words", 'words.join(" ")'),
        ("squares a number", "square", "n", "n * n"), ("finds the larger of two numbers", "larger", "a, b", "Math.max(a, b)"), ("rounds a number", "roundNumber", "n", "Math.round(n)"),
    ))  # fmt: skip
    ask = "[Write a JavaScript function that {t}.|How do I write a function that {t} in JavaScript?|I need a JavaScript function that {t}.|Show me a function in JavaScript that {t}.]"
    return [say(rng, ask, t=task), block("javascript", f"function {name}({args}) {{\n  return {body};\n}}")]


@kind("code", 0.7)
def compare_terms(rng: random.Random) -> Turns:
    """Two words of programming."""
    first, second = rows(rng, "programming", 2)
    ask = "[What is the difference between {a} and {b}?|Compare {a} and {b} in programming.|How does {a} differ from {b}?]"
    return [
        say(rng, ask, a=first["name"], b=second["name"]),
        say(
            rng,
            "{a} is {x}, while {b} is {y}.",
            a=first["name"],
            x=first["definition"],
            b=second["name"],
            y=second["definition"],
        ),
    ]


@kind("code", 0.6)
def error(rng: random.Random) -> Turns:
    """What an error message means."""
    name, cause = rng.choice((("IndexError", "an index is larger than the list"), ("KeyError", "a key is not in the dictionary"), ("TypeError", "an operation gets a value of the wrong type"), ("NameError", "a name has not been defined"), ("ZeroDivisionError", "a number is divided by zero"), ("SyntaxError", "the code breaks the rules of the language"), ("ValueError", "a value has the right type but makes no sense"), ("FileNotFoundError", "a file does not exist"), ("IndentationError", "the spaces at the start of a line are wrong"), ("ImportError", "something cannot be imported"), ("AttributeError", "an object does not have the attribute")))  # fmt: skip
    ask = "[What does {n} mean in Python?|My program stops with {a}. Why?|I get {a} in Python. What is the cause?|When does Python raise {a}?|How do I fix {a}?]"
    return [
        say(rng, ask, n=name, a=an(name)),
        f"Python raises {an(name)} when {cause}. Read the last line of the message and check that place in the code.",
    ]
