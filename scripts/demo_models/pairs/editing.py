"""Grammar, style, words, e-mails and summaries."""

import random

from .core import Turns, an, capital, kind, listing, lower, names, row, rows, say, split, table

VERBS = (
    ("go", "goes", "went", "gone", "to the market"), ("write", "writes", "wrote", "written", "a long letter"), ("eat", "eats", "ate", "eaten", "a green apple"),
    ("see", "sees", "saw", "seen", "the old castle"), ("take", "takes", "took", "taken", "the early bus"), ("buy", "buys", "bought", "bought", "fresh bread"),
    ("read", "reads", "read", "read", "the newspaper"), ("make", "makes", "made", "made", "a cup of tea"), ("sing", "sings", "sang", "sung", "a quiet song"),
    ("build", "builds", "built", "built", "a small boat"), ("drink", "drinks", "drank", "drunk", "cold water"), ("find", "finds", "found", "found", "a silver coin"),
    ("sell", "sells", "sold", "sold", "the old car"), ("teach", "teaches", "taught", "taught", "the young students"), ("bring", "brings", "brought", "brought", "two chairs"),
    ("draw", "draws", "drew", "drawn", "a map of the island"), ("paint", "paints", "painted", "painted", "the garden fence"), ("clean", "cleans", "cleaned", "cleaned", "the kitchen window"),
)  # fmt: skip
TIMES = split("yesterday, last week, last Sunday, two days ago, this morning")
RUDE = (
    ("Send me the report now.", "Could you please send me the report when you have a moment?"), ("You are late again.", "I noticed that you arrived a little later than planned. Is everything all right?"),
    ("Move your car.", "Would you mind moving your car, please?"), ("Be quiet.", "Could you please speak a little more quietly?"), ("I want a refund.", "I would like to ask for a refund, please."),
    ("Give me the key.", "Could I have the key, please?"), ("This soup is cold.", "Excuse me, I am afraid the soup is a little cold."), ("You made a mistake in the bill.", "I think there may be a small mistake in the bill. Could you check it?"),
    ("Call me back today.", "I would be grateful if you could call me back today."), ("Fix the printer.", "Could you please have a look at the printer?"), ("Don't touch that.", "Please be so kind as not to touch that."),
    ("I don't like your idea.", "Thank you for the idea. I see it a little differently."), ("Answer my e-mail.", "I would appreciate a short answer to my e-mail."), ("Close the window.", "Would you please close the window?"),
)  # fmt: skip
WORDY = (
    ("Due to the fact that it was raining, we stayed at home.", "Because it was raining, we stayed at home."), ("At this point in time we do not have an answer.", "We have no answer yet."),
    ("In order to save time, we took a taxi.", "To save time, we took a taxi."), ("He is a man who works very hard.", "He works very hard."), ("There are many people who like tea.", "Many people like tea."),
    ("She has the ability to speak four languages.", "She speaks four languages."), ("We made a decision to leave early.", "We decided to leave early."), ("The reason why I am calling is that I lost my key.", "I am calling because I lost my key."),
    ("In the event that it snows, the school will be closed.", "If it snows, the school will be closed."), ("The meeting was held for the purpose of planning the party.", "The meeting was held to plan the party."),
)  # fmt: skip
SPELLING = {"recieve": "receive", "seperate": "separate", "definately": "definitely", "tommorow": "tomorrow", "adress": "address", "neccessary": "necessary", "beleive": "believe", "wich": "which", "untill": "until", "goverment": "government", "freind": "friend", "begining": "beginning", "suprise": "surprise", "calender": "calendar", "libary": "library", "occured": "occurred", "wierd": "weird", "restaraunt": "restaurant"}  # fmt: skip
PLURALS = {"child": "children", "mouse": "mice", "foot": "feet", "tooth": "teeth", "leaf": "leaves", "knife": "knives", "woman": "women", "man": "men", "city": "cities", "box": "boxes", "story": "stories", "sheep": "sheep", "goose": "geese", "wolf": "wolves", "potato": "potatoes", "bus": "buses", "baby": "babies", "shelf": "shelves", "person": "people", "fish": "fish"}  # fmt: skip
REASONS = (
    ("asking for a day off", "I would like to take {d} off for a family event", "Please let me know whether this is possible"), ("cancelling an appointment", "I am sorry, but I have to cancel our appointment on {d}", "Could we find a new date next week"),
    ("thanking someone for a dinner", "Thank you for the lovely dinner on {d}", "I hope that you will visit me soon"), ("inviting someone to a party", "I would like to invite you to my party on {d}", "Please tell me whether you can come"),
    ("asking about a delivery", "I ordered a lamp, and it should have arrived on {d}", "Could you please tell me where it is"), ("apologising for being late", "I am sorry that I came late on {d}", "It will not happen again"),
    ("asking for feedback", "On {d} I sent you the first draft of the report", "I would be glad to hear what you think"), ("reminding someone of a meeting", "This is a short reminder of our meeting on {d}", "Please bring your notes"),
    ("asking a landlord for a repair", "Since {d} the heating in my flat has not worked", "Could you please send someone to repair it"), ("moving a meeting", "Unfortunately I cannot come to the meeting on {d}", "Would the following day suit you"),
)  # fmt: skip
DAYS = split("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday")


@kind("editing", 2.0)
def grammar(rng: random.Random) -> Turns:
    """Correct one mistake."""
    person = row(rng, "people")
    base, third, past, participle, thing = rng.choice(VERBS)
    name, when = person["name"], rng.choice(TIMES)
    wrong, right, why = rng.choice((
        (f"{name} {base} {thing} every day.", f"{name} {third} {thing} every day.", f"After {name} the verb needs an s: {third}."),
        (f"{capital(person['pronoun'])} don't {base} {thing}.", f"{capital(person['pronoun'])} doesn't {base} {thing}.", f"After {person['pronoun']} we use doesn't."),
        (f"{name} has {base} {thing} {'already'}.", f"{name} has already {participle} {thing}.", f"After has we use the participle: {participle}."),
        (f"{capital(when)} {name} {third} {thing}.", f"{capital(when)} {name} {past} {thing}.", f"The word {when.split()[0]} tells us to use the past: {past}."),
        (f"They was happy to {base} {thing}.", f"They were happy to {base} {thing}.", "After they we use were."),
        (f"Did {name} {past} {thing}?" if past != base else f"Do {name} {base} {thing}?", f"Did {name} {base} {thing}?" if past != base else f"Does {name} {base} {thing}?", f"After a helping verb we use the base form: {base}."),
    ))  # fmt: skip
    ask = '[Correct the grammar: {w}|Fix the mistake in this sentence: {w}|Is this sentence correct? {w}|Please correct this sentence: "{w}"|What is wrong with "{w}"?|Rewrite this without mistakes: {w}|Find the grammar error: {w}|Proofread this: {w}]'
    turns = [
        say(rng, ask, w=wrong),
        say(rng, "[{r}|The correct sentence is: {r}|Correct: {r} {y}|{r} {y}]", r=right, y=why),
    ]
    if rng.random() < 0.2 and why not in turns[1]:
        turns += [say(rng, "[Why?|Can you explain why?|What was wrong?]"), why]
    return turns


@kind("editing", 1.5)
def polite(rng: random.Random) -> Turns:
    """Say it politely."""
    rude, kind_text = rng.choice(RUDE)
    who = rng.choice(split("my boss, a colleague, my neighbour, a customer, my teacher, a stranger, a waiter"))
    ask = '[Make this more polite: "{r}"|How can I say this politely to {w}? {r}|Rewrite this sentence in a polite way: {r}|I want to tell {w} "{r}" in a nicer way. How?|What is a friendlier way to say "{r}"?|Rephrase for {w}: {r}]'
    return [say(rng, ask, r=rude, w=who), kind_text]


@kind("editing")
def concise(rng: random.Random) -> Turns:
    """Say it with fewer words."""
    long, short = rng.choice(WORDY)
    ask = '[Make this sentence shorter: {l}|Rewrite this more concisely: {l}|Say this in fewer words: "{l}"|Simplify this sentence: {l}|Can you tighten this sentence? {l}]'
    return [say(rng, ask, l=long), short]


@kind("editing", 1.5)
def tense(rng: random.Random) -> Turns:
    """Change the tense or the voice."""
    name = names(rng, 1)[0]
    base, third, past, participle, thing = rng.choice(VERBS)
    source, target, label = rng.choice((
        (f"{name} {third} {thing}.", f"{name} {past} {thing}.", "the past tense"), (f"{name} {past} {thing}.", f"{name} will {base} {thing}.", "the future tense"),
        (f"{name} {third} {thing}.", f"Does {name} {base} {thing}?", "a question"), (f"{name} {past} {thing}.", f"{name} did not {base} {thing}.", "a negative sentence"),
        (f"{name} {third} {thing}.", f"{name} has {participle} {thing}.", "the present perfect"), (f"{name} {past} {thing}.", f"{name} {third} {thing}.", "the present tense"),
    ))  # fmt: skip
    ask = (
        '[Change this sentence into {l}: {s}|Rewrite "{s}" as {l}.|Put this into {l}: {s}|Turn the following into {l}: {s}|What is {l} of "{s}"?]'
        if "tense" in label or "perfect" in label
        else '[Turn this sentence into {l}: {s}|Make {l} out of "{s}"|Rewrite this as {l}: {s}]'
    )
    return [say(rng, ask, l=label, s=source), target]


@kind("editing", 2.0)
def meaning(rng: random.Random) -> Turns:
    """Definitions, synonyms, antonyms and examples."""
    entry = row(rng, "words")
    slots = entry | {"c": an(entry["class"])}
    ask, answer = rng.choice((
        ("[What does \"{word}\" mean?|Define the word \"{word}\".|What is the meaning of {word}?|I don't know the word \"{word}\". What does it mean?]", "[\"{word}\" means {definition}.|The {class} \"{word}\" means {definition}. Example: {example}]"),
        ("[What is a synonym for \"{word}\"?|Give me a synonym of {word}.|Which word means the same as \"{word}\"?|Find another word for \"{word}\".]", "A synonym for \"{word}\" is \"{synonym}\"."),
        ("[What is the opposite of \"{word}\"?|Give me an antonym of {word}.|Which word is the opposite of \"{word}\"?]", "The opposite of \"{word}\" is \"{antonym}\"."),
        ("[Use \"{word}\" in a sentence.|Write a sentence with the word \"{word}\".|Give me an example sentence for {word}.|How do I use \"{word}\" in a sentence?]", "{example}"),
        ("[Is \"{word}\" a noun, a verb or an adjective?|What part of speech is \"{word}\"?]", "\"{word}\" is {c}. Example: {example}"),
    ))  # fmt: skip
    turns = [say(rng, ask, **slots), answer.format_map(slots) if "[" not in answer else say(rng, answer, **slots)]
    if rng.random() < 0.15:
        if "synonym" not in ask:
            turns += [
                say(rng, "[And a synonym?|Do you know a synonym?]"),
                say(rng, 'A synonym for "{word}" is "{synonym}".', **slots),
            ]
        else:
            turns += [
                say(rng, "[And the opposite?|What is the opposite?]"),
                say(rng, 'The opposite of "{word}" is "{antonym}".', **slots),
            ]
    return turns


@kind("editing")
def replace_word(rng: random.Random) -> Turns:
    """Exchange a word for a synonym or an antonym."""
    entry = rng.choice(
        [
            entry
            for entry in table("words")
            if entry["word"] in entry["example"]
            and f"a {entry['word']}" not in entry["example"]
            and f"an {entry['word']}" not in entry["example"]
            and f"A {entry['word']}" not in entry["example"]
        ]
    )
    key = rng.choice(("synonym", "antonym"))
    label = {"synonym": "a synonym", "antonym": "its opposite"}[key]
    ask = (
        '[Replace "{w}" with {l}: {s}|Rewrite this sentence with {l} of "{w}": {s}|Exchange the word "{w}" for {l}: {s}]'
        if key == "synonym"
        else '[Replace "{w}" with {l}: {s}|Exchange the word "{w}" for {l}: {s}]'
    )
    return [
        say(rng, ask, w=entry["word"], l=label, s=entry["example"]),
        entry["example"].replace(entry["word"], entry[key]),
    ]


@kind("editing", 1.2)
def spelling(rng: random.Random) -> Turns:
    """Spelling and plurals."""
    if rng.random() < 0.5:
        wrong = rng.choice(list(SPELLING))
        other = rng.choice([word for word in SPELLING if word != wrong])
        ask = '[Is "{w}" spelled correctly?|Correct the spelling of "{w}".|How do you spell "{w}" correctly?|Check the spelling: {w}|Correct the spelling of "{w}" and "{o}".]'
        text = say(rng, ask, w=wrong, o=other)
        return [
            text,
            f'The correct spellings are "{SPELLING[wrong]}" and "{SPELLING[other]}".'
            if other in text
            else f'The correct spelling is "{SPELLING[wrong]}".',
        ]
    words = rng.sample(list(PLURALS), rng.choice((1, 1, 2)))
    if len(words) == 1:
        return [
            say(
                rng,
                '[What is the plural of "{w}"?|How do I write more than one {w}?|Give me the plural form of {w}.]',
                w=words[0],
            ),
            f'The plural of "{words[0]}" is "{PLURALS[words[0]]}".',
        ]
    return [
        say(rng, '[What are the plurals of "{a}" and "{b}"?|Write {a} and {b} in the plural.]', a=words[0], b=words[1]),
        f'The plural of "{words[0]}" is "{PLURALS[words[0]]}", and the plural of "{words[1]}" is "{PLURALS[words[1]]}".',
    ]


@kind("editing", 2.0)
def email(rng: random.Random) -> Turns:
    """A short e-mail."""
    reason, body, close = rng.choice(REASONS)
    to, sender = names(rng, 2)
    day = rng.choice(DAYS)
    ask = "[Write [a short|a polite|an] e-mail {r} to {t}.|Draft an e-mail to {t} {r}.|Help me to write an e-mail {r}. My name is {s}.|I need a short message to {t} {r}. It is about {d}.|Compose a friendly e-mail from {s} to {t} {r}.|How do I write an e-mail {r}?]"
    end = "?" if close.startswith(("Could", "Would")) else "."
    text = say(rng, ask, r=reason, t=to, s=sender, d=day)
    to_name = to if to in text else rng.choice(("Ms Miller", "Mr Brown"))
    turns = [text, f"Dear {to_name},\n\n{body.format(d=day)}. {close}{end}\n\nBest regards,\n{sender}"]
    if rng.random() < 0.25:
        if rng.random() < 0.5:
            turns += [
                say(rng, "[Make it shorter.|Can you shorten it?|One sentence is enough.]"),
                f"{body.format(d=day)}. Best regards, {sender}",
            ]
        else:
            turns += [
                say(rng, "[What could the subject line be?|Give me a subject line.]"),
                f"Subject: {capital(reason.split(' ', 1)[1])}"
                if not reason.startswith("asking for")
                else f"Subject: Request for {reason.split('for ', 1)[1]}",
            ]
    return turns


@kind("editing", 1.5)
def summary(rng: random.Random) -> Turns:
    """Summarise a short passage."""
    entry = row(rng, rng.choice(("whys", "hows")))
    ask = '[Summarize this text in one sentence: {t}|Give me the main idea of this passage: {t}|What is the key point here? {t}|Shorten this text: "{t}"|Write a one-sentence summary: {t}|TL;DR: {t}]'
    return [say(rng, ask, t=entry["answer"]), entry["short"]]


@kind("editing")
def headline(rng: random.Random) -> Turns:
    """A headline for a piece of news."""
    name, city, country = names(rng, 1)[0], row(rng, "cities")["name"], row(rng, "animals")["name"]
    text, title = rng.choice((
        (f"In {city}, {name} found {an(country)} in the garden on Sunday. The animal is now safe in the zoo.", f"{country.title()} Found in a Garden in {city}"),
        (f"{name} from {city} won first prize for a photo of {an(country)}.", f"Photo of {country.title()} Wins Prize"),
        (f"The zoo in {city} has a new {country}. A class of children chose the name {name}.", f"New {country.title()} Named {name} at {city} Zoo"),
    ))  # fmt: skip
    ask = "[Write a headline for this news: {t}|Give this text a title: {t}|What would be a good headline? {t}|Find a short title for this report: {t}]"
    return [say(rng, ask, t=text), title]


@kind("editing")
def combine(rng: random.Random) -> Turns:
    """Join two sentences, or put words in order."""
    first, second = names(rng, 2)
    one, two = rng.sample(VERBS, 2)
    if rng.random() < 0.5:
        word = rng.choice(("and", "but", "while"))
        ask = '[Combine these sentences with "{w}": {a} {b}|Join the two sentences using "{w}": {a} {b}|Make one sentence with "{w}": {a} {b}]'
        return [
            say(rng, ask, w=word, a=f"{first} {one[2]} {one[4]}.", b=f"{second} {two[2]} {two[4]}."),
            f"{first} {one[2]} {one[4]}{',' if word == 'but' else ''} {word} {second} {two[2]} {two[4]}.",
        ]
    target = f"{first} {one[2]} {one[4]}"
    words = [lower(word) if word != first else word for word in target.split()]
    rng.shuffle(words)
    ask = (
        "[Put these words in the right order: {w}|Make a sentence from these words: {w}|Unscramble this sentence: {w}]"
    )
    return [say(rng, ask, w=" / ".join(words)), f"{target}."]


@kind("editing")
def format_text(rng: random.Random) -> Turns:
    """Capital letters, lists, punctuation."""
    which = rng.randrange(3)
    if which == 0:
        items = rng.sample(split(row(rng, "groups")["members"]), rng.choice((3, 4)))
        ask = "[Turn this into a bullet list: {i}|Format these items as a list: {i}|Make a list out of this line: {i}]"
        return [say(rng, ask, i=", ".join(items)), listing(rng, items)]
    first, second = rows(rng, "words", 2)
    sentence_text = first["example"]
    if which == 1:
        return [
            say(
                rng,
                "[Add the punctuation and capitals: {s}|Fix the capital letters and punctuation: {s}|Punctuate this sentence: {s}]",
                s=lower(sentence_text).rstrip(".?").replace(",", ""),
            ),
            sentence_text,
        ]
    return [
        say(
            rng,
            "[Write this in capital letters: {s}|Change to upper case: {s}|Convert to capitals: {s}]",
            s=f"{first['word']} {second['word']}",
        ),
        f"{first['word']} {second['word']}".upper(),
    ]
