"""Bad answers made of a pool's own, so that bounds can be set for this pool, this critic and this language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from curate.models.protocols import Embedder
from curate.stages.vet.signs import Conversation

SWAPPED, CUT, SHUFFLED = 120, 100, 60  # how many of each are made, where the pool has as many answers
WORDS = 8  # the least of an answer that is cut or shuffled: fewer can be whole
COPY = 0.9  # the cosine of two instructions from which on the answer to one may answer the other


def make_negatives(
    conversations: Sequence[Conversation], embedder: Embedder | None, seed: int
) -> Mapping[str, list[Conversation]]:
    """For each kind of bad answer, conversations of the pool that end with one.

    `swapped` answers are those to other instructions: half of them taken at random, half from the nearest instruction
    that is no copy, where an embedder can tell. `cut` ones end at a random place inside a sentence. `shuffled` ones
    have their words in another order.
    """
    random = np.random.default_rng(seed)
    order = [conversations[row] for row in random.permutation(len(conversations))]
    long = [turns for turns in order if len(turns[-1]["content"].split()) >= WORDS]
    return {
        "swapped": [*_swapped(order[: SWAPPED // 2]), *_swapped_near(order[-SWAPPED // 2 :], embedder)],
        "cut": [_answered(turns, cut) for turns in long[:CUT] if (cut := _cut(turns[-1]["content"], random))],
        "shuffled": [_answered(turns, _shuffled(turns[-1]["content"], random)) for turns in long[-SHUFFLED:]],
    }


def _answered(conversation: Conversation, content: str) -> Conversation:
    return [*conversation[:-1], {"role": "assistant", "content": content}]


def _swapped(conversations: Sequence[Conversation]) -> list[Conversation]:
    """Each with the answer of the next."""
    others = [*conversations[1:], *conversations[:1]]
    return [
        _answered(turns, other[-1]["content"])
        for turns, other in zip(conversations, others, strict=True)
        if turns[-1]["content"] != other[-1]["content"]
    ]


def _swapped_near(conversations: Sequence[Conversation], embedder: Embedder | None) -> list[Conversation]:
    """Each with the answer to the instruction that is nearest to its own."""
    if embedder is None or len(conversations) < 2:
        return []
    vectors = embedder.embed([turns[-2]["content"] for turns in conversations])
    cosines = vectors @ vectors.T
    cosines[cosines > COPY] = -1  # itself, too
    nearest = cosines.argmax(1)
    return [
        _answered(turns, conversations[near][-1]["content"])
        for turns, near, row in zip(conversations, nearest, cosines, strict=True)
        if row[near] > -1
    ]


def _cut(text: str, random: np.random.Generator) -> str:
    """The beginning of the text, up to a random place between a third of it and nine tenths; empty if there is none.

    The place lies between two letters, digits or spaces, so that no sentence and no line ends there.
    """
    places = [match.start() for match in re.finditer(r"(?<=[\w ,])(?=[\w ])", text)]
    inner = [place for place in places if len(text) / 3 <= place <= len(text) * 0.9]
    return text[: int(random.choice(inner))].rstrip() if inner else ""


def _shuffled(text: str, random: np.random.Generator) -> str:
    return " ".join(random.permutation(text.split()).tolist())
