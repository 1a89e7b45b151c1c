"""Grammar, style, words, e-mails and summaries."""

import random

from .wording import (
    Slots,
    Texts,
    Turns,
    capital,
    exchange,
    filled,
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
    person, verb, when = row(rng, "people"), row(rng, "verbs"), pick(rng, "past times")
    do, does = ("Do", "Does") if verb["past"] == verb["base"] else ("Did", "Did")
    slots = person | verb | {"when": when, "word": when.split()[0], "do": do, "does": does}
    mistake = filled(rng, "mistakes", slots)
    turns = exchange(rng, texts["ask"], texts["reply"], mistake)
    if rng.random() < 0.2 and mistake["why"] not in turns[1]:
        turns += [say(rng, texts["explain"]), mistake["why"]]
    return turns


def polite(rng: random.Random) -> Slots:
    """Say it politely."""
    return row(rng, "rude") | {"listener": pick(rng, "strangers")}


def tense(rng: random.Random) -> Slots:
    """Change the tense or the voice."""
    slots = {"name": names(rng, 1)[0]} | row(rng, "verbs")
    change = filled(rng, "tenses", slots)
    return change | {"which": int(change["label"].startswith("a "))}


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
    return filled(rng, "news", {"name": name, "city": city, "animal": animal, "title": animal.title()})


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
