"""`gate`: each rule on both sides of its threshold, the published presets, and what cannot be compared."""

from __future__ import annotations

from typing import Any

import pytest

from curate.errors import CurateError
from curate.records.pool import from_rows
from curate.stages.gate import gate

GOOD = {
    "id": "x",
    "messages": [{"role": "user", "content": "Why is the sky blue?"}],
    "labels": {"quality": "excellent", "difficulty": "very hard"},
    "scores": {"reward": 5.0, "reward_difference": 2.0, "neighbour_distance": 0.5},
}


def record(labels: dict[str, str] | None = None, scores: dict[str, float] | None = None) -> dict[str, Any]:
    """A record that passes every rule, but for what is given."""
    return {**GOOD, "labels": {**GOOD["labels"], **(labels or {})}, "scores": {**GOOD["scores"], **(scores or {})}}


def verdict(row: dict[str, Any], **parameters: Any) -> tuple[str, dict[str, Any]] | None:
    """The reason and the detail of a record that is dropped, None for one that is kept."""
    dropped = gate(from_rows([row]), **parameters).dropped
    return (dropped[0]["reason"], dropped[0]["detail"]) if len(dropped) else None


@pytest.mark.parametrize(
    ("parameters", "passes", "fails", "reason", "detail"),
    [
        (
            {"quality": "good"},
            record({"quality": "good"}),
            record({"quality": "average"}),
            "quality",
            {"quality": "average", "least": "good"},
        ),
        (
            {"difficulty": "medium"},
            record({"difficulty": "medium"}),
            record({"difficulty": "easy"}),
            "difficulty",
            {"difficulty": "easy", "least": "medium"},
        ),
        (
            {"reward": -12},
            record(scores={"reward": -11.9}),
            record(scores={"reward": -12}),
            "reward",
            {"reward": -12.0, "above": -12.0},
        ),
        (
            {"reward_difference": 0},
            record(scores={"reward_difference": 0.1}),
            record(scores={"reward_difference": 0}),
            "reward difference",
            {"reward_difference": 0.0, "above": 0.0},
        ),
        (
            {"neighbour_distance": 0},
            record(scores={"neighbour_distance": 0.01}),
            record(scores={"neighbour_distance": 0}),
            "neighbour distance",
            {"neighbour_distance": 0.0, "above": 0.0},
        ),
    ],
)
def test_each_rule_keeps_one_side_of_its_threshold(
    parameters: dict[str, Any], passes: dict[str, Any], fails: dict[str, Any], reason: str, detail: dict[str, Any]
) -> None:
    assert verdict(passes, **parameters) is None
    assert verdict(fails, **parameters) == (reason, detail)


@pytest.mark.parametrize(
    ("preset", "row", "reason"),
    [
        ("magpie-air", record({"quality": "good", "difficulty": "medium"}), None),
        ("magpie-air", record({"quality": "average"}), "quality"),
        ("magpie-air", record({"difficulty": "easy"}), "difficulty"),
        ("magpie-air", record(scores={"neighbour_distance": 0}), "neighbour distance"),
        ("magpie-air", record(scores={"reward_difference": 0}), "reward difference"),
        ("magpie-air", record(scores={"reward": -100}), None),
        ("magpie-pro", record({"quality": "average", "difficulty": "very easy"}), None),
        ("magpie-pro", record({"quality": "poor"}), "quality"),
        ("magpie-pro", record(scores={"neighbour_distance": 0}), "neighbour distance"),
        ("magpie-pro", record(scores={"reward": -12}), "reward"),
        ("magpie-pro", record(scores={"reward": -11, "reward_difference": -5}), None),
    ],
)
def test_the_presets_are_the_published_filters(preset: str, row: dict[str, Any], reason: str | None) -> None:
    found = verdict(row, preset=preset)
    assert (found and found[0]) == reason


def test_a_parameter_replaces_the_presets() -> None:
    row = record({"quality": "average"})
    assert verdict(row, preset="magpie-pro", quality="good") == ("quality", {"quality": "average", "least": "good"})
    assert verdict(row, preset="magpie-air", quality="poor") is None


def test_it_needs_only_what_its_rules_compare() -> None:
    assert gate.needs(gate.validate({"preset": "magpie-pro"}, "p")) == [
        "labels.quality|scores.quality",
        "scores.neighbour_distance",
        "scores.reward",
    ]
    assert gate.needs(gate.validate({"reward": 1}, "p")) == ["scores.reward"]


def test_the_quality_of_a_chosen_candidate_is_a_score_alone() -> None:
    without = {"quality": None, "difficulty": "hard"}
    assert verdict({**GOOD, "labels": without, "scores": {"quality": 4.0}}, quality="good") is None
    found = verdict({**GOOD, "labels": without, "scores": {"quality": 3.0}}, quality="good")
    assert found == ("quality", {"quality": 3.0, "least": "good"})


def test_no_rule_at_all_is_told_before_anything_runs() -> None:
    message = "no rule is given; set preset or one of quality, difficulty, neighbour_distance, reward"
    with pytest.raises(CurateError, match=message):
        gate.needs(gate.validate({}, "p"))
    with pytest.raises(CurateError, match=message):
        gate(from_rows([GOOD]))


def test_a_label_that_is_not_on_the_scale_is_told() -> None:
    with pytest.raises(CurateError) as error:
        verdict(record({"quality": "superb"}), quality="good")
    assert str(error.value) == (
        "gate: record 'x' has the quality 'superb'; expected one of very poor, poor, average, good, excellent"
    )


def test_a_missing_score_is_told_and_stands_for_nothing() -> None:
    rows = [GOOD, {**GOOD, "id": "y", "scores": {"reward": None}}]
    with pytest.raises(CurateError, match="gate: record 'y' has no score 'reward'; run the stage that makes it"):
        gate(from_rows(rows), reward=0)
    with pytest.raises(CurateError, match="gate: needs 'scores.reward', which the records do not have"):
        gate(from_rows([{**GOOD, "scores": {"other": 1.0}}]), reward=0)
    with pytest.raises(CurateError, match="gate: record 'x' has no score 'quality'"):
        verdict({**GOOD, "labels": {"quality": None, "difficulty": "hard"}}, quality="good")


def test_a_wrong_name_of_a_level_or_preset_is_told() -> None:
    with pytest.raises(CurateError, match="gate: quality: .*'very poor', 'poor', 'average', 'good' or 'excellent'"):
        gate(from_rows([GOOD]), quality="nice")
    with pytest.raises(CurateError, match="gate: preset: .*'magpie-air' or 'magpie-pro'"):
        gate(from_rows([GOOD]), preset="magpie")
