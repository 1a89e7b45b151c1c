"""Conversations: one kind of task each, now and then with a greeting, a request about a list, thanks, a system turn."""

import random
import re
from collections.abc import Iterator
from typing import Any

from .kinds import DOMAINS, KINDS
from .wording import Turns, bullets, numbered, say

THANKS = "[Thanks|Thank you|Great, thank you|Thanks a lot|Perfect, thanks][!|.|. That helps.|! That is what I needed.]"
WELCOME = (
    "[You're welcome!|Glad I could help.|My pleasure!] "
    "[Let me know if you need anything else.|Just ask if you have another question.|Have a nice day!]"
)
BEFORE = (
    "[Quick question: |Hi! |Hello, I have a question. |I need this for school. |I am preparing a lesson. "
    "|For my homework: |I was wondering: |Please help me. |I could use some help. |This is for a quiz. "
    "|My friend asked me this. |Just curious: ]"
)
AFTER = "[ Thanks!| Thank you.| Thanks in advance.| Please keep it simple.| I am just a beginner.]"
FIRST = "[Only the first one, please.|What was the first one?|Just the first one, please.]"
ONE_LINE = "[Put it on one line, please.|Write that in one line.|Can you write it without a list?]"
LEAVE_OUT = "[Leave out the last one.|Please remove the last item.|Shorten the list by one.]"
NUMBER = "[Number the items, please.|Can you number them?|Make it a numbered list.]"
BULLET = "[Use bullet points instead.|Can you use bullet points?|Make it a bullet list.]"
ITEM = re.compile(r"^(?:- |\d\. )(.+)$", re.MULTILINE)


def dress(rng: random.Random, text: str) -> str:
    """Now and then a greeting, a reason or thanks around the first thing that a user says."""
    chance = rng.random()
    if chance < 0.06:
        return say(rng, BEFORE) + text
    if chance < 0.09 and text[-1] in ".?!" and "\n" not in text:
        return text + say(rng, AFTER)
    return text


def after_list(rng: random.Random, answer: str) -> Turns:
    """A request about the list that the answer holds, and what it asks for; nothing without a list."""
    items = ITEM.findall(answer)
    if len(items) < 2 or "|" in answer:
        return []
    other = (NUMBER, numbered(items)) if "- " + items[0] in answer else (BULLET, bullets(items))
    requests = ((FIRST, items[0]), (ONE_LINE, "; ".join(items)), (LEAVE_OUT, bullets(items[:-1])), other)
    ask, reply = rng.choice(requests)
    return [say(rng, ask), reply]


def converse(rng: random.Random) -> dict[str, Any]:
    """One conversation: ``messages`` and the ``kind`` and ``domain`` that it belongs to."""
    chosen = rng.choices(KINDS, weights=[entry.weight for entry in KINDS])[0]
    turns = chosen.write(rng)
    if len(turns) == 2 and rng.random() < 0.15:
        turns = [*turns, *after_list(rng, turns[1])]
    if len(turns) <= 4 and rng.random() < 0.02:
        turns = [*turns, say(rng, THANKS), say(rng, WELCOME)]
    turns[0] = dress(rng, turns[0])
    messages = []
    if rng.random() < 1 / 3:
        domain = chosen.domain if rng.random() < 0.8 else "general"
        messages.append({"role": "system", "content": DOMAINS[domain]})
    for position, text in enumerate(turns):
        messages.append({"role": "assistant" if position % 2 else "user", "content": text})
    return {"messages": messages, "kind": chosen.name, "domain": chosen.domain}


def generate(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many different conversations, the same ones for the same seed."""
    rng = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        conversation = converse(rng)
        key = repr(conversation["messages"])
        if key not in seen:
            seen.add(key)
            yield conversation
