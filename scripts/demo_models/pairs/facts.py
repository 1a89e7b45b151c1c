"""More facts and household knowledge: idioms, history, geography, sports, the body, feasts, science, food, how-to."""

import random

from .core import Turns, an, capital, grid, kind, numbered, row, rows, say


@kind("editing", 1.2)
def idiom(rng: random.Random) -> Turns:
    """What an idiom means."""
    entry = row(rng, "idioms")
    ask, answer = rng.choice((
        ("[What does the idiom \"{name}\" mean?|What does \"{name}\" mean?|Explain the saying \"{name}\".|I heard someone say \"{name}\". What does it mean?|What do people mean when they say \"{name}\"?]", "\"{name}\" means {meaning}. Example: {example}"),
        ("[Use the idiom \"{name}\" in a sentence.|Give me an example sentence with \"{name}\".|How do I use \"{name}\" in a sentence?]", "{example}"),
        ("[Which idiom means {meaning}?|Is there an idiom for this: {meaning}?|Name a saying that means {meaning}.]", "The idiom is \"{name}\". Example: {example}"),
    ))  # fmt: skip
    turns = [say(rng, ask, **entry), answer.format_map(entry)]
    if "Example" in turns[1] and rng.random() < 0.12:
        turns += [
            say(rng, "[And in short?|Just the meaning, please.|Can you put it in a few words?]"),
            say(rng, "It means {meaning}.", **entry),
        ]
    return turns


@kind("advice", 2.0)
def how_to(rng: random.Random) -> Turns:
    """The steps of a small task at home."""
    entry = row(rng, "howto")
    steps = [entry["step1"], entry["step2"], entry["step3"]]
    ask = "[How do I {name}?|What is the best way to {name}?|Explain how to {name}.|Give me step-by-step instructions to {name}.|Teach me how to {name}.|I have never had to {name}. How does it work?|Can you tell me how to {name}?|What are the steps to {name}?|My [daughter|son|friend] wants to {name}. How is it done?]"
    if rng.random() < 0.6:
        answer = (
            say(rng, "[To {name}, follow these steps:|Here is how to {name}:|Three steps to {name}:]", **entry)
            + "\n"
            + numbered(steps)
        )
    else:
        answer = say(rng, "To {name}, first {step1}. Then {step2}. [Finally|At the end], {step3}.", **entry)
    turns = [say(rng, ask, **entry), answer]
    if rng.random() < 0.15:
        ask, reply = rng.choice(
            (
                ("[What is the last step?|And the last step?]", "At the end, {step3}."),
                ("[What do I do first?|What comes first?]", "First, {step1}."),
                ("[What comes second?|And the second step?]", "After the first step, {step2}."),
            )
        )
        turns += [say(rng, ask), say(rng, reply, **entry)]
    return turns


@kind("knowledge", 1.3)
def history(rng: random.Random) -> Turns:
    """Dates and events."""
    entry, other = rows(rng, "history", 2)
    which = rng.randrange(4)
    if which == 0:
        return [
            say(
                rng,
                "[When was {name}?|In which year was {name}?|What is the date of {name}?|Tell me the year of {name}.]",
                **entry,
            ),
            say(rng, "{name} was in {year}.", **entry),
        ]
    if which == 1:
        return [
            say(
                rng,
                "[What happened in {year}?|Name an important event of the year {year}.|What is the year {year} known for?]",
                **entry,
            ),
            say(rng, "In {year} there was {name}: {detail}.", **entry),
        ]
    if which == 2:
        first, last = sorted((entry, other), key=lambda event: int(event["year"]))
        ask = "[Which came first, {a} or {b}?|What was earlier: {a} or {b}?|Put these events in order: {a}, {b}.]"
        if first["year"] == last["year"]:
            return history(rng)
        return [
            say(rng, ask, a=entry["name"], b=other["name"]),
            f"{capital(first['name'])} came first, in {first['year']}. {capital(last['name'])} was in {last['year']}.",
        ]
    ask = "[Tell me about {name}.|What do I need to know about {name}?|Give me a short summary of {name}.|I am learning about {name}. What happened?|Why is {name} remembered?|Write two sentences about {name}.]"
    turns = [
        say(rng, ask, **entry),
        say(rng, "{name} took place in {year}. [In short, {detail}.|What happened: {detail}.]", **entry),
    ]
    if rng.random() < 0.2:
        turns += [say(rng, "[When was that again?|Which year was it?]"), f"It was in {entry['year']}."]
    return turns


@kind("knowledge", 1.2)
def geography(rng: random.Random) -> Turns:
    """Rivers, mountains, deserts, seas."""
    entry = row(rng, "geography")
    ask, answer = rng.choice((
        ("[Where is {name}?|In which part of the world is {name}?|Where can I find {name}?]", "{name} is {t} in this region: {place}."),
        ("[What is {name}?|Tell me about {name}.|What do you know about {name}?|Describe {name} in one sentence.]", "{name} is {t} ({place}), and {fact}."),
        ("[What is special about {name}?|Why is {name} famous?|Give me an interesting fact about {name}.|Why do people talk about {name}?]", "{name} is famous because {fact}."),
    ))  # fmt: skip
    return [say(rng, ask, **entry), say(rng, answer, t=an(entry["type"]), **entry)]


@kind("knowledge")
def acronym(rng: random.Random) -> Turns:
    """What an abbreviation stands for."""
    entry = row(rng, "acronyms")
    ask = "[What does {name} stand for?|What is the meaning of {name}?|What is {name} short for?|Explain the abbreviation {name}.|I keep seeing {name}. What does it mean?|Spell out {name} for me.]"
    return [say(rng, ask, **entry), say(rng, '{name} stands for "{long}". [It is {about}.|That is {about}.]', **entry)]


@kind("knowledge", 1.2)
def sport(rng: random.Random) -> Turns:
    """The rules of a sport."""
    entry = row(rng, "sports")
    ask, answer = rng.choice((
        ("[What is the aim of {name}?|Explain {name} in one sentence.|How do you win at {name}?|What are the basic rules of {name}?|I have never watched {name}. What is it about?]", "In {name}, the aim is {aim}. It is played by {players}."),
        ("[How many people play {name}?|How many players does {name} need?|How many players are there in {name}?]", "{name} is played by {players}."),
        ("[What equipment do I need for {name}?|What do you need to play {name}?|Which gear is used in {name}?]", "For {name} you need {gear}."),
    ))  # fmt: skip
    turns = [say(rng, ask, **entry), say(rng, answer, **entry)]
    if "equipment" not in turns[0] and "gear" not in turns[0] and rng.random() < 0.15:
        turns += [
            say(rng, "[What do I need to play it?|And which gear do I need?]"),
            say(rng, "For {name} you need {gear}.", **entry),
        ]
    return turns


@kind("knowledge")
def body(rng: random.Random) -> Turns:
    """Parts of the body."""
    entry = row(rng, "body")
    slots = entry | {
        "do": "do"
        if entry["name"]
        in (
            "the lungs",
            "the kidneys",
            "the bones",
            "the muscles",
            "the eyes",
            "the ears",
            "the teeth",
            "the intestines",
        )
        else "does"
    }
    ask, answer = rng.choice((
        ("[What {do} {name} do?|What is the job of {name}?|Why do we need {name}?|Explain what {name} {do} in the body.]", "{name} {job}."),
        ("[How can I keep {name} healthy?|What is good for {name}?|How do I take care of {name}?|Give me a tip to look after {name}.]", "To take care of {name}, {care}."),
    ))  # fmt: skip
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("knowledge")
def festival(rng: random.Random) -> Turns:
    """Feasts and holidays."""
    entry = row(rng, "festivals")
    ask, answer = rng.choice((
        ("[When is {name} celebrated?|When does {name} take place?|In which part of the year is {name}?]", "{name} takes place {time}."),
        ("[How do people celebrate {name}?|What happens on {name}?|What are the customs of {name}?]", "On {name}, {custom}."),
        ("[What is {name}?|Tell me about {name}.|Explain {name} to someone who has never heard of it.]", "{name} is celebrated in {place} {time}. At this time {custom}."),
    ))  # fmt: skip
    return [say(rng, ask, **entry), say(rng, answer, **entry)]


@kind("knowledge")
def scientist(rng: random.Random) -> Turns:
    """Famous scientists."""
    entry = row(rng, "scientists")
    ask, answer = rng.choice((
        ("[Who was {name}?|Tell me about {name}.|Write a sentence about {name}.|Why should I know {name}?]", "{name} worked in {field} and is known for {known}."),
        ("[What is {name} known for?|What did {name} discover?|Why is {name} famous?]", "{name} is known for {known}."),
        ("[Who is known for {known}?|Which scientist is known for {known}?]", "{name} is known for {known}."),
        ("In which field did {name} work?", "{name} worked in {field}."),
    ))  # fmt: skip
    return [say(rng, ask, **entry), say(rng, answer, **entry)]


@kind("advice", 1.2)
def food(rng: random.Random) -> Turns:
    """What is in food and what to do with it."""
    entry, other = rows(rng, "foods", 2)
    which = rng.randrange(4)
    if which == 0:
        return [
            say(
                rng,
                "[What makes {name} healthy?|What is in {name}?|Which nutrients do I get from {name}?|Why should I eat more {name}?|What is {name} good for?]",
                **entry,
            ),
            say(rng, "A good thing about {name}: you get {rich}. Use {name} in {use}.", **entry),
        ]
    if which == 1:
        return [
            say(
                rng,
                "[What can I cook with {name}?|How can I use {name} in the kitchen?|I have a lot of {name} left. What can I make?|In which dishes do people use {name}?]",
                **entry,
            ),
            say(rng, "You can use {name} in {use}.", **entry),
        ]
    if which == 2:
        return [
            say(
                rng,
                "[Which food gives me {rich}?|I need more {rich}. What should I eat?|Name a food with {rich}.]",
                **entry,
            ),
            say(rng, "Try {name}. You get {rich} from this {type}, and it goes well in {use}.", **entry),
        ]
    return [
        say(
            rng,
            "[Which is better for me, {a} or {b}?|Compare {a} and {b}.|{a} or {b}: which should I buy?]",
            a=entry["name"],
            b=other["name"],
        ),
        say(
            rng,
            "From {a} you get {x}, while from {b} you get {y}. Both are a good choice.",
            a=entry["name"],
            x=entry["rich"],
            b=other["name"],
            y=other["rich"],
        ),
    ]


@kind("data analysis", 0.8)
def fact_table(rng: random.Random) -> Turns:
    """A table of facts on history, food or geography."""
    name, header, label = rng.choice(
        (
            ("history", ("name", "year"), "events"),
            ("foods", ("name", "type"), "foods"),
            ("geography", ("name", "type"), "places"),
            ("scientists", ("name", "field"), "scientists"),
            ("acronyms", ("name", "long"), "abbreviations"),
        )
    )
    entries = rows(rng, name, rng.choice((2, 3)))
    ask = "[Make a table of these {l}: {n}.|Show {n} in a table.|Put these {l} into a Markdown table: {n}.|Create a small table for the following {l}: {n}.]"
    return [
        say(rng, ask, l=label, n=", ".join(entry["name"] for entry in entries)),
        grid(
            [title.capitalize() if title != "long" else "Meaning" for title in header],
            [[capital(entry[key]) for key in header] for entry in entries],
        ),
    ]


@kind("reasoning", 0.8)
def who_am_i(rng: random.Random) -> Turns:
    """Guess the animal, the job or the country."""
    which = rng.randrange(4)
    if which == 0:
        entry = row(rng, "animals")
        clue, answer = (
            f"I am {an(entry['group'])}. My food is {entry['food']}. People say that {entry['fact']}.",
            an(entry["name"]),
        )
    elif which == 1:
        entry = row(rng, "jobs")
        clue, answer = f"This person {entry['task']}. The work takes place in {entry['place']}.", an(entry["name"])
    elif which == 2:
        entry = row(rng, "countries")
        clue, answer = (
            f"My capital is {entry['capital']}. A typical dish is {entry['dish']}. Visitors see {entry['landmark']}.",
            entry["name"],
        )
    else:
        entry = row(rng, "geography")
        clue, answer = (
            f"I am {an(entry['type'])}. {capital(entry['place'])} is my home, and {entry['fact']}.",
            entry["name"],
        )
    ask = "[Guess what it is: {c}|Who or what is described? {c}|Riddle: {c} What is it?|Find the right word: {c}|Can you guess the answer? {c}]"
    return [say(rng, ask, c=clue), say(rng, "[It is {a}.|The answer is {a}.|That must be {a}.]", a=answer)]


@kind("planning", 0.8)
def quiz(rng: random.Random) -> Turns:
    """Quiz questions with their answers."""
    first, second = rows(rng, "countries", 2)
    event, person = row(rng, "history"), row(rng, "scientists")
    topic, pairs = rng.choice((
        ("capitals", ((f"What is the capital of {first['name']}?", first["capital"]), (f"What is the capital of {second['name']}?", second["capital"]))),
        ("geography", ((f"On which continent is {first['name']}?", first["continent"]), (f"Which language is spoken in {second['name']}?", second["language"]))),
        ("history", ((f"In which year was {event['name']}?", event["year"]), (f"Who is known for {person['known']}?", person["name"]))),
        ("food", ((f"Which country is known for {first['dish']}?", first["name"]), (f"Which country is known for {second['dish']}?", second["name"]))),
    ))  # fmt: skip
    ask = "[Write two quiz questions about {t}[| for children| for a pub quiz| for my class].|I need two quiz questions on {t}[| with answers].|Prepare a short quiz about {t} with two questions.|Make up two questions about {t} for our [family|school|club] quiz.]"
    return [say(rng, ask, t=topic), numbered(f"{question} (Answer: {answer})" for question, answer in pairs)]


@kind("general", 0.8)
def small_talk(rng: random.Random) -> Turns:
    """What people write first."""
    topic = row(rng, "topics")["name"]
    ask, answer = rng.choice((
        ("[Hello!|Hi there!|Good morning!|Hey, how are you?|Hello, are you there?]", "Hello! How can I help you today?"),
        ("[What can you do?|What can you help me with?|How can you help me?]", "I can answer questions, write short texts, translate, calculate, plan and explain things such as {t}."),
        ("[Can we talk about {t}?|I would like to talk about {t}.|Let us chat about {t}.|I have a question about {t}.]", "Of course! What would you like to know about {t}?"),
        ("[I have just started with {t}!|I enjoy {t} a lot.|I spent the whole weekend on {t}.|Today I tried {t} for the first time.]", "That sounds great! What do you like most about {t}?"),
        ("[Tell me a joke about {t}.|Do you know a joke about {t}?|Make me laugh with a joke about {t}.]", "Why did the beginner give up {t}? It was going so well that nobody would believe it."),
    ))  # fmt: skip
    return [say(rng, ask, t=topic), say(rng, answer, t=topic)]
