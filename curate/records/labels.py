"""The labels that a judge gives, and their values (MAGPIE, arXiv 2406.08464)."""

from __future__ import annotations

from typing import Literal, get_args

CATEGORIES = (
    "Information seeking",
    "Reasoning",
    "Planning",
    "Editing",
    "Coding & Debugging",
    "Math",
    "Role playing",
    "Data analysis",
    "Creative writing",
    "Advice seeking",
    "Brainstorming",
    "Others",
)


Difficulty = Literal["very easy", "easy", "medium", "hard", "very hard"]


Quality = Literal["very poor", "poor", "average", "good", "excellent"]


LEVELS: dict[str, tuple[str, ...]] = {"difficulty": get_args(Difficulty), "quality": get_args(Quality)}  # from 1 to 5


VALUES = {"category": CATEGORIES, **LEVELS}
