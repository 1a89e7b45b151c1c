"""Poems, stories, slogans, names, roles and dialogues."""

import random

from .wording import (
    Slots,
    Texts,
    Turns,
    capital,
    exchange,
    listing,
    lookup,
    names,
    numbered,
    pick,
    row,
    say,
    table,
    words,
)


def haiku(rng: random.Random, texts: Texts) -> Turns:
    """A haiku about a scene."""
    scene = row(rng, "scenes")
    turns = [say(rng, texts["ask"], **scene), _three_lines(scene)]
    if rng.random() < 0.2:
        other = rng.choice([entry for entry in table("scenes") if entry != scene])
        turns += [say(rng, texts["another"], **other), _three_lines(other)]
    return turns


def _three_lines(scene: Slots) -> str:
    return "\n".join(capital(scene[line]) for line in ("line1", "line2", "line3"))


def story(rng: random.Random) -> Slots:
    """A very short story."""
    slots = opening(rng)
    names(rng, 1)
    title = capital(f"The {slots['hero']} and {slots['thing']}").title().replace("And", "and")
    return slots | {"title": title}


def opening(rng: random.Random) -> Slots:
    """The first sentence of a story."""
    return {"hero": pick(rng, "heroes"), "place": pick(rng, "places")} | row(rng, "finds")


def slogan(rng: random.Random, texts: Texts) -> Turns:
    """A slogan for a product."""
    entry, count = row(rng, "products"), rng.choice((2, 3))
    chosen = [say(rng, line, **entry) for line in rng.sample(texts["lines"], count)]
    text = say(rng, texts["ask"], count=count, **entry)
    turns = [text, listing(rng, chosen) if "slogans" in text else f'"{chosen[0]}"']
    return turns + ([say(rng, texts["another"]), f'"{chosen[1]}"'] if rng.random() < 0.2 else [])


def brand_names(rng: random.Random) -> Slots:
    """Names for a shop."""
    entry, count = row(rng, "products"), rng.choice((3, 4, 5))
    halves = [rng.sample(words(name), count) for name in ("first words", "second words")]
    return entry | {"count": count, "names": [f"{first} {second}" for first, second in zip(*halves, strict=True)]}


def pet_names(rng: random.Random, texts: Texts) -> Turns:
    """Names for a pet."""
    slots = {"pet": pick(rng, "pets"), "count": rng.choice((3, 4))}
    ask = say(rng, texts["ask"], **slots)
    return [ask, say(rng, texts["reply"], names=rng.sample(words("pet names"), slots["count"]), **slots)]


def role_play(rng: random.Random, texts: Texts) -> Turns:
    """Speak in a role."""
    entry = row(rng, "roles")
    name, topic = names(rng, 1)[0], row(rng, "topics")["name"]
    text = say(rng, texts["ask"], topic=topic, name=name, **entry)
    tail = f" Welcome, {name}!" if name in text else ""
    if topic in text:
        tail = f" As for {topic}, it is the best part of my life."
    turns = [text, f"{entry['greeting']}{tail} {entry['line']}."]
    if rng.random() < 0.25:
        turns += [say(rng, texts["hobby"]), f"On a free day I enjoy {topic}. {entry['line']}!"]
    return turns


def dialogue(rng: random.Random) -> Slots:
    """A short dialogue."""
    a, b = names(rng, 2)
    return {"a": a, "b": b} | row(rng, "topics")


def greeting(rng: random.Random, texts: Texts) -> Turns:
    """Text for a card."""
    name, sender, topic = *names(rng, 2), row(rng, "topics")["name"]
    entry = row(rng, "occasions")
    text = say(rng, texts["ask"], name=name, sender=sender, topic=topic, **entry)
    wish = f"there always be time for {topic}" if topic in text else "the coming year bring you joy and good friends"
    return [text, f"Dear {name},\n{entry['wish']}! May {wish}." + (f"\nYours, {sender}" if sender in text else "")]


def acrostic(rng: random.Random) -> Slots:
    """An acrostic from a name."""
    lines, name = lookup("letters", "letter", "line"), names(rng, 1)[0]
    return {"name": name, "lines": "\n".join(f"{letter} - {lines[letter]}" for letter in name.upper())}


def ideas(rng: random.Random, texts: Texts) -> Turns:
    """Titles and ideas."""
    entry, count = row(rng, "topics"), rng.choice((2, 3))
    ask = say(rng, texts["ask"], count=count, **entry)
    return [ask, numbered(say(rng, title, **entry) for title in rng.sample(texts["titles"], count))]


def character(rng: random.Random) -> Slots:
    """Describe a character."""
    person, job, hobby = names(rng, 1)[0], row(rng, "jobs"), row(rng, "topics")["name"]
    return job | {"person": person, "hobby": hobby, "quirk": pick(rng, "quirks")}


def object_letter(rng: random.Random) -> Slots:
    """The view of a thing."""
    return row(rng, "tools") | {"owner": rng.choice(names(rng, 1))}


def rhymes(rng: random.Random, texts: Texts) -> Turns:
    """Words that rhyme."""
    family = row(rng, "rhymes")["words"].split()
    word, *others = rng.sample(family, min(len(family), 4))
    turns = exchange(rng, texts["ask"], texts["reply"], {"word": word, "count": len(others), "others": others})
    return turns if len(others) > 1 else [say(rng, texts["only"], word=word), f'"{others[0]}" rhymes with "{word}".']


def rows_of_thanks(rng: random.Random) -> Slots:
    """A toast or a thank-you."""
    first, second = names(rng, 2)
    return {"first": first, "second": second, "job": row(rng, "jobs")["name"]}
