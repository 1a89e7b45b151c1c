"""The signs of `vet`, as a real critic gives them: each tells the answers that were made bad in its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from curate.algorithms.separation import area
from curate.models.protocols import Embedder, LanguageModel
from curate.models.spec import load_model
from curate.stages.vet.negatives import make_negatives
from curate.stages.vet.signs import SIGNS, Conversation, measure
from tests.real.conftest import SMOLLM2

pytestmark = pytest.mark.real

PAIRS = [
    (
        "How do I keep basil alive on a windowsill?",
        "Basil likes light, warmth and moist soil. Put it on a sunny windowsill, water it when the top of the soil is "
        "dry, and pinch off the flowers so that it keeps growing leaves.",
    ),
    (
        "Why is the sky blue?",
        "Sunlight is made of many colours. The air scatters blue light more than red light, so blue reaches our eyes "
        "from every direction, and the sky looks blue.",
    ),
    (
        "What should I pack for a weekend of hiking?",
        "Take sturdy shoes, a rain jacket, warm layers, a map, a first aid kit, enough water and food. Pack light, "
        "and tell someone where you are going.",
    ),
    (
        "Explain what a variable is in programming.",
        "A variable is a name for a value that a program can store and change. For example, in Python the line x = 5 "
        "stores the number five under the name x.",
    ),
    (
        "How does a bill become law in the United States?",
        "A bill is introduced in Congress, discussed in committees and voted on by both chambers. If both pass it, the "
        "president can sign it into law or veto it.",
    ),
    (
        "What is the difference between weather and climate?",
        "Weather is what the atmosphere does today or this week. Climate is the average of the weather in a place over "
        "many years.",
    ),
    (
        "Give me tips for falling asleep faster.",
        "Go to bed at the same time every night, keep the room dark and cool, avoid screens and coffee in the evening, "
        "and try to relax with slow breathing.",
    ),
    (
        "How do I boil an egg?",
        "Put the egg in a pot of cold water, bring it to a boil, turn off the heat and cover the pot. Wait ten minutes "
        "for a hard egg, then cool it in cold water.",
    ),
    (
        "Who was Marie Curie?",
        "Marie Curie was a physicist and chemist who studied radioactivity. She discovered polonium and radium, and "
        "was the first person to win two Nobel Prizes.",
    ),
    (
        "Why do leaves change colour in autumn?",
        "In autumn trees stop making chlorophyll, the green pigment in leaves. When the green fades, yellow and orange "
        "pigments that were always there become visible.",
    ),
    (
        "How can I save money on groceries?",
        "Plan your meals for the week, write a list, buy in season and compare prices. Cook at home and freeze what is "
        "left so that nothing goes to waste.",
    ),
    (
        "What does a heart do?",
        "The heart is a muscle that pumps blood through the body. The blood carries oxygen and nutrients to the organs "
        "and takes away carbon dioxide.",
    ),
]


@pytest.fixture(scope="module")
def critic(smollm2: object) -> Iterator[LanguageModel]:
    """The model with its own template, float32."""
    model = load_model(SMOLLM2, dtype="float32", device="cpu")
    assert isinstance(model, LanguageModel)
    yield model
    model.close()


@pytest.fixture(scope="module")
def signs(critic: LanguageModel, embedder: Embedder) -> Mapping[str, Mapping[str, np.ndarray]]:
    """The signs of good answers, and of those made bad of them."""
    good: list[Conversation] = [
        [{"role": "user", "content": question}, {"role": "assistant", "content": answer}] for question, answer in PAIRS
    ]
    kinds = {"good": good, **make_negatives(good, embedder, 3)}
    return {kind: measure(conversations, critic, embedder) for kind, conversations in kinds.items()}


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        ("swapped", "ifd"),
        ("swapped", "relevance"),
        ("cut", "end_logprob"),
        ("shuffled", "logprob"),
        ("shuffled", "ifd"),
    ],
)
def test_a_sign_tells_the_bad_from_the_good(
    signs: Mapping[str, Mapping[str, np.ndarray]], kind: str, sign: str
) -> None:
    assert area(SIGNS[sign] * signs[kind][sign], SIGNS[sign] * signs["good"][sign]) > 0.95
