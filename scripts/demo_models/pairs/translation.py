"""Words, phrases and small sentences in Spanish, French and German."""

import random

from .core import Turns, kind, listing, row, rows, say, table

LANGUAGES = ("Spanish", "French", "German")
NUMBERS = {
    "Spanish": "uno, dos, tres, cuatro, cinco, seis, siete, ocho, nueve, diez",
    "French": "un, deux, trois, quatre, cinq, six, sept, huit, neuf, dix",
    "German": "eins, zwei, drei, vier, fünf, sechs, sieben, acht, neun, zehn",
}
DAYS = {
    "English": "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday",
    "Spanish": "lunes, martes, miércoles, jueves, viernes, sábado, domingo",
    "French": "lundi, mardi, mercredi, jeudi, vendredi, samedi, dimanche",
    "German": "Montag, Dienstag, Mittwoch, Donnerstag, Freitag, Samstag, Sonntag",
}
LIKES = {
    "Where is {noun}?": {"Spanish": "¿Dónde está {noun}?", "French": "Où est {noun} ?", "German": "Wo ist {noun}?"},
    "Here is {noun}": {"Spanish": "Aquí está {noun}", "French": "Voici {noun}", "German": "Hier ist {noun}"},
    "This is {noun}": {"Spanish": "Esto es {noun}", "French": "C'est {noun}", "German": "Das ist {noun}"},
}


@kind("translation", 2.0)
def phrase(rng: random.Random) -> Turns:
    """Translate a phrase from English."""
    entry, language = row(rng, "phrases"), rng.choice(LANGUAGES)
    slots = {"e": entry["english"], "l": language, "t": entry[language]}
    ask = '[Translate "{e}" into {l}.|How do you say "{e}" in {l}?|What is "{e}" in {l}?|Please translate this into {l}: {e}|Translate to {l}: {e}|I am going to travel. How do I say "{e}" in {l}?|Can you translate "{e}" into {l} for me?]'
    turns = [say(rng, ask, **slots), say(rng, '[{t}|In {l} you say: {t}|"{e}" in {l} is "{t}".]', **slots)]
    if rng.random() < 0.25:
        other = rng.choice([name for name in LANGUAGES if name != language])
        turns += [
            say(rng, "[And in {l}?|How about {l}?|Now in {l}, please.|What is it in {l}?]", l=other),
            say(rng, "[In {l} you say: {t}|{t}]", l=other, t=entry[other]),
        ]
    return turns


@kind("translation", 1.2)
def phrase_back(rng: random.Random) -> Turns:
    """Translate a phrase into English."""
    entry, language = row(rng, "phrases"), rng.choice(LANGUAGES)
    slots = {"e": entry["english"], "l": language, "t": entry[language]}
    ask = '[What does "{t}" mean in English?|Translate this {l} sentence into English: {t}|What does the {l} phrase "{t}" mean?|Someone wrote me "{t}" in {l}. What does it mean?]'
    return [
        say(rng, ask, **slots),
        say(rng, '["{t}" means "{e}" in English.|It means: {e}|The {l} phrase "{t}" means "{e}".]', **slots),
    ]


@kind("translation", 2.0)
def noun(rng: random.Random) -> Turns:
    """Translate a noun."""
    entry, language = row(rng, "nouns"), rng.choice(LANGUAGES)
    slots = {"e": entry["english"], "l": language, "t": entry[language]}
    if rng.random() < 0.7:
        ask = '[What is the {l} word for "{e}"?|How do you say "{e}" in {l}?|Translate the word "{e}" into {l}.|What does "{e}" mean in {l}?|Which word do I use for "{e}" in {l}?]'
        answer = '[The {l} word for "{e}" is "{t}".|"{e}" in {l} is "{t}".|In {l} it is called "{t}".]'
    else:
        ask = '[What does the {l} word "{t}" mean?|Translate "{t}" from {l} into English.]'
        answer = 'The {l} word "{t}" means "{e}".'
    turns = [say(rng, ask, **slots), say(rng, answer, **slots)]
    if rng.random() < 0.2:
        other = rng.choice([name for name in LANGUAGES if name != language])
        turns += [
            say(rng, "[And in {l}?|How about {l}?|Now in {l}, please.]", l=other),
            say(rng, 'In {l} it is "{t}".', l=other, t=entry[other]),
        ]
    return turns


@kind("translation", 1.2)
def vocabulary(rng: random.Random) -> Turns:
    """A short list of vocabulary."""
    language, count = rng.choice(LANGUAGES), rng.choice((3, 4))
    entries = rows(rng, "nouns", count)
    words = [entry["english"] for entry in entries]
    ask = "[Translate these words into {l}: {w}.|What are these words in {l}: {w}?|Make a small {l} vocabulary list for {w}.|I am learning {l}. How do I say {w}?]"
    return [
        say(rng, ask, l=language, w=", ".join(words)),
        "\n".join(f"- {entry['english']}: {entry[language]}" for entry in entries),
    ]


@kind("translation", 1.2)
def sentence(rng: random.Random) -> Turns:
    """Translate a small sentence that holds a noun."""
    entry, pattern = row(rng, "nouns"), rng.choice(list(LIKES))
    language = rng.choice([name for name in LANGUAGES if LIKES[pattern][name]])
    english = pattern.format(noun=f"the {entry['english']}")
    ask = '[Translate into {l}: {e}|How would you say "{e}" in {l}?|Put this into {l}: {e}|What is "{e}" in {l}?|My {l} homework asks me to translate "{e}". What is right?]'
    return [say(rng, ask, l=language, e=english), str(LIKES[pattern][language]).format(noun=entry[language])]


@kind("translation", 0.8)
def counting(rng: random.Random) -> Turns:
    """Numbers up to ten, and the days of the week."""
    language = rng.choice(LANGUAGES)
    if rng.random() < 0.5:
        last = rng.randint(3, 10)
        digits = NUMBERS[language].split(", ")
        if rng.random() < 0.5:
            return [
                say(rng, "[How do you count [from one |]to {n} in {l}?|Count to {n} in {l}.]", n=last, l=language),
                ", ".join(digits[:last]),
            ]
        return [
            say(rng, "[What is the number {n} in {l}?|How do you say {n} in {l}?]", n=last, l=language),
            f'The number {last} in {language} is "{digits[last - 1]}".',
        ]
    day = rng.randrange(7)
    english, foreign = DAYS["English"].split(", ")[day], DAYS[language].split(", ")[day]
    return [
        say(rng, "[What is {d} in {l}?|How do you say {d} in {l}?|Translate {d} into {l}.]", d=english, l=language),
        f'{english} in {language} is "{foreign}".',
    ]


@kind("translation", 0.8)
def three_languages(rng: random.Random) -> Turns:
    """One word or phrase in all three languages."""
    entry = row(rng, rng.choice(("nouns", "phrases")))
    ask = '[How do you say "{e}" in Spanish, French and German?|Translate "{e}" into Spanish, French and German.|Give me "{e}" in three languages.|What is "{e}" in Spanish, French and German?]'
    return [
        say(rng, ask, e=entry["english"]),
        listing(rng, (f"{language}: {entry[language]}" for language in LANGUAGES)),
    ]


@kind("translation", 0.6)
def article(rng: random.Random) -> Turns:
    """The article of a noun."""
    language = rng.choice(LANGUAGES)
    entry = rng.choice([entry for entry in table("nouns") if " " in entry[language]])
    word, bare = entry[language], entry[language].split(" ", 1)[1]
    ask = '[Which article goes with the {l} noun "{b}"?|What is the article of "{b}" in {l}?|In {l}, which article does "{b}" take?]'
    return [
        say(rng, ask, l=language, b=bare),
        f'The article is "{word.split(" ", 1)[0]}": {word}. It means "the {entry["english"]}".',
    ]


@kind("translation", 0.7)
def check_translation(rng: random.Random) -> Turns:
    """Say whether a translation is right."""
    language = rng.choice(LANGUAGES)
    right, wrong = rows(rng, "nouns", 2)
    given = right if rng.random() < 0.5 else wrong
    ask = '[Is "{t}" the correct {l} translation of "{e}"?|Does "{t}" mean "{e}" in {l}?|I translated "{e}" into {l} as "{t}". Is that right?]'
    verdict = "Yes, that is right" if given is right else "No, that is not right"
    return [
        say(rng, ask, t=given[language], l=language, e=right["english"]),
        f'{verdict}: "{right["english"]}" in {language} is "{right[language]}".',
    ]
