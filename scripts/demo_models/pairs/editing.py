"""Grammar, style, words, e-mails and summaries."""

import random

from .wording import (
    Slots,
    Texts,
    Turns,
    an,
    capital,
    exchange,
    lookup,
    lower,
    names,
    pick,
    row,
    rows,
    say,
    split,
    table,
    toss,
    weekdays,
)


def grammar(rng: random.Random, texts: Texts) -> Turns:
    """Correct one mistake."""
    person, verb = row(rng, "people"), row(rng, "verbs")
    base, third, past, participle, thing = verb.values()
    name, who, when = person["name"], person["pronoun"], pick(rng, "past times")
    asked = (f"Did {name} {past} {thing}?", f"Did {name} {base} {thing}?")
    if past == base:
        asked = (f"Do {name} {base} {thing}?", f"Does {name} {base} {thing}?")
    mistakes = (
        (
            f"{name} {base} {thing} every day.",
            f"{name} {third} {thing} every day.",
            f"After {name} the verb needs an s: {third}.",
        ),
        (f"{who} don't {base} {thing}.", f"{who} doesn't {base} {thing}.", f"After {who} we use doesn't."),
        (
            f"{name} has {base} {thing} already.",
            f"{name} has already {participle} {thing}.",
            f"After has we use the participle: {participle}.",
        ),
        (
            f"{when} {name} {third} {thing}.",
            f"{when} {name} {past} {thing}.",
            f"The word {when.split()[0]} tells us to use the past: {past}.",
        ),
        (f"They was happy to {base} {thing}.", f"They were happy to {base} {thing}.", "After they we use were."),
        (*asked, f"After a helping verb we use the base form: {base}."),
    )
    wrong, right, why = rng.choice(mistakes)
    slots = {"wrong": capital(wrong), "right": capital(right), "why": why}
    turns = exchange(rng, texts["ask"], texts["reply"], slots)
    if rng.random() < 0.2 and why not in turns[1]:
        turns += [say(rng, texts["explain"]), why]
    return turns


def polite(rng: random.Random) -> Slots:
    """Say it politely."""
    return row(rng, "rude") | {"listener": pick(rng, "strangers")}


def tense(rng: random.Random) -> Slots:
    """Change the tense or the voice."""
    name = names(rng, 1)[0]
    base, third, past, participle, thing = row(rng, "verbs").values()
    changes = (
        (third, f"{name} {past} {thing}.", "the past tense"),
        (past, f"{name} will {base} {thing}.", "the future tense"),
        (third, f"Does {name} {base} {thing}?", "a question"),
        (past, f"{name} did not {base} {thing}.", "a negative sentence"),
        (third, f"{name} has {participle} {thing}.", "the present perfect"),
        (past, f"{name} {third} {thing}.", "the present tense"),
    )
    verb, target, label = rng.choice(changes)
    which = 1 if label.startswith("a ") else 0
    return {"source": f"{name} {verb} {thing}.", "target": target, "label": label, "which": which}


def meaning(rng: random.Random, texts: Texts) -> Turns:
    """Definitions, synonyms, antonyms and examples."""
    entry = row(rng, "words")
    ask, answer = rng.choice(texts["wordings"])
    turns = exchange(rng, ask, answer, entry)
    if rng.random() < 0.15:
        turns += exchange(rng, *texts["opposite" if "synonym" in ask else "synonym"], entry)
    return turns


def replace_word(rng: random.Random) -> Slots:
    """Exchange a word for a synonym or an antonym."""
    plain = [
        entry
        for entry in table("words")
        if entry["word"] in entry["example"]
        and not any(f"{article} {entry['word']}" in entry["example"] for article in ("a", "an", "A"))
    ]
    entry, which = rng.choice(plain), rng.randrange(2)
    label, key = (("a synonym", "synonym"), ("its opposite", "antonym"))[which]
    return entry | {"label": label, "changed": entry["example"].replace(entry["word"], entry[key]), "which": which}


def spelling(rng: random.Random, texts: Texts) -> Turns:
    """Spelling and plurals."""
    if rng.random() < 0.5:
        entry = row(rng, "spelling")
        other = rng.choice([word for word in table("spelling") if word != entry])
        text = say(rng, texts["spelling"], other=other["wrong"], **entry)
        if other["wrong"] in text:
            return [text, f'The correct spellings are "{entry["right"]}" and "{other["right"]}".']
        return [text, f'The correct spelling is "{entry["right"]}".']
    nouns = rows(rng, "plurals", rng.choice((1, 1, 2)))
    answer = ", and the plural of ".join(f'"{noun["one"]}" is "{noun["many"]}"' for noun in nouns)
    if len(nouns) == 1:
        ask = say(rng, texts["plural"], **nouns[0])
    else:
        ask = say(rng, texts["plurals"], a=nouns[0]["one"], b=nouns[1]["one"])
    return [ask, f"The plural of {answer}."]


def email(rng: random.Random, texts: Texts) -> Turns:
    """A short e-mail."""
    reason, body, close = row(rng, "emails").values()
    to, sender = names(rng, 2)
    day = rng.choice(weekdays()[:6])
    body, end = body.format(d=day), "?" if close.startswith(("Could", "Would")) else "."
    text = say(rng, texts["ask"], reason=reason, to=to, sender=sender, day=day)
    to_name = to if to in text else rng.choice(("Ms Miller", "Mr Brown"))
    turns = [text, f"Dear {to_name},\n\n{body}. {close}{end}\n\nBest regards,\n{sender}"]
    if rng.random() < 0.25:
        if rng.random() < 0.5:
            turns += [say(rng, texts["shorten"]), f"{body}. Best regards, {sender}"]
        else:
            subject = capital(reason.split(" ", 1)[1])
            if reason.startswith("asking for"):
                subject = f"Request for {reason.split('for ', 1)[1]}"
            turns += [say(rng, texts["subject"]), f"Subject: {subject}"]
    return turns


def summary(rng: random.Random) -> Slots:
    """Summarise a short passage."""
    return row(rng, rng.choice(("whys", "hows")))


def headline(rng: random.Random) -> Slots:
    """A headline for a piece of news."""
    name, city, animal = names(rng, 1)[0], row(rng, "cities")["name"], row(rng, "animals")["name"]
    title = animal.title()
    news = (
        (
            f"In {city}, {name} found {an(animal)} in the garden on Sunday. The animal is now safe in the zoo.",
            f"{title} Found in a Garden in {city}",
        ),
        (f"{name} from {city} won first prize for a photo of {an(animal)}.", f"Photo of {title} Wins Prize"),
        (
            f"The zoo in {city} has a new {animal}. A class of children chose the name {name}.",
            f"New {title} Named {name} at {city} Zoo",
        ),
    )
    return dict(zip(("text", "title"), rng.choice(news), strict=True))


def combine(rng: random.Random) -> Slots:
    """Join two sentences, or put words in order."""
    people, verbs = names(rng, 2), rows(rng, "verbs", 2)
    one, two = (f"{name} {verb['past']} {verb['thing']}" for name, verb in zip(people, verbs, strict=True))
    which = toss(rng, 0.5)
    if which == 0:
        word = rng.choice(("and", "but", "while"))
        joined = f"{one}{',' if word == 'but' else ''} {word} {two}"
        return {"which": which, "word": word, "one": f"{one}.", "two": f"{two}.", "joined": joined}
    shuffled = [lower(word) if word != people[0] else word for word in one.split()]
    rng.shuffle(shuffled)
    return {"which": which, "shuffled": " / ".join(shuffled), "sentence": one}


def format_text(rng: random.Random) -> Slots:
    """Capital letters, lists, punctuation."""
    which = rng.randrange(3)
    if which == 0:
        items = rng.sample(split(row(rng, "groups")["members"]), rng.choice((3, 4)))
        return {"which": which, "items": items}
    first, second = rows(rng, "words", 2)
    sentence, both = first["example"], f"{first['word']} {second['word']}"
    bare = lower(sentence).rstrip(".?").replace(",", "")
    return {"which": which, "sentence": sentence, "bare": bare, "words": both, "capitals": both.upper()}
