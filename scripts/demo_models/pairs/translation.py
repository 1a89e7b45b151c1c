"""Words, phrases and small sentences in Spanish, French and German."""

import random

from .wording import Slots, Texts, Turns, exchange, numbers, row, rows, say, table, toss, weekdays

LANGUAGES = ("Spanish", "French", "German")


def translated(rng: random.Random, name: str) -> Slots:
    """A row of a table with its English text `e`, a language `l` and the text `t` in it."""
    entry, language = row(rng, name), rng.choice(LANGUAGES)
    return entry | {"e": entry["english"], "l": language, "t": entry[language]}


def and_in(rng: random.Random, entry: Slots, ask: str, answer: str) -> Turns:
    """The same in another language."""
    other = rng.choice([name for name in LANGUAGES if name != entry["l"]])
    return exchange(rng, ask, answer, {"l": other, "t": entry[other]})


def phrase(rng: random.Random, texts: Texts) -> Turns:
    """Translate a phrase from English."""
    slots = translated(rng, "phrases")
    turns = exchange(rng, texts["ask"], texts["reply"], slots)
    return turns + (and_in(rng, slots, *texts["other"]) if rng.random() < 0.25 else [])


def phrase_back(rng: random.Random) -> Slots:
    """Translate a phrase into English."""
    return translated(rng, "phrases")


def noun(rng: random.Random, texts: Texts) -> Turns:
    """Translate a noun."""
    slots = translated(rng, "nouns")
    turns = exchange(rng, *texts["wordings"][toss(rng, 0.7)], slots)
    return turns + (and_in(rng, slots, *texts["other"]) if rng.random() < 0.2 else [])


def vocabulary(rng: random.Random) -> Slots:
    """A short list of vocabulary."""
    language, count = rng.choice(LANGUAGES), rng.choice((3, 4))
    entries = rows(rng, "nouns", count)
    lines = "\n".join(f"- {entry['english']}: {entry[language]}" for entry in entries)
    return {"l": language, "words": [entry["english"] for entry in entries], "list": lines}


def sentence(rng: random.Random) -> Slots:
    """Translate a small sentence that holds a noun."""
    entry, pattern = row(rng, "nouns"), row(rng, "sentences")
    language = rng.choice(LANGUAGES)
    english, foreign = (pattern[name].format(noun=entry[name]) for name in ("english", language))
    return {"l": language, "e": english, "t": foreign}


def counting(rng: random.Random, texts: Texts) -> Turns:
    """Numbers up to ten, and the days of the week."""
    language = rng.choice(LANGUAGES)
    if rng.random() < 0.5:
        last, digits = rng.randint(3, 10), numbers(language)
        if rng.random() < 0.5:
            return [say(rng, texts["count"], n=last, l=language), ", ".join(digits[:last])]
        ask = say(rng, texts["number"], n=last, l=language)
        return [ask, f'The number {last} in {language} is "{digits[last - 1]}".']
    day = rng.randrange(7)
    english, foreign = weekdays()[day], weekdays(language)[day]
    return [say(rng, texts["day"], d=english, l=language), f'{english} in {language} is "{foreign}".']


def three_languages(rng: random.Random) -> Slots:
    """One word or phrase in all three languages."""
    entry = row(rng, rng.choice(("nouns", "phrases")))
    return entry | {"all": [f"{language}: {entry[language]}" for language in LANGUAGES]}


def article(rng: random.Random) -> Slots:
    """The article of a noun."""
    language = rng.choice(LANGUAGES)
    entry = rng.choice([entry for entry in table("nouns") if " " in entry[language]])
    first, bare = entry[language].split(" ", 1)
    return {"l": language, "noun": bare, "article": first, "word": entry[language], "english": entry["english"]}


def check_translation(rng: random.Random) -> Slots:
    """Say whether a translation is right."""
    language = rng.choice(LANGUAGES)
    right, wrong = rows(rng, "nouns", 2)
    given, verdict = ((right, "Yes, that is right"), (wrong, "No, that is not right"))[toss(rng, 0.5)]
    return {"t": given[language], "l": language, "e": right["english"], "right": right[language], "verdict": verdict}
