"""Trips, days, lists, budgets, lessons, meals and workouts."""

import random

from .core import Turns, bullets, capital, grid, join, kind, listing, names, numbered, row, rows, say, split

EVENTS = (
    ("a birthday party", "invite the guests", "bake a cake", "buy drinks", "hang up balloons", "prepare two games"),
    ("a picnic", "check the weather", "make sandwiches", "pack a blanket", "cut some fruit", "choose a shady place"),
    ("a barbecue", "buy charcoal", "season the vegetables", "clean the grill", "prepare a salad", "set up chairs"),
    ("a school reunion", "collect the addresses", "book a room", "order food", "make name tags", "bring old photos"),
    ("a flea market stall", "sort the things to sell", "write price tags", "bring a table", "get small change", "arrive early"),
    ("a charity run", "choose a route", "ask for permission", "find helpers", "open the registration", "provide water"),
    ("a book club evening", "pick a book", "set a date", "write three questions", "make tea", "plan the next meeting"),
    ("a game night", "choose three games", "invite friends", "prepare snacks", "clear the table", "read the rules beforehand"),
    ("a move to a new flat", "gather boxes", "pack room by room", "label every box", "rent a van", "change your address"),
    ("a job interview", "read about the company", "practise your answers", "print your documents", "choose your clothes", "check the route"),
    ("a garage sale", "set a date", "put up signs", "sort your things", "write prices", "get small change"),
    ("a wedding speech", "collect stories", "pick one good memory", "write it down", "keep it under five minutes", "practise aloud"),
    ("a science fair project", "choose a question", "plan the experiment", "write down the results", "draw a chart", "practise the talk"),
    ("a vegetable garden", "choose a sunny place", "loosen the soil", "buy seeds", "sow in rows", "water every evening"),
    ("a spring cleaning", "open the windows", "sort the wardrobe", "wash the curtains", "clean the shelves", "take out the rubbish"),
    ("a yoga class for beginners", "find a quiet room", "bring mats", "plan simple poses", "play calm music", "end with a rest"),
)  # fmt: skip
SUBJECTS = split(
    "biology, history, French, Spanish, geometry, chemistry, geography, physics, statistics, programming, music theory, English grammar, economics, art history, algebra"
)
MOVES = split(
    "squats, push-ups, lunges, jumping jacks, sit-ups, plank, step-ups, arm circles, mountain climbers, calf raises, shoulder rolls, leg raises"
)
MORNING = split(
    "go for a short run, answer e-mails, tidy the kitchen, study for an hour, read the news, walk the dog, water the plants, prepare lunch, write a letter"
)
EVENING = split(
    "cook dinner, meet a friend, read a novel, practise the guitar, watch a film, take a long bath, call my parents, play a board game, go for a walk"
)
MIDDAY = split(
    "go shopping, clean the windows, repair the bicycle, visit the library, work in the garden, do the laundry, go to the gym, write the report, learn new words"
)
GOALS = ("run five kilometres", "learn to swim", "read twelve books", "save 500 dollars", "learn 200 Spanish words", "play a song on the guitar", "bake my own bread", "write a short story", "learn to type fast", "build a small website", "draw a portrait", "grow tomatoes")  # fmt: skip
WEEKDAYS = split("Monday, Tuesday, Wednesday, Thursday, Friday")


@kind("planning", 1.5)
def packing(rng: random.Random) -> Turns:
    """What to pack for a trip."""
    entry, count = row(rng, "trips"), rng.choice((4, 5, 6))
    items = rng.sample(split(entry["items"]), count)
    ask = "[What should I pack for {name}?|Make a packing list for {name}.|I am going on {name}. What do I need?|Write a packing list for {name} with {n} items.|Help me pack for {name}.|What are the {n} most important things to take on {name}?]"
    ask = ask.replace("I am going on", "I am getting ready for").replace("take on", "take for")
    turns = [
        say(rng, ask, name=entry["name"], n=count),
        f"For {entry['name']}, pack these things:\n" + listing(rng, items),
    ]
    if rng.random() < 0.2:
        left = [item for item in split(entry["items"]) if item not in items]
        turns += [
            say(rng, "[Did we forget anything?|What else could be useful?|Add one more thing.]"),
            f"You could also take this: {rng.choice(left)}.",
        ]
    return turns


@kind("planning", 1.5)
def city_trip(rng: random.Random) -> Turns:
    """A day or a weekend in a city."""
    entry = row(rng, "cities")
    ask = "[Plan a day in {name}.|I have one day in {name}. What should I do?|Make an itinerary for a [weekend|day] in {name}.|What can I do in {name} [with children|on a rainy day|on Saturday|in one day]?|Suggest a day plan for {name}, {country}.|I will visit {name} [next week|in May|this summer]. Any suggestions?]"
    if rng.random() < 0.5:
        answer = (
            "Here is a plan for {name}:\n- Morning: visit {sight}.\n- Midday: try {food}.\n- Afternoon: enjoy {second}."
        )
    else:
        answer = "In {name}, start with {sight}. For lunch try {food}. In the afternoon [you can enjoy|there is time for] {second}."
    turns = [say(rng, ask, **entry), say(rng, answer, **entry)]
    if rng.random() < 0.2:
        turns += [
            say(rng, "[What should I eat there?|And for dinner?|Which food should I try?]"),
            say(rng, "In {name} you should try {food}.", **entry),
        ]
    return turns


@kind("planning", 1.6)
def event(rng: random.Random) -> Turns:
    """The steps to prepare an event."""
    name, *steps = rng.choice(EVENTS)
    count = rng.choice((3, 4, 5))
    chosen = [steps[i] for i in sorted(rng.sample(range(5), count))]
    ask = "[How do I prepare {e}?|Make a checklist for {e}.|I am planning {e}. What should I do?|Create a to-do list for {e}.|Give me {n} steps to plan {e}.|Help me to organise {e}.|What do I need to think of for {e}?]"
    word = ("three", "four", "five")[count - 3]
    turns = [
        say(rng, ask, e=name, n=word),
        say(rng, "[Here is a plan|These steps help|Here is a checklist] for {e}:\n", e=name) + numbered(chosen),
    ]
    if rng.random() < 0.2:
        turns += [
            say(rng, "[Which step comes first?|Where do I start?|What is the first thing to do?]"),
            f"Start with this: {chosen[0]}.",
        ]
    return turns


@kind("planning", 1.3)
def day_plan(rng: random.Random) -> Turns:
    """A schedule from three tasks."""
    first, second, third = rng.choice(MORNING), rng.choice(MIDDAY), rng.choice(EVENING)
    start = rng.choice((7, 8, 9))
    ask = "[Plan my day. I want to {a}, {b} and {c}.|Make a schedule for [today|tomorrow|Saturday|Sunday]: I have to {a}, {b} and {c}.|I want to {a}, {b} and {c}. When should I do what?|Help me to plan a day on which I {a}, {b} and {c}.]"
    items = [f"{start}:00 {first}", f"{start + 5}:00 {second}", f"{start + 11}:00 {third}"]
    answer = (
        bullets(items)
        if rng.random() < 0.5
        else say(
            rng, "In the morning, {a}. Around noon, {b}. In the evening, {c}.", a=first, b=second, c=third
        ).replace(" my ", " your ")
    )
    return [say(rng, ask, a=first, b=second, c=third), answer.replace(" my ", " your ")]


@kind("planning", 1.2)
def study_plan(rng: random.Random) -> Turns:
    """A plan for learning a subject."""
    subject, days = rng.choice(SUBJECTS), rng.randint(3, 5)
    ask = "[Make a {n}-day study plan for {s}.|I have an exam in {s} in {n} days. How should I study?|Create a study schedule for {s} over {n} days.|How can I prepare for a test in {s} in {n} days?]"
    steps = [
        "read your notes and mark what is unclear",
        "learn the main terms with cards",
        "solve practice questions",
        "repeat the difficult parts",
        "take a short test and rest early",
    ]
    chosen = [steps[i] for i in sorted(rng.sample(range(5), days))]
    return [
        say(rng, ask, s=subject, n=days),
        f"Here is a plan for {subject}:\n" + "\n".join(f"- Day {i}: {step}" for i, step in enumerate(chosen, 1)),
    ]


@kind("planning", 1.2)
def workout(rng: random.Random) -> Turns:
    """A short workout."""
    count, minutes = rng.choice((3, 4)), rng.choice((10, 15, 20, 30))
    moves, times = rng.sample(MOVES, count), rng.choice((8, 10, 12, 15))
    ask = "[Give me a {m}-minute workout [for beginners|without equipment|for the morning|at home|for a small room].|Plan a short workout of {m} minutes.|I have {m} minutes to exercise. What should I do?|Create a simple home workout with {n} exercises.]"
    return [
        say(rng, ask, m=minutes, n=count),
        f"Try this {minutes}-minute workout:\n"
        + numbered(f"{move}: {'30 seconds' if move == 'plank' else f'{times} times'}" for move in moves)
        + "\nRest for a minute and repeat.",
    ]


@kind("planning", 1.2)
def budget(rng: random.Random) -> Turns:
    """Split an amount of money."""
    days, room, food, extra = rng.randint(2, 6), rng.randint(4, 12) * 10, rng.randint(2, 5) * 10, rng.randint(1, 6) * 20
    city = row(rng, "cities")["name"]
    ask = "[I am going to {c} for {d} days. The hotel is ${r} a day, food ${f} a day and tickets ${x} in total. What is my budget?|Plan a budget for {d} days in {c}: hotel ${r} and food ${f} per day, plus ${x} for tickets.|How much will {d} days in {c} cost with ${r} a day for the hotel, ${f} a day for food and ${x} for tickets?]"
    lines = [
        ("Hotel", f"${room * days}"),
        ("Food", f"${food * days}"),
        ("Tickets", f"${extra}"),
        ("Total", f"${(room + food) * days + extra}"),
    ]
    answer = (
        grid(("Item", "Cost"), lines)
        if rng.random() < 0.5
        else f"Your budget for {city}:\n" + "\n".join(f"- {item}: {cost}" for item, cost in lines)
    )
    return [say(rng, ask, c=city, d=days, r=room, f=food, x=extra), answer]


@kind("planning", 1.2)
def meals(rng: random.Random) -> Turns:
    """A meal plan or a shopping list."""
    if rng.random() < 0.5:
        count = rng.choice((3, 4))
        dishes = [entry["name"] for entry in rows(rng, "dishes", count)]
        ask = "[Make a meal plan for {n} days.|Plan dinners for {n} days [for a family|on a small budget|for two people|for a busy week].|What could I cook in the next {n} days?|I need a dinner plan for {n} evenings.|Suggest {n} dinners for {d}.]"
        return [
            say(
                rng,
                ask,
                n=("three", "four")[count - 3],
                d=rng.choice(split("a busy week, two people, the holidays, a hot week, a student, four guests")),
            ),
            "\n".join(f"- {day}: {dish}" for day, dish in zip(WEEKDAYS, dishes, strict=False)),
        ]
    entry = row(rng, "dishes")
    ask = "[Write a shopping list for {name}.|What do I need to buy to make {name}?|I want to cook {name}. What should I buy?|Which ingredients do I need for {name}?|List the ingredients of {name}.]"
    return [say(rng, ask, **entry), f"For {entry['name']} you need:\n" + bullets(split(entry["ingredients"]))]


@kind("planning", 1.5)
def recipe(rng: random.Random) -> Turns:
    """How to cook a dish."""
    entry = row(rng, "dishes")
    ask = "[How do I make {name}?|Give me a [simple |quick |]recipe for {name}.|Can you tell me how to cook {name}?|I would like to make {name} [tonight|for my family|for friends]. How does it work?|Explain how to prepare {name} in three steps.|What is the recipe for {name}?]"
    steps = entry["steps"].split(";")
    answer = (
        f"{capital(entry['name'])}\nIngredients: {entry['ingredients']}.\n" + numbered(steps)
        if rng.random() < 0.6
        else f"For {entry['name']} you need {join(split(entry['ingredients']))}. " + " ".join(steps)
    )
    turns = [say(rng, ask, **entry), answer]
    if rng.random() < 0.15:
        turns += [
            say(rng, "[What do I need to buy?|Which ingredients do I need?|Only the ingredients, please.]"),
            f"You need {join(split(entry['ingredients']))}.",
        ]
    return turns


@kind("planning", 1.2)
def goal(rng: random.Random) -> Turns:
    """Steps towards a goal."""
    target, weeks = rng.choice(GOALS), rng.choice((4, 6, 8, 10, 12))
    ask = "[I want to {g} in {w} weeks. How do I get there?|Make a {w}-week plan so that I can {g}.|My goal is to {g} within {w} weeks. Help me plan.|Set up a plan to {g} in {w} weeks.]"
    mine = target.replace(" my ", " your ")
    steps = [
        f"First {weeks // 4} {'week' if weeks < 8 else 'weeks'}: start small and get used to it",
        f"Until week {weeks // 2}: practise three times a week",
        f"Until week {weeks - 1}: do a little more each time",
        f"Week {weeks}: {mine} and celebrate",
    ]
    return [say(rng, ask, g=target, w=weeks), bullets(steps)]


@kind("planning")
def agenda(rng: random.Random) -> Turns:
    """A meeting agenda."""
    minutes = rng.choice((30, 45, 60))
    topic = rng.choice(
        split(
            "the new website, the summer festival, the budget, the school trip, next month's sales, the office move, customer feedback, the training course, the safety rules, the product launch"
        )
    )
    people = names(rng, 2)
    ask = "[Write an agenda for a {m}-minute meeting about {t}.|I need an agenda for a meeting on {t}. We have {m} minutes.|Plan a {m}-minute team meeting about {t} with {a} and {b}.]"
    items = (
        "5 minutes: welcome and goal of the meeting",
        f"{minutes // 3} minutes: report on {topic}",
        f"{minutes - minutes // 3 - 10} minutes: discussion and ideas",
        "5 minutes: next steps",
    )
    return [say(rng, ask, m=minutes, t=topic, a=people[0], b=people[1]), numbered(items)]


@kind("planning")
def weekly(rng: random.Random) -> Turns:
    """Share chores among people or days."""
    people = names(rng, 3)
    chores = rng.sample(
        split(
            "cooking, washing up, vacuuming, shopping, laundry, watering the plants, taking out the rubbish, cleaning the bathroom"
        ),
        3,
    )
    ask = "[{a}, {b} and {c} share a flat. Divide {x}, {y} and {z} among them.|Make a chore plan for {a}, {b} and {c}: {x}, {y} and {z}.|How can {a}, {b} and {c} share {x}, {y} and {z} fairly?]"
    slots = dict(zip("abcxyz", [*people, *chores], strict=True))
    return [
        say(rng, ask, **slots),
        grid(("Person", "Chore"), zip(people, chores, strict=True))
        if rng.random() < 0.5
        else bullets(f"{person}: {chore}" for person, chore in zip(people, chores, strict=True))
        + "\nSwap the chores every week to keep it fair.",
    ]
