"""Completions under a JSON Schema, the same on the three language backends."""

from __future__ import annotations

import json

import pytest

from curate.errors import CurateError
from curate.models.protocols import LanguageModel, Prompt, Sampling

SCHEMA = {
    "type": "object",
    "properties": {
        "colour": {"type": "string", "enum": ["red", "yellow", "dark blue"]},
        "count": {"type": "integer", "minimum": 1, "maximum": 3},
    },
    "required": ["colour", "count"],
    "additionalProperties": False,
}
PROMPTS = [Prompt([5, 6, 7 + seed], seed) for seed in range(6)]
BACKENDS = pytest.mark.parametrize("backend", ["tiny", "vllm_tiny", "served_tiny"])


@BACKENDS
@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("stop", [(2,), ()], ids=["stop", "no stop tokens"])
def test_a_random_model_writes_what_the_schema_says_and_stops(
    backend: str, temperature: float, stop: tuple[int, ...], request: pytest.FixtureRequest
) -> None:
    model: LanguageModel = request.getfixturevalue(backend)
    sampling = Sampling(stop, 100, temperature, n=1 if temperature == 0 else 2, json_schema=SCHEMA)
    completions = [sample for samples in model.complete(PROMPTS, sampling) for sample in samples]
    finished = [sample for sample in completions if sample.finish_reason == "stop"]
    if backend == "served_tiny":
        assert finished  # a server's own grammar may allow white space without end, and then a text is cut off
    else:
        assert finished == completions
    for sample in finished:
        value = json.loads(sample.text)
        assert list(value) == ["colour", "count"]
        assert value["colour"] in ("red", "yellow", "dark blue")
        assert value["count"] in (1, 2, 3)


@BACKENDS
def test_other_completions_stay_as_they_are_beside_it(backend: str, request: pytest.FixtureRequest) -> None:
    model: LanguageModel = request.getfixturevalue(backend)
    free = Sampling((2,), 16)
    before = model.complete(PROMPTS, free)
    model.complete(PROMPTS, Sampling((2,), 16, json_schema=SCHEMA))
    assert model.complete(PROMPTS, free) == before


def test_a_text_under_a_schema_is_the_same_alone_and_in_a_batch(tiny: LanguageModel) -> None:
    sampling = Sampling((2,), 60, temperature=3.0, n=2, json_schema=SCHEMA)
    together = tiny.complete(PROMPTS, sampling)
    assert [tiny.complete([prompt], sampling)[0] for prompt in PROMPTS] == together
    assert len({sample.text for samples in together for sample in samples}) > 2


def test_a_text_that_is_cut_off_says_so(tiny: LanguageModel) -> None:
    (completion,) = tiny.complete(PROMPTS[:1], Sampling((2,), 3, 0.0, json_schema=SCHEMA))[0]
    assert completion.finish_reason == "length"


def test_a_schema_that_cannot_be_enforced_is_told(tiny: LanguageModel) -> None:
    with pytest.raises(CurateError, match="json_schema cannot be enforced: .*nonsense"):
        tiny.complete(PROMPTS[:1], Sampling((2,), 3, json_schema={"type": "nonsense"}))


def test_samplings_with_schemas_can_be_keys() -> None:
    assert {Sampling((2,), 3, json_schema=SCHEMA): 1}[Sampling((2,), 3, json_schema=dict(SCHEMA))] == 1
