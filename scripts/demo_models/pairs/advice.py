"""Everyday problems, gifts, habits, careers, choices."""

import random

from .core import Turns, an, bullets, capital, join, kind, listing, names, row, rows, say, split

GIFTS = {
    "who loves cooking": ("a good knife", "a spice set", "a recipe book"), "who loves gardening": ("a pair of gloves", "a box of rare seeds", "a small greenhouse"),
    "who likes to read": ("a reading lamp", "a voucher for a bookshop", "a leather bookmark"), "who travels a lot": ("a light suitcase", "a travel pillow", "a scratch map"),
    "who plays the guitar": ("a set of strings", "a songbook", "a guitar strap"), "who likes to draw": ("a sketchbook", "coloured pencils", "a visit to a museum"),
    "who runs every day": ("warm running socks", "a sports watch", "a water belt"), "who drinks a lot of tea": ("a teapot", "a box of fine teas", "a warm mug"),
    "who has everything": ("a dinner together", "a handwritten letter", "a day trip"), "who likes board games": ("a new strategy game", "a set of dice", "a puzzle"),
    "who loves dogs": ("a dog calendar", "a strong leash", "a day at a dog park"), "who takes photos": ("a tripod", "a photo book", "a camera bag"),
}  # fmt: skip
PEOPLE = split(
    "brother, sister, mother, father, friend, colleague, neighbour, teacher, grandmother, grandfather, cousin, boss, aunt, uncle"
)
HABITS = {
    "sleep better": ("keep regular hours", "read instead of looking at a screen", "keep the room cool"), "eat more healthily": ("fill half of the plate with vegetables", "cook at home", "drink water instead of soda"),
    "be more productive": ("start with the hardest task", "switch off notifications", "take short breaks"), "save money": ("write down what you spend", "cook at home", "compare prices before you buy"),
    "learn vocabulary": ("use word cards", "repeat the words on the next day", "make a sentence with each word"), "stay calm": ("breathe slowly", "count to ten", "take a short walk"),
    "get fit": ("walk to work", "take the stairs", "exercise three times a week"), "make new friends": ("join a club", "ask people questions", "invite someone for coffee"),
    "write better": ("read every day", "use short sentences", "revise after a night's sleep"), "remember things": ("write them down", "repeat them aloud", "connect them with pictures"),
    "keep the house tidy": ("put things back at once", "clean ten minutes a day", "give away what you do not use"), "live more sustainably": ("buy less and repair more", "take the train", "eat more plants"),
    "improve my English": ("watch films in English", "speak with a partner", "keep a small diary"), "manage my time": ("plan the day in the morning", "do one thing at a time", "leave room for surprises"),
    "drink less coffee": ("switch to smaller cups", "try herbal tea", "stop after lunch"), "spend less time on my phone": ("leave it in another room", "turn off notifications", "read a book instead"),
}  # fmt: skip
CHOICES = (
    ("working from home", "you save the way to work", "you can plan your day freely", "you may feel lonely", "work and free time mix"),
    ("living in a big city", "there are many jobs", "there is much culture", "rents are high", "it is often noisy"),
    ("having a pet", "you are never alone", "you move more", "it costs money", "holidays need planning"),
    ("buying a used car", "it is cheaper", "it loses value slowly", "repairs may come soon", "the history is not always known"),
    ("studying abroad", "you learn a language", "you meet new people", "it can be expensive", "you may miss home"),
    ("online shopping", "it saves time", "prices are easy to compare", "you cannot touch the goods", "packages cause waste"),
    ("cycling to work", "it keeps you fit", "it costs almost nothing", "rain can be unpleasant", "long distances take time"),
    ("learning a musical instrument", "it trains the mind", "it brings joy", "it takes patience", "lessons cost money"),
    ("eating vegetarian food", "it is good for the climate", "it is often cheaper", "you need to plan your protein", "some restaurants offer little"),
    ("working part time", "you have more free time", "you feel less stress", "you earn less", "careers may slow down"),
    ("electric cars", "they are quiet", "they need no petrol", "charging takes time", "the price is high"),
    ("homework in primary school", "children practise more", "parents see what they learn", "children have less free time", "not everybody gets help at home"),
    ("using public transport", "it is cheap", "you can read on the way", "it may be late", "it is crowded at rush hour"),
    ("having breakfast every day", "it gives energy", "you are less hungry later", "it takes time in the morning", "not everybody is hungry early"),
)  # fmt: skip
STAINS = {"coffee": "cold water and a little soap", "red wine": "salt and then warm water", "grass": "vinegar and water", "chocolate": "cold water and washing-up liquid", "ink": "alcohol on a cotton pad", "tomato sauce": "cold water and lemon juice", "butter": "washing-up liquid", "mud": "a dry brush first and then soap"}  # fmt: skip
QUESTIONS = (
    (
        "Tell me about yourself.",
        "Say in a minute what you do now, what you did before and why this job is the next step",
    ),
    ("What are your strengths?", "Name two strengths that the job needs and give a short example for each"),
    ("What is your greatest weakness?", "Choose a real but small weakness and say what you do about it"),
    (
        "Why do you want to work here?",
        "Mention one thing about the company that you value and connect it with your skills",
    ),
    (
        "Where do you see yourself in five years?",
        "Show that you want to learn and to take responsibility in this field",
    ),
    ("Why did you leave your last job?", "Stay positive and say what you are looking for now"),
)


@kind("advice", 3.0)
def problem(rng: random.Random) -> Turns:
    """Advice for an everyday problem."""
    entry = row(rng, "problems")
    tips, count = [entry[f"tip{i}"] for i in range(1, 5)], rng.choice((2, 3, 3, 4))
    chosen = rng.sample(tips, count)
    word = {2: "two", 3: "three", 4: "four"}[count]
    ask = "[{p}. What can I do?|{p}. Do you have any advice?|What should I do when {p}?|{p}. Can you help me?|Give me {w} tips: {p}.|{p}. What would you suggest?|My problem is that {p}. Any ideas?|How can I deal with this: {p}?]"
    intro = say(rng, "[Here are {w} ideas:|These {w} steps may help:|You could try this:|Try the following:]", w=word)
    answer = (
        f"{intro}\n{listing(rng, chosen)}"
        if rng.random() < 0.6
        else f"First, {chosen[0]}. Then {chosen[1]}."
        + (f" It also helps to {chosen[2]}." if count > 2 and not chosen[2].startswith("do not") else "")
    )
    turns = [say(rng, ask, p=entry["problem"], w=word), answer]
    left = [tip for tip in tips if tip not in chosen]
    if left and rng.random() < 0.2:
        turns += [
            say(
                rng,
                "[I have tried that. Anything else?|Do you have another idea?|What else could I do?|One more tip, please.]",
            ),
            f"Another idea: {left[0]}.",
        ]
    elif rng.random() < 0.12:
        turns += [
            say(rng, "[Which of these is the most important?|Where should I start?|Which one first?]"),
            f"Start with this one: {chosen[0]}.",
        ]
    return turns


@kind("advice", 1.5)
def gift(rng: random.Random) -> Turns:
    """Gift ideas."""
    who, person, amount = rng.choice(list(GIFTS)), rng.choice(PEOPLE), rng.choice((20, 30, 40, 50, 100))
    ask = "[What is a good gift for my {p} {w}?|I need a present for my {p} {w}. Any ideas?|Suggest three gifts for a {p} {w}.|My {p}, {w}, has a birthday soon. What can I give?|Give me gift ideas under ${m} for a {p} {w}.]"
    items = list(GIFTS[who])
    rng.shuffle(items)
    answer = (
        f"Gift ideas for your {person}:\n" + listing(rng, items)
        if rng.random() < 0.6
        else f"You could give your {person} {join(items, 'or')}."
    )
    turns = [say(rng, ask, p=person, w=who, m=amount), answer]
    if rng.random() < 0.15:
        turns += [
            say(rng, "[Which one would you choose?|Which is the best?]"),
            f"I would choose {items[0]}, because it fits somebody {who}.",
        ]
    return turns


@kind("advice", 2.0)
def habit(rng: random.Random) -> Turns:
    """Tips for a better habit."""
    aim = rng.choice(list(HABITS))
    tips = list(HABITS[aim])
    rng.shuffle(tips)
    yours = aim.replace("my ", "your ")
    ask = "[How can I {a}?|Give me three tips to {a}.|I want to {a}. Where do I start?|What helps people to {b}?|What are good ways to {a}?|Can you give me some advice on how to {a}?|List three habits that help me to {a}.|How do I {a} [as a student|with little time|without much money]?]"
    answer = (
        f"To {yours}, try these steps:\n" + listing(rng, tips)
        if rng.random() < 0.6
        else f"To {yours}, {tips[0]} and {tips[1]}. It also helps to {tips[2]}."
    )
    turns = [say(rng, ask, a=aim, b=aim.replace("my ", "their ")), answer]
    if rng.random() < 0.15:
        turns += [
            say(rng, "[Which of these is the easiest?|Which tip is the easiest to follow?|Just one tip, please.]"),
            f"Begin with the first one: {tips[0]}.",
        ]
    return turns


@kind("advice", 1.5)
def pros_and_cons(rng: random.Random) -> Turns:
    """Both sides of a choice."""
    thing, pro, pro2, con, con2 = rng.choice(CHOICES)
    ask = "[What are the pros and cons of {t}?|List the advantages and disadvantages of {t}.|Is {t} a good idea?|Give me arguments for and against {t}.|I am thinking about {t}. What speaks for it and what against it?|Compare the good and bad sides of {t}.]"
    if rng.random() < 0.6:
        answer = f"Pros of {thing}:\n{bullets((pro, pro2))}\nCons:\n{bullets((con, con2))}"
    else:
        answer = f"On the one hand, {pro} and {pro2}. On the other hand, {con} and {con2}. So {thing} is a question of what matters most to you."
    turns = [say(rng, ask, t=thing), answer]
    if rng.random() < 0.15:
        turns += [
            say(rng, "[Only the advantages, please.|What is the main advantage?|And the main advantage?]"),
            f"The main advantage of {thing}: {pro}.",
        ]
    return turns


@kind("advice", 1.2)
def interview(rng: random.Random) -> Turns:
    """Job interviews and careers."""
    job = row(rng, "jobs")
    if rng.random() < 0.5:
        question, tip = rng.choice(QUESTIONS)
        ask = '[How should I answer "{q}" in an interview?|I have an interview as {j}. What do I say to "{q}"?|Help me with this interview question: {q}]'
        return [say(rng, ask, q=question, j=an(job["name"])), f"{tip}."]
    ask = "[How do I become {a}?|I want to work as {a}. What should I do?|What should I learn to become {a}?|Is {a} the right job for me?]"
    return [
        say(rng, ask, a=an(job["name"])),
        f"{capital(an(job['name']))} {job['task']}. You need {job['skill']}. Look for a training place, and visit {job['place']} to see if you like it.",
    ]


@kind("advice")
def stain(rng: random.Random) -> Turns:
    """Remove a stain."""
    what, cloth = (
        rng.choice(list(STAINS)),
        rng.choice(split("shirt, carpet, sofa, tablecloth, jacket, dress, pair of jeans, curtain, scarf, pillow")),
    )
    ask = "[How do I get a {w} stain out of my {c}?|There is {aw} stain on my {c}. What helps?|What removes {w} from a {c}?|I spilled {w} on my {c}. What now?]"
    ask = ask if what not in ("grass", "mud") else ask.replace("|I spilled {w} on my {c}. What now?", "")
    return [
        say(rng, ask, w=what, aw=an(what), c=cloth),
        f"Treat the {what} stain quickly with {STAINS[what]}. Test it on a hidden part of the {cloth} first, and do not rub too hard.",
    ]


@kind("advice", 1.5)
def hobby(rng: random.Random) -> Turns:
    """Start or choose a hobby."""
    entry, other = rows(rng, "topics", 2)
    ask, answer = rng.choice((
        ("[How do I start with {name}?|I would like to try {name}. Any tips for a beginner?|What does a beginner need for {name}?|What do I need to know before I start {name}?]", "Start {name} with small steps: set aside an hour a week, find someone who can show you, and enjoy {aspect1}. Expect {aspect3} too."),
        ("[Is {name} a good hobby?|Why should I try {name}?|What are the benefits of {name}?|Convince me to try {name}.]", "{name} is a good hobby. You get {aspect1} and {aspect2}, and the only price is {aspect3}."),
        ("[Should I choose {name} or {o} as a hobby?|I can't decide between {name} and {o}. Which one?|{name} or {o}: what do you recommend?]", "Choose {name} if you like {aspect1} and {aspect2}. Choose {o} if you prefer {oa} and {ob}."),
    ))  # fmt: skip
    slots = entry | {"o": other["name"], "oa": other["aspect1"], "ob": other["aspect2"]}
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("advice")
def travel_tip(rng: random.Random) -> Turns:
    """Tips for a country."""
    entry = row(rng, "countries")
    ask = "[Do you have travel tips for {name}?|I am going to {name} [in spring|next month|with my family|for a week]. What should I know?|What should I know before I travel to {name}?|Give me some travel advice for {name}.|Any tips for a trip to {name}?]"
    return [
        say(rng, ask, **entry),
        say(
            rng,
            "[For {name}:|Before you go to {name}:|Some tips for {name}:] learn a few words of {language}, bring {currency}, try {dish} and see {landmark}.",
            **entry,
        ),
    ]


@kind("advice")
def recommend(rng: random.Random) -> Turns:
    """Recommend a dish, a place or a book for a mood."""
    name = names(rng, 1)[0]
    which = rng.randrange(3)
    if which == 0:
        entry = row(rng, "dishes")
        item = rng.choice(split(entry["ingredients"]))
        ask = "[I have {i} at home. What can I cook?|What can I make with {i}?|Suggest a dish with {i}.|{n} brought me {i}. What should I cook?]"
        return [
            say(rng, ask, i=item, n=name),
            f"With {item} you can make {entry['name']}. You also need {join([other for other in split(entry['ingredients']) if other != item])}.",
        ]
    if which == 1:
        entry = row(rng, "cities")
        ask = "[Where should I travel if I want to try {food}?|In which city can I see {sight}?|I would like to see {sight}. Where do I have to go?]"
        return [
            say(rng, ask, **entry),
            say(rng, "Go to {name} in {country}. There you can see {sight} and try {food}.", **entry),
        ]
    entry = row(rng, "authors")
    ask = "[{n} likes stories about {about}. Which book should I give?|Which book do you recommend about {about}?|What should I read if I like {about}?]"
    return [say(rng, ask, n=name, **entry), say(rng, "I recommend {work} by {name}. It is about {about}.", **entry)]


@kind("advice", 0.8)
def pet_care(rng: random.Random) -> Turns:
    """Looking after pets and plants."""
    pet, food, need = rng.choice((("a dog", "dog food and fresh water", "two walks a day"), ("a cat", "cat food and fresh water", "a clean litter box"), ("a rabbit", "hay and vegetables", "a friend and room to jump"), ("a goldfish", "a little fish food", "a large clean tank"), ("a hamster", "seeds and vegetables", "a wheel and quiet days"), ("a parrot", "seeds, nuts and fruit", "toys and company"), ("a cactus", "very little water", "a sunny window"), ("a fern", "regular water", "shade and moist air"), ("an orchid", "a little water once a week", "a bright place without direct sun"), ("a tomato plant", "water every day", "sun and a stick to climb"), ("a tortoise", "leaves and weeds", "sun and a place to hide")))  # fmt: skip
    ask = "[How do I take care of {p}?|What does {p} need?|I just got {p}. What should I know?|Give me tips for keeping {p}.|My neighbour left me {p} for [a week|two weeks|the holidays]. What do I have to do?]"
    return [
        say(rng, ask, p=pet),
        f"Give {pet} {food}. It also needs {need}. Check on it every day and note any change.",
    ]
