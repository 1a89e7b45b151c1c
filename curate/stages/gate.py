"""`gate`: what falls short of a label or a score is dropped, with MAGPIE's published filters (arXiv 2406.08464)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from datasets import Dataset
from pydantic import Field

from curate.declaration import stage
from curate.errors import CurateError
from curate.outcome import Drop, Outcome, partition
from curate.records.labels import LEVELS, Difficulty, Quality

Preset = Literal["magpie-air", "magpie-pro"]

PRESETS: dict[str, dict[str, Any]] = {
    "magpie-air": {"quality": "good", "difficulty": "medium", "neighbour_distance": 0.0, "reward_difference": 0.0},
    "magpie-pro": {"quality": "average", "neighbour_distance": 0.0, "reward": -12.0},
}
RULES = ("quality", "difficulty", "neighbour_distance", "reward", "reward_difference")  # in the order of judgement


def rules_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The rules in force: those of the preset, each replaced by the parameter of its name; CurateError without any."""
    preset = PRESETS.get(config["preset"] or "", {})
    given = {name: config[name] if config[name] is not None else preset.get(name) for name in RULES}
    rules = {name: bound for name, bound in given.items() if bound is not None}
    if not rules:
        raise CurateError(f"no rule is given; set preset or one of {', '.join(RULES)}")
    return rules


def _needs(config: Mapping[str, Any]) -> list[str]:
    return [f"labels.{name}|scores.{name}" if name in LEVELS else f"scores.{name}" for name in rules_of(config)]


@stage(
    sees="each",
    needs=_needs,
    check=rules_of,
    version=1,
    reasons={
        "quality": "a judge found it worse than the least quality that is wanted",
        "difficulty": "a judge found it easier than the least difficulty that is wanted",
        "neighbour distance": "another record lies too near it",
        "reward": "a reward model scored it too low",
        "reward difference": "it is too little better, by the reward model's score, than the base model's own answer",
    },
)
def gate(
    records: Dataset,
    *,
    preset: Annotated[
        Preset | None,
        Field(
            description="MAGPIE's published filters. magpie-air: quality good, difficulty medium, neighbour_distance "
            "0, reward_difference 0; magpie-pro: quality average, neighbour_distance 0, reward -12; a parameter that "
            "is given replaces the preset's"
        ),
    ] = None,
    quality: Annotated[Quality | None, Field(description="the least quality")] = None,
    difficulty: Annotated[Difficulty | None, Field(description="the least difficulty")] = None,
    neighbour_distance: Annotated[
        float | None, Field(description="the distance to the nearest other record must be above it")
    ] = None,
    reward: Annotated[float | None, Field(description="the reward must be above it")] = None,
    reward_difference: Annotated[
        float | None, Field(description="the reward minus that of the base model's answer must be above it")
    ] = None,
) -> Outcome:
    """Drops the records that fall short; the first rule that a record fails is the reason.

    `labels.quality` and `labels.difficulty` must reach the least one. Where a record has only the score (the quality of
    a chosen candidate), that is compared, on the scale of 1 to 5. The scores `neighbour_distance`, `reward` and
    `reward_difference` must lie above their bound.

    MAGPIE then keeps the longest responses of what is left; here that choice belongs to `diversify`. Raises
    CurateError for a record whose label is not on its scale, or that has neither label nor score.
    """
    rules = rules_of(
        {
            "preset": preset,
            "quality": quality,
            "difficulty": difficulty,
            "neighbour_distance": neighbour_distance,
            "reward": reward,
            "reward_difference": reward_difference,
        }
    )
    read = records.select_columns([name for name in ("id", "labels", "scores") if name in records.column_names])
    return partition(records, [_verdict(record, rules) for record in read])


def _verdict(record: Mapping[str, Any], rules: Mapping[str, Any]) -> Drop | None:
    for name, bound in rules.items():
        if name in LEVELS:
            level, least = _level(record, name), LEVELS[name].index(bound) + 1
            if level < least:
                shown = (record.get("labels") or {}).get(name) or level
                return Drop(name, {name: shown, "least": bound})
        elif (score := _score(record, name)) <= bound:
            return Drop(name.replace("_", " "), {name: score, "above": bound})
    return None


def _level(record: Mapping[str, Any], name: str) -> float:
    """The label's place on its scale, from 1, or the score that stands for it."""
    label = (record.get("labels") or {}).get(name)
    if label is None:
        return _score(record, name)
    if label not in LEVELS[name]:
        raise CurateError(
            f"record {record['id']!r} has the {name} {label!r}; expected one of {', '.join(LEVELS[name])}"
        )
    return LEVELS[name].index(label) + 1


def _score(record: Mapping[str, Any], name: str) -> float:
    score = (record.get("scores") or {}).get(name)
    if score is None or math.isnan(score):
        raise CurateError(f"record {record['id']!r} has no score {name!r}; run the stage that makes it on all records")
    return float(score)
