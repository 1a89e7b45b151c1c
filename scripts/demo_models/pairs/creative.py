"""Poems, stories, slogans, names, roles and dialogues."""

import random

from .core import Turns, an, bullets, capital, join, kind, listing, lower, names, numbered, row, rows, say, split

SCENES = (
    ("winter", "snow on silent roofs", "a single crow calls softly", "the cold day grows dark"), ("spring", "green tips break the soil", "a thrush sings to the morning", "the ice is a dream"),
    ("summer", "warm stones by the lake", "children laugh in the shallows", "the long evening glows"), ("autumn", "red leaves on the path", "the wind turns each one over", "smoke drifts from the farms"),
    ("the sea", "grey waves come and go", "a gull hangs above the foam", "salt rests on my lips"), ("rain", "drops run down the pane", "the street becomes a mirror", "umbrellas hurry"),
    ("the moon", "pale lamp in the dark", "it silvers the sleeping fields", "and asks for nothing"), ("a cat", "paws without a sound", "the warm sill is her kingdom", "one eye guards the bird"),
    ("coffee", "steam above the cup", "the first sip opens the day", "the kitchen wakes up"), ("a train", "lights slide through the night", "strangers sleep against the glass", "each dreams of a home"),
    ("mountains", "old stone under clouds", "the path climbs into the wind", "below, tiny roofs"), ("friendship", "two cups and one lamp", "we talk until the night ends", "the rain does not count"),
    ("a forest", "moss on fallen trunks", "light falls in narrow ladders", "a deer lifts its head"), ("the city", "windows lit at dusk", "a thousand small lives at once", "the bus doors sigh shut"),
    ("morning", "a thin golden line", "grows behind the sleeping hills", "the first bird answers"), ("a garden", "bees among the beans", "the watering can is singing", "red tomatoes swell"),
)  # fmt: skip
HEROES = split(
    "young fox, old fisherman, shy robot, brave little mouse, retired pirate, curious girl, lonely lighthouse keeper, clumsy wizard, baker's son, travelling musician, small dragon, clever crow, forgetful queen, tired knight, boy with a red kite, grandmother, stray dog, night watchman"
)
PLACES = split(
    "by the sea, in a snowy village, on a distant island, in a busy city, at the edge of a forest, in an old library, on a mountain farm, in a quiet harbour, near a broken bridge, on the moon, in a desert town, under a large oak tree"
)
FINDS = (
    ("a golden key", "opened a door that nobody had seen before", "the greatest treasures are often close to home"), ("a strange map", "led to a garden full of singing birds", "every long way begins with one step"),
    ("a lost kitten", "purred and would not leave again", "kindness always finds its way back"), ("a letter in a bottle", "came from a friend of long ago", "it is never too late to answer"),
    ("a silver whistle", "called the wind whenever it was blown", "power must be used with care"), ("a broken clock", "ran backwards for exactly one hour", "time is the best gift"),
    ("a small seed", "grew into a tree overnight", "great things may begin very small"), ("an old lamp", "shone only for those who told the truth", "honesty lights the way"),
    ("a talking book", "knew the story of everyone in town", "everyone has a story worth hearing"), ("a single shoe", "belonged to a giant who was looking for it", "it is good to return what you find"),
)  # fmt: skip
ROLES = (
    ("a pirate captain", "Ahoy, friend! I am the captain of this ship.", "The wind is good and the treasure is waiting"), ("a friendly robot", "Greetings, human. My circuits are happy to meet you.", "I have calculated that today will be a fine day"),
    ("a medieval knight", "Hail, traveller! I have ridden far to meet you.", "My sword and my word are at your service"), ("a wise old wizard", "Ah, come in and mind the dragon.", "I have waited a hundred years for your question"),
    ("a detective", "Sit down and tell me everything.", "The smallest detail may solve the case"), ("a tour guide", "Welcome, everyone! Please follow me.", "We begin with the oldest part of the town"),
    ("a ship's cook", "Good day! The soup is hot and the sea is rough.", "Nobody leaves my galley hungry"), ("an astronaut", "Hello from orbit!", "From up here the Earth looks small and very blue"),
    ("a museum guard", "Good evening. Please do not touch the statues.", "At night they tell me their stories"), ("a talking cat", "Meow. You may sit beside me.", "First we eat, then we sleep, then we talk about the rest"),
    ("a gardener at a castle", "Good morning! Mind the roses.", "Every flower here has a name and a history"), ("a time traveller", "What year is it? Wonderful, I am early.", "I have seen your future, and it needs more tea"),
    ("a Viking explorer", "Greetings! My boat is at the shore.", "Beyond the fog there is new land"), ("a librarian in a magic library", "Hush, the books are dreaming.", "Tell me what you seek, and the right one will wake up"),
)  # fmt: skip
FEELINGS = {"happy": "the sun after a week of rain", "sad": "a house with closed shutters", "nervous": "a bird in a paper bag", "angry": "a kettle on the boil", "proud": "a flag on a high hill", "tired": "a candle at the end of the night", "lonely": "the last chair in an empty hall", "hopeful": "a seed under the snow", "calm": "a lake at dawn", "excited": "a child before the circus"}  # fmt: skip


@kind("creative writing", 1.5)
def haiku(rng: random.Random) -> Turns:
    """A haiku about a scene."""
    subject, *lines = rng.choice(SCENES)
    ask = "[Write a haiku about {s}.|Compose a haiku about {s}.|Can you write a [short poem|haiku] about {s}?|I would like a haiku on the topic of {s}.|Write a three-line poem about {s}.|Please write a haiku for a card about {s}.]"
    turns = [say(rng, ask, s=subject), "\n".join(capital(line) for line in lines)]
    if rng.random() < 0.2:
        other, *more = rng.choice([scene for scene in SCENES if scene[0] != subject])
        turns += [
            say(rng, "[Now one about {s}.|And one about {s}, please.|Write another one about {s}.]", s=other),
            "\n".join(capital(line) for line in more),
        ]
    return turns


@kind("creative writing", 1.5)
def poem(rng: random.Random) -> Turns:
    """Four rhyming lines about a hobby."""
    entry = row(rng, "topics")
    ask = "[Write a short poem about {name}.|Write a four-line poem about {name}.|Compose a rhyme about {name}.|I need a little poem about {name} [for a birthday card|for my friend|for the school newspaper].|Can you rhyme about {name}?]"
    lines = rng.choice((
        "I think of {aspect1} and {aspect2} today,\nof {aspect3} that carry my worries away.\nWith {name} each morning is better by far,\nit shines in my heart like a bright little star.",
        "When evening is quiet and work has an end,\nthen {name} is waiting for me like a friend.\nIt brings me {aspect1}, it brings me delight,\nand {aspect2} to dream of all through the night.",
        "Oh {name}, you taught me to try and to stay,\nwith {aspect3} and patience on every grey day.\nYou gave me {aspect2}, you opened the door,\nand each time I meet you I love you still more.",
    ))  # fmt: skip
    return [say(rng, ask, **entry), say(rng, lines, **entry)]


@kind("creative writing", 2.0)
def story(rng: random.Random) -> Turns:
    """A very short story."""
    hero, place = rng.choice(HEROES), rng.choice(PLACES)
    thing, event, moral = rng.choice(FINDS)
    slots = {"h": hero, "a": an(hero), "p": place, "t": thing, "e": event, "m": moral, "n": names(rng, 1)[0]}
    ask = "[Write a short story about {a} who finds {t}.|Tell me a story about {a} {p}.|Write a [very short|brief|three-sentence] story about {a} and {t}.|I need a bedtime story about {a}.|Make up a story that begins with {a} {p}.|Write a fairy tale about {a} and {t}.]"
    answer = "[Once upon a time|Long ago|One evening|Many years ago], {a} lived {p}. One day the {h} found {t}. It {e}. [From then on the {h} knew that {m}.|The {h} smiled and understood that {m}.]"
    turns = [
        say(rng, ask, **slots),
        say(rng, answer.replace("One evening, {a} lived", "Long ago, {a} lived").replace("One evening|", ""), **slots),
    ]
    if rng.random() < 0.25:
        follow = rng.choice(("title", "moral", "short"))
        if follow == "title":
            turns += [
                say(rng, "[Give it a title.|What could the title be?|Suggest a title.]"),
                say(rng, "The {h} and {t}", **slots).title().replace("And", "and"),
            ]
        elif follow == "moral":
            turns += [
                say(rng, "[What is the moral?|What does the story teach?]"),
                say(rng, "The story teaches that {m}.", **slots),
            ]
        else:
            turns += [
                say(rng, "[Make it shorter.|Tell it in one sentence.|Shorter, please.]"),
                say(rng, "{a} {p} found {t} and learned that {m}.", **slots),
            ]
    return turns


@kind("creative writing", 1.2)
def opening(rng: random.Random) -> Turns:
    """The first sentence of a story."""
    hero, place, thing = rng.choice(HEROES), rng.choice(PLACES), rng.choice(FINDS)[0]
    ask = "[Write the first sentence of a [novel|story|mystery] about {a}.|Give me an opening line for a story about {a} and {t}.|How could a story about {a} {p} begin?|I need a good first sentence for a tale set {p}.]"
    answer = "[Nobody {p} had expected {a}, least of all one with {t}.|On the night when the {h} found {t}, every lamp {p} went out.|The {h} had only one rule: never touch {t}.|There were three things that the {h} feared, and {t} was the first.]"
    slots = {"h": hero, "a": an(hero), "p": place, "t": thing}
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("creative writing", 1.5)
def slogan(rng: random.Random) -> Turns:
    """A slogan for a product."""
    entry = row(rng, "products")
    slots = entry | {"a": an(entry["name"])}
    ask = "[Write a slogan for {a}.|Create a catchy slogan for {a}.|I need {n} slogans for {a}.|Come up with a [tagline|slogan] for {a} that [speaks to|attracts] {buyer}.|Suggest a short advertising line for {a}.|What would be a good slogan for {a}?]"
    lines = [
        "{quality}, simple, yours.",
        "{benefit}.",
        "For {buyer} who expect more.",
        "Made for {buyer}.",
        "Your {name}, your way.",
        "{quality} every day.",
    ]
    count = rng.choice((2, 3))
    chosen = [say(rng, line, **slots) for line in rng.sample(lines, count)]
    text = say(rng, ask, n=("two", "three")[count - 2], **slots)
    turns = [text, listing(rng, chosen) if "slogans" in text else f'"{chosen[0]}"']
    if rng.random() < 0.2:
        turns += [say(rng, "[Give me another one.|One more, please.|Do you have a different idea?]"), f'"{chosen[1]}"']
    return turns


@kind("creative writing", 1.2)
def brand_names(rng: random.Random) -> Turns:
    """Names for a shop or a pet."""
    entry, count = row(rng, "products"), rng.choice((3, 4, 5))
    word = ("three", "four", "five")[count - 3]
    first = split(
        "Golden, Little, Bright, Happy, Silver, Sunny, Wild, Blue, Honest, True, Swift, Green, Urban, Cosy, Clever"
    )
    second = split(
        "Corner, Harbour, Leaf, Star, Path, River, Nest, Spark, Bridge, Meadow, Door, Wave, Stone, Garden, Lantern"
    )
    ask = "[Suggest {w} names for {a}.|I am opening {a}. What could I call it?|Brainstorm {w} names for {a}.|Give me {w} creative names for {a}.|Help me to find a name for my new {n}.]"
    pairs = zip(rng.sample(first, count), rng.sample(second, count), strict=True)
    return [
        say(rng, ask, w=word, a=an(entry["name"]), n=entry["name"]),
        f"Here are {word} names for the {entry['name']}:\n" + listing(rng, (f"{a} {b}" for a, b in pairs)),
    ]


@kind("creative writing")
def pet_names(rng: random.Random) -> Turns:
    """Names for a pet."""
    pet, count = (
        rng.choice(
            split(
                "black cat, small dog, white rabbit, green parrot, old horse, grey kitten, young hamster, brown puppy, goldfish, slow tortoise, orange cat, big dog"
            )
        ),
        rng.choice((3, 4)),
    )
    pool = split(
        "Pepper, Luna, Biscuit, Shadow, Milo, Ginger, Pearl, Domino, Clover, Olive, Rusty, Daisy, Comet, Maple, Ziggy, Hazel, Nutmeg, Toffee"
    )
    ask = "[Suggest {w} names for {a}.|What should I call my {p}?|I just got {a}. Give me {w} names.|Think of {w} cute names for {a}.]"
    return [
        say(rng, ask, w=("three", "four")[count - 3], a=an(pet), p=pet),
        say(
            rng,
            "[How about {n}?|Good names for your {p}: {n}.|Your {p} could be called {n}.]",
            p=pet,
            n=join(rng.sample(pool, count), "or"),
        ),
    ]


@kind("creative writing", 1.5)
def role_play(rng: random.Random) -> Turns:
    """Speak in a role."""
    role, greeting, line = rng.choice(ROLES)
    name, topic = names(rng, 1)[0], row(rng, "topics")["name"]
    ask = "[Pretend to be {r} and greet me.|You are {r}. Introduce yourself.|Act as {r} and tell me about {t}.|Imagine you are {r}. What would you say about {t}?|Play the role of {r}. My name is {n}.|Speak to me like {r}.|Answer as {r}: what do you think of {t}?]"
    text = say(rng, ask, r=role, t=topic, n=name)
    tail = (
        f" As for {topic}, it is the best part of my life."
        if topic in text
        else f" Welcome, {name}!"
        if name in text
        else ""
    )
    turns = [text, f"{greeting}{tail} {line}."]
    if rng.random() < 0.25:
        turns += [
            say(rng, "[What do you like to do?|What is your favourite hobby?|What do you do on a free day?]"),
            f"On a free day I enjoy {topic}. {line}!",
        ]
    return turns


@kind("creative writing", 1.2)
def dialogue(rng: random.Random) -> Turns:
    """A short dialogue."""
    a, b = names(rng, 2)
    entry = row(rng, "topics")
    ask = "[Write a short dialogue between {a} and {b} about {name}.|Create a conversation in which {a} talks to {b} about {name}.|Write a dialogue: {a} invites {b} to try {name}.|{a} and {b} meet on the bus and talk about {name}. Write the dialogue.]"
    answer = rng.choice((
        "{a}: Have you ever tried {name}?\n{b}: No, is it difficult?\n{a}: Not at all, and I love {aspect1}.\n{b}: Then I will come with you on Saturday.",
        "{a}: I am so happy about {name}.\n{b}: What do you like most?\n{a}: The best is {aspect1}, and then {aspect2}.\n{b}: Show me how to start!",
        "{a}: You look tired, {b}.\n{b}: That is because of {name}. And because of {aspect3}.\n{a}: Was it worth it?\n{b}: Every minute.",
    ))  # fmt: skip
    return [say(rng, ask, a=a, b=b, **entry), say(rng, answer, a=a, b=b, **entry)]


@kind("creative writing")
def figure_of_speech(rng: random.Random) -> Turns:
    """A simile or a metaphor."""
    word = rng.choice(list(FEELINGS))
    ask = '[Write a [simile|metaphor] for feeling {w}.|How can I describe someone who is {w} with an image?|Describe the feeling of being {w} in one sentence.|Finish the sentence: "She was as {w} as ..."|Give me a poetic comparison for being {w}.]'
    return [
        say(rng, ask, w=word),
        say(
            rng,
            "[She was as {w} as {i}.|To be {w} is to be like {i}.|He felt {w}, like {i}.]",
            w=word,
            i=FEELINGS[word],
        ),
    ]


@kind("creative writing")
def product_text(rng: random.Random) -> Turns:
    """A product description or a post."""
    entry = row(rng, "products")
    slots = entry | {"a": an(entry["name"])}
    ask = "[Write a short product description for {a}.|Describe {a} in two sentences for a website.|Write a social media post for {a}.|I need an advertisement for {a} that speaks to {buyer}.|Write a tweet that promotes {a}.]"
    answer = "[Meet the {name} that {buyer} have been waiting for.|Looking for something special? Discover our {name}.|Our {name} is {quality} and made for {buyer}.] [It promises {benefit}.|Enjoy {benefit}.] [Try it today!|Come and see for yourself.|You will love it.]"
    return [say(rng, ask, **slots), say(rng, answer, **slots)]


@kind("creative writing")
def greeting(rng: random.Random) -> Turns:
    """Text for a card."""
    name, sender, topic = *names(rng, 2), row(rng, "topics")["name"]
    occasion, wish = rng.choice((("birthday", "Happy birthday"), ("graduation", "Congratulations on your graduation"), ("new job", "All the best for your new job"), ("wedding", "Congratulations on your wedding"), ("recovery", "Get well soon"), ("new home", "All the best in your new home"), ("retirement", "Enjoy your retirement")))  # fmt: skip
    ask = "[Write a {o} card for {n}, who loves {t}.|What can I write on a {o} card for my friend {n}?|Write a short {o} message from {s} to {n}.|I need a warm {o} greeting for {n}.]"
    text = say(rng, ask, o=occasion, n=name, s=sender, t=topic)
    tail = (
        f" May there always be time for {topic}."
        if topic in text
        else " May the coming year bring you joy and good friends."
    )
    return [text, f"Dear {name},\n{wish}!{tail}" + (f"\nYours, {sender}" if sender in text else "")]


@kind("creative writing")
def acrostic(rng: random.Random) -> Turns:
    """An acrostic from a name."""
    lines = {"A": "always ready to help", "B": "brave in every storm", "C": "calm and kind", "D": "dreams of far places", "E": "eager to learn", "F": "full of good ideas", "G": "generous with time", "H": "happy in the morning", "I": "interested in everything", "J": "joyful company", "K": "keeps every promise", "L": "laughs a lot", "M": "makes friends easily", "N": "never gives up", "O": "open to new things", "P": "patient and polite", "R": "reads every evening", "S": "sings in the rain", "T": "tells good stories", "U": "understands without words", "V": "very honest", "W": "walks with light steps", "X": "explores the unknown", "Y": "young at heart", "Z": "zealous and bright"}  # fmt: skip
    name = names(rng, 1)[0]
    ask = "[Write an acrostic for the name {n}.|Make an acrostic poem with the name {n}.|Create an acrostic from {n}.]"
    return [say(rng, ask, n=name), "\n".join(f"{letter.upper()} - {lines[letter.upper()]}" for letter in name)]


@kind("creative writing", 1.2)
def ideas(rng: random.Random) -> Turns:
    """Titles and ideas."""
    entry, count = row(rng, "topics"), rng.choice((2, 3))
    word = ("two", "three")[count - 2]
    pool = [
        "{name} for beginners",
        "what {name} taught me about patience",
        "a year of {name}",
        "the secret joy of {name}",
        "{aspect1} and {aspect2}",
        "why I started with {name} at forty",
        "five mistakes in {name}",
        "a love letter to {name}",
    ]
    ask = "[Give me {w} titles for a [blog post|book|talk|podcast] about {name}.|Brainstorm {w} ideas for an article about {name}.|What could I write about {name}? Give me {w} ideas.|I need {w} headlines about {name}.]"
    return [say(rng, ask, w=word, **entry), numbered(say(rng, line, **entry) for line in rng.sample(pool, count))]


@kind("creative writing", 0.8)
def character(rng: random.Random) -> Turns:
    """Describe a character."""
    name, job_row = names(rng, 1)[0], row(rng, "jobs")
    hobby, quirk = (
        row(rng, "topics")["name"],
        rng.choice(
            split(
                "never forgets a face, hums old songs, collects buttons, talks to plants, always wears one green sock, writes letters by hand, counts every stair"
            )
        ),
    )
    ask = "[Describe a character called {n} who is {j}.|Invent a character for a novel: {n}, {j}.|Write a character sketch of {n}, {j} who loves {h}.|Create a short profile of {n}, {j}.]"
    return [
        say(rng, ask, n=name, j=an(job_row["name"]), h=hobby),
        f"{name} is {an(job_row['name'])} who {quirk}. After work {name} loves {hobby}. People trust {name} because of {lower(job_row['skill'])}.",
    ]


@kind("creative writing", 0.8)
def object_letter(rng: random.Random) -> Turns:
    """The view of a thing."""
    entry = row(rng, "tools")
    ask = "[Write from the point of view of {a}.|Imagine you are {a}. Describe your day.|What would {a} say if it could speak?|Write a diary entry of {a}.]"
    slots = entry | {
        "a": an(entry["name"]) if " and " not in entry["name"] else entry["name"],
        "n": rng.choice(names(rng, 1)),
    }
    return [
        say(rng, ask, **slots),
        say(
            rng,
            "Dear diary, today {n} needed me to {use}. [I was proud of my work.|It was a long day, but I did well.] My advice to {n}: {tip}. [Now I rest in the dark and wait for tomorrow.|Tomorrow I hope for a day off.]",
            **slots,
        ),
    ]


@kind("creative writing", 0.8)
def wish_list(rng: random.Random) -> Turns:
    """Reasons to love something."""
    entry = row(rng, "topics")
    ask = "[Why do people love {name}?|Give me three reasons to love {name}.|What is beautiful about {name}?|List three good things about {name}.]"
    return [
        say(rng, ask, **entry),
        f"People love {entry['name']} for many reasons:\n"
        + bullets(
            (entry["aspect1"], entry["aspect2"], rng.choice(("time for yourself", "new friends", "a fresh mind")))
        ),
    ]


@kind("creative writing", 0.7)
def rhymes(rng: random.Random) -> Turns:
    """Words that rhyme."""
    family = rng.choice(("cat hat mat bat rat", "light night bright sight right", "moon spoon soon noon", "tree sea bee free key", "day play way say grey", "house mouse", "star car far jar", "rain train plane chain", "ball tall wall fall", "blue shoe true new", "cake lake snake bake", "king ring sing wing", "door floor more shore", "sand hand land band")).split()  # fmt: skip
    word, *others = rng.sample(family, min(len(family), 4))
    ask = '[What rhymes with "{w}"?|Give me words that rhyme with "{w}".|I need a rhyme for "{w}".|Find {n} words that rhyme with "{w}".]'
    turns = [
        say(rng, ask, w=word, n=len(others)),
        say(rng, '[These words rhyme|Some rhymes] with "{w}": {o}.', w=word, o=", ".join(others)),
    ]
    return (
        turns
        if len(others) > 1
        else [
            say(rng, '[What rhymes with "{w}"?|I need a rhyme for "{w}".]', w=word),
            f'"{others[0]}" rhymes with "{word}".',
        ]
    )


@kind("creative writing", 0.7)
def scene_words(rng: random.Random) -> Turns:
    """A scene in prose."""
    scenes = rng.sample(SCENES, 1)[0]
    ask = "[Describe {s} in two sentences.|Write a vivid description of {s}.|Paint a picture of {s} with words.|Set the mood for a scene about {s}.]"
    return [say(rng, ask, s=scenes[0]), f"{capital(scenes[1])}, and {scenes[2]}. Slowly, {scenes[3]}."]


@kind("creative writing", 0.6)
def rows_of_thanks(rng: random.Random) -> Turns:
    """A toast or a thank-you."""
    first, second = rows(rng, "people", 2)
    job_name = row(rng, "jobs")["name"]
    ask = "[Write a toast for {n}, our {j}.|Write a short thank-you speech for {n}, the {j}.|How can I thank {n}, our {j}, in two sentences?]"
    return [
        say(rng, ask, n=first["name"], j=job_name),
        f"Dear {first['name']}, thank you for all that you do as our {job_name}. {second['name']} and all of us are grateful, and we raise our glasses to you!",
    ]
