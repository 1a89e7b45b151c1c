"""Parameters that cannot be right are refused before anything is loaded, in a pipeline and in Python alike."""

import pytest

from curate import CurateError, Pipeline
from curate.records.pool import from_rows
from curate.registry import get_stage
from tests.conftest import BASE, CHAT, MINILM

RECORDS = from_rows(
    [
        {
            "id": "a",
            "messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}],
            "scores": {"perplexity": 1.0, "reward": 1.0},
            "embedding": [1.0, 0.0],
        }
    ]
)
WRONG = [
    ("trim", {"keep": [0.9, 0.1]}, "keep: the first quantile must be below the second, found 0.9 and 0.1"),
    ("screen", {"response_length": [90, 10]}, "response_length: the least must not exceed the most, found 90 and 10"),
    ("screen", {"instruction_length": [9, 1]}, "instruction_length: the least must not exceed the most, found 9 and 1"),
    ("extend", {"model": "teacher", "turns": [5, 2]}, "turns: the least must not exceed the most, found 5 and 2"),
    (
        "diversify",
        {"count": 1, "method": "random", "quality": "reward"},
        "quality: random takes no quality; methods that",
    ),
    ("diversify", {"count": 1, "method": "deita"}, "quality: deita goes by quality; name a score: quality: reward"),
    ("moderate", {"patterns": False}, "there is nothing to do without patterns and without a model; give one of them"),
    ("gate", {}, "no rule is given; set preset or one of quality, difficulty"),
]
MODELS = {
    "teacher": {"model": str(CHAT)},
    "base": {"model": str(BASE)},
    "embedder": {"backend": "sentence-transformers", "model": MINILM},
}
SYNTHESIZE = {"synthesize": {"model": "teacher", "count": 640}}


@pytest.mark.parametrize(("stage", "parameters", "message"), WRONG)
def test_a_pipeline_refuses_them_with_file_and_stage(stage, parameters, message):
    with pytest.raises(CurateError) as error:
        Pipeline({"models": MODELS, "stages": [SYNTHESIZE, {stage: parameters}]}, origin="p.yaml")
    assert str(error.value).startswith(f"p.yaml: stage 2 ({stage}): {message}")


@pytest.mark.parametrize(("stage", "parameters", "message"), WRONG)
def test_python_refuses_them_before_a_model_is_loaded(stage, parameters, message):
    given = {**parameters, "model": "/no/such/model"} if "model" in parameters else parameters
    with pytest.raises(CurateError) as error:
        get_stage(stage)(RECORDS, **given)
    assert str(error.value).startswith(f"{stage}: {message}")


def test_a_grid_and_a_temperature_are_refused_together():
    both = {"synthesize": {"model": "teacher", "count": 1, "temperature": 1.2, "grid": [[1.0, 1.0, 1]]}}
    with pytest.raises(
        CurateError, match=r"p.yaml: stage 1 \(synthesize\): grid: temperature 1.2 and top_p 1.0 are given"
    ):
        Pipeline({"models": MODELS, "stages": [both]}, origin="p.yaml")


@pytest.mark.parametrize(
    ("stages", "asked", "most"),
    [
        ([SYNTHESIZE, {"embed": {"model": "embedder"}}, {"diversify": {"count": 5000}}], 5000, 640),
        ([SYNTHESIZE, SYNTHESIZE, {"diversify": {"count": 1281, "model": "embedder"}}], 1281, 1280),
        (
            [
                SYNTHESIZE,
                {"diversify": {"count": 9, "model": "embedder"}},
                {"diversify": {"count": 10, "model": "embedder"}},
            ],
            10,
            9,
        ),
    ],
)
def test_more_records_than_can_come_are_refused(stages, asked, most):
    with pytest.raises(
        CurateError, match=rf"\(diversify\): it needs {asked} records, and at most {most} can come to it"
    ):
        Pipeline({"models": MODELS, "stages": stages}, origin="p.yaml")


def test_as_many_records_as_can_come_are_accepted():
    stages = [SYNTHESIZE, {"diversify": {"count": 640, "model": "embedder"}}]
    assert len(Pipeline({"models": MODELS, "stages": stages}).steps) == 2


# Hints that are true


@pytest.mark.parametrize(
    ("stage", "parameters", "hint"),
    [
        ("trim", {"by": "reward_difference"}, "put one of these stages before it: reward with base"),
        ("trim", {"by": "ifd"}, r"put one of these stages before it: fit with scores: \[.*ifd.*\]"),
        ("trim", {"by": "neighbour_distance"}, "put one of these stages before it: deduplicate with cosine"),
        ("trim", {"by": "charm"}, "no stage makes it"),
        ("diversify", {"count": 1, "balance": "domain", "model": "embedder"}, "before it: synthesize with system"),
        ("diversify", {"count": 1}, "put one of these stages before it: embed"),
    ],
)
def test_a_hint_names_the_stage_and_the_parameter_that_make_a_column(stage, parameters, hint):
    with pytest.raises(CurateError, match=hint):
        Pipeline({"models": MODELS, "stages": [SYNTHESIZE, {stage: parameters}]})


def test_an_unknown_key_inside_a_message_is_counted_by_its_name(tmp_path):
    from curate import load

    (tmp_path / "a.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "wieght": 0}]}\n'
    )
    assert load(tmp_path / "a.jsonl").stats["message key wieght ignored"] == 1
