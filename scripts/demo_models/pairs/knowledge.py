"""Facts: countries, animals, inventions, science, jobs, tools, books."""

import random

from .core import Turns, an, capital, kind, listing, row, rows, say, table

EXPLAIN = (
    '[What is {name}?|Explain {name}.|Can you explain {name} in simple words?|Please explain what {name} is.|What does [the term |]"{name}" mean?'
    "|I have to explain {name} to a [child|friend|classmate]. How would you do it?|Tell me about {name}.|How would you define {name}?"
    "|Give me a [short|simple|one-sentence] explanation of {name}.|What do people mean by {name} in {field}?]"
)
DEPTH = "[Why does it matter?|Can you make it shorter?|Could you say that in one short sentence?|Give me an example.|Which field does it belong to?]"


@kind("knowledge", 1.5)
def capital_city(rng: random.Random) -> Turns:
    """Capitals."""
    entry = row(rng, "countries")
    ask = "[What is the capital of {name}?|Which city is the capital of {name}?|Tell me the capital of {name}.|Do you know the capital city of {name}?|{capital} is the capital of which country?|What's the capital of {name}, and on which continent is it?]"
    turns = [
        say(rng, ask, **entry),
        say(
            rng,
            "[The capital of {name} is {capital}.|{capital} is the capital of {name}.|{capital} is the capital of {name}, a country in {continent}.]",
            **entry,
        ),
    ]
    if rng.random() < 0.2:
        turns += [
            say(rng, "[And which language do people speak there?|What language is spoken there?]"),
            say(rng, "In {name} people speak {language}.", **entry),
        ]
    return turns


@kind("knowledge", 1.5)
def country(rng: random.Random) -> Turns:
    """Language, currency, food, sights and overviews of countries."""
    entry = row(rng, "countries")
    ask, answer = rng.choice((
        ("[Which|What] language [do people speak|is spoken] in {name}?", "[The main language in {name} is {language}.|People in {name} speak {language}.]"),
        ("[What currency is used in {name}?|What money do I need in {name}?|Which currency does {name} use?]", "[{name} uses {currency}.|The currency of {name} is {currency}.]"),
        ("[What is a typical dish in {name}?|What should I eat in {name}?|Name a traditional food from {name}.]", "A typical dish in {name} is {dish}."),
        ("[What is a famous landmark in {name}?|What is {name} famous for?|Which sight should I see in {name}?]", "{name} is famous for {landmark}."),
        ("[On which continent is {name}?|Where is {name}?|Where can I find {name} on a map?]", "{name} is in {continent}, and its capital is {capital}."),
    ))  # fmt: skip
    return [say(rng, ask, **entry), say(rng, answer, **entry)]


@kind("knowledge", 1.3)
def country_facts(rng: random.Random) -> Turns:
    """A list of facts about a country."""
    entry = row(rng, "countries")
    facts = [
        f"the capital is {entry['capital']}",
        f"people speak {entry['language']}",
        f"the currency is {entry['currency']}",
        f"a typical dish is {entry['dish']}",
        f"a famous sight is {entry['landmark']}",
    ]
    count = rng.choice((3, 4))
    word = {3: "three", 4: "four"}[count]
    ask = "[Tell me {word} facts about {name}.|Give me {word} interesting facts about {name}.|List {word} things to know about {name}.|I am writing a report about {name}. What are {word} key facts?|Give me a short overview of {name} in {word} points.]"
    turns = [
        say(rng, ask, word=word, **entry),
        f"Here are {word} facts about {entry['name']}:\n" + listing(rng, rng.sample(facts, count)),
    ]
    if rng.random() < 0.2:
        turns += [
            say(rng, "[And in which continent is it?|Which continent is it on?]"),
            say(rng, "{name} is in {continent}.", **entry),
        ]
    return turns


@kind("knowledge", 1.5)
def animal(rng: random.Random) -> Turns:
    """Food, home and group of animals."""
    entry = row(rng, "animals")
    entry = entry | {"a": an(entry["name"]), "g": an(entry["group"])}
    ask, answer = rng.choice((
        ("[What does {a} eat?|What is the food of {a}?|Which food does {a} eat?]", "[{a} eats {food}.|The diet of {a} is {food}.]"),
        ("[Where does {a} live?|In which habitat can I find {a}?|What is the home of {a}?]", "{a} lives in this habitat: {home}."),
        ("[Is {a} a mammal?|What kind of animal is {a}?|To which group of animals does {a} belong?]", "{a} is {g}. An interesting fact: {fact}."),
        ("[What is special about {a}?|Tell me [something|a fun fact] about {a}.|Give me an interesting fact about {a}.|Why is {a} remarkable?]", "A fun fact about {a}: {fact}."),
    ))  # fmt: skip
    return [say(rng, ask, **entry), say(rng, answer, **entry)]


@kind("knowledge", 1.3)
def animal_profile(rng: random.Random) -> Turns:
    """A short description of an animal."""
    entry = row(rng, "animals")
    slots = entry | {"a": an(entry["name"]), "g": an(entry["group"])}
    ask = "[Describe {a}.|Write a short [paragraph|text|description] about {a}.|I need a short profile of {a}.|Can you tell me more about {a}?|Explain to a child what {a} is.|Write [two|three] sentences about {a}.]"
    turns = [
        say(rng, ask, **slots),
        say(
            rng,
            "{a} is {g}. It eats {food}. Its home: {home}. [One surprising fact is that|People like to know that|What makes it special is that] {fact}.",
            **slots,
        ),
    ]
    if rng.random() < 0.2:
        turns += [
            say(rng, "[Make it shorter.|Can you shorten that?|One sentence, please.]"),
            say(rng, "{a} is {g}, and {fact}.", **slots),
        ]
    return turns


@kind("knowledge", 2.0)
def concept(rng: random.Random) -> Turns:
    """Explain a concept with an example."""
    entry = row(rng, "concepts")
    answer = "{name} is {definition}. [For example, {example}|Example: {example}|An example: {example}|To picture it, think of this: {example}]."
    turns = [say(rng, EXPLAIN, **entry), say(rng, answer, **entry)]
    if rng.random() < 0.25:
        follow = say(rng, DEPTH)
        if "short" in follow:
            reply = "{name}: {definition}."
        elif "example" in follow:
            reply = "Here is an example of {name}: {example}."
        elif "field" in follow:
            reply = "It belongs to {field}."
        else:
            reply = (
                "It matters because {name} is a basic idea of {field} and helps us to understand the world around us."
            )
        turns += [follow, say(rng, reply, **entry)]
    return turns


@kind("knowledge", 0.8)
def example_of(rng: random.Random) -> Turns:
    """An example for a concept."""
    entry = row(rng, "concepts")
    ask = "[Give me an example of {name}.|What is an everyday example of {name}?|Can you give an example of {name}?|I don't understand {name}. Can you give an example?]"
    return [
        say(rng, ask, **entry),
        say(
            rng,
            "[An example of {name}: {example}.|Think of this example of {name}: {example}.] In general, {name} is {definition}.",
            **entry,
        ),
    ]


@kind("knowledge", 2.0)
def why_and_how(rng: random.Random) -> Turns:
    """Everyday questions that begin with why or how."""
    entry = row(rng, rng.choice(("whys", "hows")))
    ask = "[{question}|{question}|{question}|I was asked this by my [son|daughter|pupil] today: {question}|Can you explain this to me? {question}|In simple words: {question}|Short question: {question}|I have always wondered: {question}]"
    brief = rng.random() < 0.2
    text = say(rng, ask, question=entry["question"])
    if brief:
        return [
            say(rng, "[{q} Answer in one sentence.|In one sentence: {q}|{q} Keep it short.]", q=entry["question"]),
            entry["short"],
        ]
    turns = [text, entry["answer"]]
    if rng.random() < 0.2:
        turns += [
            say(
                rng, "[Can you say that in one sentence?|Shorter, please.|What is the short version?|Make it shorter.]"
            ),
            entry["short"],
        ]
    elif rng.random() < 0.1:
        turns += ["What should I answer when a child asks me that?", f'You can say: "{entry["short"]}"']
    return turns


@kind("knowledge", 1.5)
def comparison(rng: random.Random) -> Turns:
    """The difference between two things."""
    entry = row(rng, "compare")
    slots = entry | {"F": capital(entry["first"]), "S": capital(entry["second"])}
    ask = "[What is the difference between {first} and {second}?|Compare {first} and {second}.|How do {first} and {second} differ?|Explain the difference between {first} and {second}.|I always confuse {first} and {second}. Can you help?|{first} or {second}: what is the difference?]"
    if rng.random() < 0.6:
        answer = say(rng, "The difference is this. {F}: {firstfact}. {S}: {secondfact}. In short, {choice}.", **slots)
    else:
        answer = say(rng, "- **{F}**: {firstfact}\n- **{S}**: {secondfact}\n\nIn short, {choice}.", **slots)
    turns = [say(rng, ask, **slots), answer]
    if rng.random() < 0.15:
        turns += [
            say(rng, "[What is the short version?|And in one sentence?]"),
            say(rng, "In short, {choice}.", **slots),
        ]
    return turns


@kind("knowledge")
def job(rng: random.Random) -> Turns:
    """What people in a job do."""
    entry = row(rng, "jobs")
    slots = entry | {"a": an(entry["name"])}
    ask, answer = rng.choice((
        ("[What does {a} do?|What is the work of {a}?|Describe the job of {a}.|My friend is {a}. What does {a} do all day?]", "{a} {task}. The usual place of work is {place}."),
        ("[Which skills does {a} need?|What should {a} be good at?|I want to become {a}. Which skills do I need?]", "{a} {task}, so {skill} matters most." if " and " not in entry["skill"] else "{a} {task}, so {skill} are important."),
        ("[Where does {a} work?|In which place does {a} work?]", "{a} usually works in this place: {place}."),
        ("[Write a short job description for {a}.|How would you describe the job of {a} in two sentences?]", "{a} {task}. Good candidates bring {skill}, and the work takes place in {place}."),
    ))  # fmt: skip
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("knowledge")
def tool(rng: random.Random) -> Turns:
    """What a tool is for."""
    entry = row(rng, "tools")
    slots = entry | {"a": entry["name"] if " and " in entry["name"] else an(entry["name"])}
    ask, answer = rng.choice((
        ("[What is {a} used for?|What do people use {a} for?|What can I do with {a}?|Why would I need {a}?]", "You use {a} to {use}."),
        ("[Which tool do I need to {use}?|What should I use to {use}?|I need to {use}. Which tool is right?]", "To {use}, use {a}."),
        ("[How do I use {a}?|Give me a tip for using {a}.|How do I use {a} [safely|correctly|well]?]", "Use {a} to {use}. A good tip: {tip}."),
    ))  # fmt: skip
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("knowledge")
def invention(rng: random.Random) -> Turns:
    """Who invented something, and when."""
    entry = row(rng, "inventions")
    ask, answer = rng.choice((
        ("[Who invented {name}?|Who is known for {name}?|Which inventor gave us {name}?]", "{name} is the work of {inventor} ({year})."),
        ("[When was {name} invented?|In which year did {name} appear?]", "{name} dates from {year} and is the work of {inventor}."),
        ("[Why was {name} important?|How did {name} change the world?|Tell me about the invention of {name}.]", "{inventor} introduced {name} in {year}. It {use}."),
    ))  # fmt: skip
    return [say(rng, ask, **entry), say(rng, answer, **entry)]


@kind("knowledge", 0.8)
def planet(rng: random.Random) -> Turns:
    """Planets."""
    entry = row(rng, "planets")
    ask = "[Tell me about the planet {name}.|What is special about {name}?|What do you know about {name} in our solar system?|Give me a fact about the planet {name}.|Which planet is {order} from the Sun?|Where is {name} in the solar system?]"
    return [say(rng, ask, **entry), say(rng, "{name} is the {order} planet from the Sun, and {fact}.", **entry)]


@kind("knowledge", 0.8)
def element(rng: random.Random) -> Turns:
    """Chemical elements."""
    entry = row(rng, "elements")
    ask, answer = rng.choice((
        ("[What is the chemical symbol for {name}?|Which symbol stands for {name}?]", "The chemical symbol for {name} is {symbol}."),
        ("[What is the atomic number of {name}?|How many protons does {name} have?]", "The atomic number of {name} is {number}."),
        ("[What is {name} used for?|Where do we find {name} in daily life?]", "{name} ({symbol}) is used for {use}."),
        ("Which element has the symbol {symbol}?", "{symbol} stands for {name}. It is used for {use}."),
    ))  # fmt: skip
    return [say(rng, ask, **entry), say(rng, answer, **entry)]


@kind("knowledge")
def book(rng: random.Random) -> Turns:
    """Classic books and who wrote them."""
    entry = row(rng, "authors")
    ask, answer = rng.choice((
        ("[Who wrote {work}?|Who is the author of {work}?]", "{work} is by {name}."),
        ("[What is {work} about?|Summarize {work} in one sentence.|Give me a short summary of {work}.]", "{work} by {name} is about {about}."),
        ("[Name a book by {name}.|What did {name} write?|What is {name} famous for?]", "{name} is famous for {work}, a story about {about}."),
        ("[Recommend a classic novel about {about}.|Which classic is about {about}?]", "Try {work} by {name}. It tells the story of {about}."),
    ))  # fmt: skip
    return [say(rng, ask, **entry), say(rng, answer, **entry)]


@kind("knowledge", 1.2)
def true_or_false(rng: random.Random) -> Turns:
    """Say whether a statement is true, with the reason."""
    which = rng.randrange(4)
    if which == 0:
        right, wrong = rows(rng, "countries", 2)
        fact = f"{right['capital']} is the capital of {right['name']}"
        claim, true = (
            (fact, True) if rng.random() < 0.5 else (f"{wrong['capital']} is the capital of {right['name']}", False)
        )
    elif which == 1:
        right, wrong = rows(rng, "authors", 2)
        fact = f"{right['name']} wrote {right['work']}"
        claim, true = (fact, True) if rng.random() < 0.5 else (f"{wrong['name']} wrote {right['work']}", False)
    elif which == 2:
        right = row(rng, "animals")
        other = rng.choice([entry["group"] for entry in table("animals") if entry["group"] != right["group"]])
        fact = f"{an(right['name'])} is {an(right['group'])}"
        claim, true = (fact, True) if rng.random() < 0.5 else (f"{an(right['name'])} is {an(other)}", False)
    else:
        right, wrong = rows(rng, "elements", 2)
        fact = f"the symbol of {right['name']} is {right['symbol']}"
        claim, true = (
            (fact, True) if rng.random() < 0.5 else (f"the symbol of {right['name']} is {wrong['symbol']}", False)
        )
    ask = '[True or false: {C}.|True or false? {C}.|Is it true that {claim}?|Someone told me that {claim}. Is that right?|Is this statement correct: "{C}"?]'
    verdict = (
        "[True|Yes, that is true|That is correct]: {fact}."
        if true
        else "[False|No, that is not true|That is not correct]: {fact}."
    )
    return [say(rng, ask, claim=claim, C=capital(claim)), say(rng, verdict, fact=fact)]


@kind("knowledge")
def members(rng: random.Random) -> Turns:
    """Name examples of a category."""
    entry = row(rng, "groups")
    items = entry["members"].split(", ")
    count = rng.randint(3, 6)
    word = ("three", "four", "five", "six")[count - 3]
    chosen = rng.sample(items, count)
    if rng.random() < 0.6:
        ask = "[List {word} {name}.|Name {word} {name}.|Give me {word} examples of {name}.|Can you name {word} {name}?|I need a list of {word} {name}.|Write down {word} {name}.]"
    else:
        letter = chosen[0][0].upper()
        ask = f"[Name {{word}} {{name}}, one of them beginning with {letter}.|List {{word}} {{name}}. Start with one that begins with {letter}.]"
    text = listing(rng, chosen) if rng.random() < 0.7 else capital(", ".join(chosen)) + "."
    return [say(rng, ask, word=word, **entry), text]
