"""How each kind of completions server is found, what it is sent, and what it cannot do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError
from curate.models.protocols import LanguageModel, Prompt, Sampling
from curate.models.spec import parse_spec
from tests.models.endpoints import Endpoint

Connect = Callable[..., LanguageModel]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
SAMPLING = Sampling((2, 0), 9, 0.7, 0.95)  # <|im_end|> and <|endoftext|>
CONTROL = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
LLAMA_CPP = {"id": "tiny", "owned_by": "llamacpp", "meta": {"n_ctx": 64, "n_ctx_train": 8192}}
PROPS = {"default_generation_settings": {"n_ctx": 50}, "total_slots": 3}


def generated(body: dict[str, Any], count: int | None = None, **more: Any) -> dict[str, Any]:
    """Ollama's reply."""
    count = len(body["prompt"]) if count is None else count
    return {"response": "Good.", "done": True, "done_reason": "stop", "prompt_eval_count": count, **more}


@pytest.fixture
def llama_cpp(endpoint: Endpoint) -> Endpoint:
    """As llama.cpp's server answers with three slots."""
    endpoint.pages["/v1/models"] = (200, {}, {"object": "list", "data": [LLAMA_CPP]})
    endpoint.pages["/props"] = (200, {}, PROPS)
    return endpoint


@pytest.fixture
def ollama(endpoint: Endpoint) -> Endpoint:
    """As Ollama answers."""
    endpoint.pages["/v1/models"] = (200, {}, {"data": [{"id": "tiny:latest", "owned_by": "someone"}]})
    endpoint.pages["/api/version"] = (200, {}, {"version": "0.30.1"})
    endpoint.pages["/api/ps"] = (200, {}, {"models": [{"name": "tiny:latest", "context_length": 40}]})
    endpoint.answer = lambda number, body: (
        200,
        {},
        generated(body, 2) if "prompt" in body else {"done": True, "done_reason": "load"},
    )
    return endpoint


def test_llama_cpp_stops_at_texts_and_is_never_told_to_ignore_the_end(llama_cpp: Endpoint, connect: Connect) -> None:
    model = connect()
    assert model.context_length == 49
    model.complete([Prompt([7, 8], 2**40 + 3)], SAMPLING)
    (body,) = llama_cpp.bodies
    assert set(body.pop("preserved_tokens")) == CONTROL
    assert body == {
        "model": "tiny",
        "prompt": [7, 8],
        "n": 1,
        "seed": 3,
        "temperature": 0.7,
        "top_p": 0.95,
        "max_tokens": 9,
        "stop": ["<|im_end|>", "<|endoftext|>"],
        "samplers": ["temperature", "top_p"],
    }


def test_llama_cpp_is_sent_a_schema_under_its_own_name(llama_cpp: Endpoint, connect: Connect) -> None:
    connect().complete([Prompt([7], 0)], Sampling((2,), 9, json_schema=SCHEMA))
    (body,) = llama_cpp.bodies
    assert body["json_schema"] == SCHEMA
    assert not {"response_format", "preserved_tokens", "ignore_eos"} & body.keys()


def test_llama_cpp_gives_as_many_samples_a_request_as_it_has_slots(llama_cpp: Endpoint, connect: Connect) -> None:
    (samples,) = connect().complete([Prompt([7], 5)], Sampling((2,), 9, n=8))
    assert len(samples) == 8
    assert [body["n"] for body in llama_cpp.bodies] == [3, 3, 2]
    assert len({body["seed"] for body in llama_cpp.bodies}) == 3


@pytest.mark.parametrize(
    ("props", "context"), [((404, {}, {}), 63), ((200, {}, []), 63), ((200, {}, {"total_slots": None}), 63)]
)
def test_llama_cpp_without_props_says_its_context_beside_the_model(
    llama_cpp: Endpoint, connect: Connect, props: Any, context: int
) -> None:
    llama_cpp.pages["/props"] = props
    assert connect().context_length == context


def test_llama_cpp_behind_another_name_is_known_by_its_properties(llama_cpp: Endpoint, connect: Connect) -> None:
    llama_cpp.pages["/v1/models"] = (200, {}, {"data": [{"id": "tiny", "owned_by": "me"}]})
    connect().complete([Prompt([7], 5)], SAMPLING)
    assert "stop" in llama_cpp.bodies[0]


def test_sglang_keeps_its_end_tokens_and_gives_one_sample_a_request(endpoint: Endpoint, connect: Connect) -> None:
    entry = {"id": "tiny", "owned_by": "sglang", "max_model_len": 90}
    endpoint.pages["/v1/models"] = (200, {}, {"data": [entry]})
    model = connect()
    assert model.context_length == 89
    model.complete([Prompt([7], 5)], Sampling((2,), 9, n=2, json_schema=SCHEMA))
    first, second = endpoint.bodies
    assert (first["n"], second["n"]) == (1, 1)
    assert first["seed"] != second["seed"]
    assert first["stop_token_ids"] == [2]
    assert first["skip_special_tokens"] is False
    assert first["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "ignore_eos" not in first


def test_ollama_is_asked_for_a_raw_text_by_its_own_api(ollama: Endpoint, connect: Connect) -> None:
    model = connect()
    assert model.context_length == 39
    ((sample,),) = model.complete([Prompt([1, 66], 5)], Sampling((2, 0), 9, 0.7, 0.95, json_schema=SCHEMA))
    assert (sample.text, sample.finish_reason) == ("Good.", "stop")
    assert ollama.paths == ["/api/generate", "/api/generate"]
    load, body = ollama.bodies
    assert load == {"model": "tiny", "stream": False}
    assert body == {
        "model": "tiny",
        "prompt": model.chat.tokenizer.decode([1, 66]),
        "raw": True,
        "stream": False,
        "think": False,
        "truncate": False,
        "shift": False,
        "format": SCHEMA,
        "options": {
            "seed": 5,
            "temperature": 0.7,
            "top_p": 0.95,
            "top_k": 0,
            "min_p": 0.0,
            "repeat_penalty": 1.0,
            "num_predict": 9,
            "stop": ["<|im_end|>", "<|endoftext|>"],
        },
    }


def test_ollama_may_count_fewer_prompt_tokens_but_not_more(ollama: Endpoint, connect: Connect) -> None:
    model = connect()
    for count in (0, 1, 2):
        ollama.answer = lambda number, body, count=count: (200, {}, generated(body, count))
        assert model.complete([Prompt([5, 6], 0)], SAMPLING)
    ollama.answer = lambda number, body: (200, {}, generated(body, 30))
    with pytest.raises(CurateError, match=r"/api/generate wraps the prompt: 2 tokens were sent and it counts 30"):
        model.complete([Prompt([5, 6], 0)], SAMPLING)


def test_ollama_adds_the_beginning_of_text_itself_where_the_tokenizer_does(
    ollama: Endpoint, connect: Connect, tiny_directory: Path, tmp_path: Path
) -> None:
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_directory, bos_token="<|endoftext|>")  # noqa: S106 (no password)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    tokenizer.save_pretrained(tmp_path)
    connect(tokenizer=str(tmp_path)).complete([Prompt([0, 1], 5)], SAMPLING)
    connect().complete([Prompt([0, 1], 5)], SAMPLING)
    assert [body["prompt"] for body in ollama.bodies if "prompt" in body] == [
        "<|im_start|>",
        "<|endoftext|><|im_start|>",
    ]


@pytest.mark.parametrize(
    "reply", [{}, {"response": None, "done_reason": "stop"}, {"response": "Hm", "done_reason": ""}]
)
def test_an_odd_reply_of_ollama_is_told(ollama: Endpoint, connect: Connect, reply: Any) -> None:
    model = connect()
    ollama.answer = lambda number, body: (200, {}, reply)
    with pytest.raises(CurateError, match=rf"POST {ollama.root}/api/generate: "):
        model.complete([Prompt([5], 0)], SAMPLING)


def test_a_dialect_can_be_named(endpoint: Endpoint, connect: Connect) -> None:
    connect(dialect="llama.cpp").complete([Prompt([7], 5)], SAMPLING)
    assert "stop" in endpoint.bodies[0]
    with pytest.raises(CurateError, match="dialect: input should be 'vllm', 'sglang', 'llama.cpp' or 'ollama'"):
        connect(dialect="lama.cpp")


@pytest.mark.parametrize("dialect", ["sglang", "llama.cpp", "ollama"])
def test_what_cannot_score_says_so_before_anything_is_sent(endpoint: Endpoint, connect: Connect, dialect: str) -> None:
    if dialect == "ollama":
        endpoint.answer = lambda number, body: (200, {}, {"done": True})
    model = connect(dialect=dialect)
    sent = len(endpoint.requests)
    with pytest.raises(CurateError, match="returns no prompt_logprobs; score with a vLLM server, or with the backend"):
        model.score([[5, 6]], [[0, 1]])
    assert len(endpoint.requests) == sent


@pytest.mark.parametrize("positions", [[], [None], [None, {}], [None, {"6": {}}], [None, {"6": {"rank": 1}}], "odd"])
def test_prompt_logprobs_that_fit_no_prompt_are_told(endpoint: Endpoint, connect: Connect, positions: Any) -> None:
    endpoint.answer = lambda number, body: (200, {}, {"choices": [{"prompt_logprobs": positions}]})
    with pytest.raises(CurateError, match=rf"{endpoint.url}/completions: no log-probabilities of these tokens came"):
        connect().score([[5, 6]], [[0, 1]])


# --- the look at an endpoint before a run ----------------------------------------------------------------------------


def probe(endpoint: Endpoint, tiny_directory: Path, scores: bool = False, **more: Any) -> None:
    value = {"backend": "server", "model": "tiny", "base_url": endpoint.url, "tokenizer": str(tiny_directory), **more}
    parse_spec("models.teacher", value).probe(scores)


def test_a_probe_asks_for_one_token(endpoint: Endpoint, tiny_directory: Path) -> None:
    probe(endpoint, tiny_directory)
    assert endpoint.bodies == [{"model": "tiny", "prompt": [1, 2, 3], "max_tokens": 1, "temperature": 0}]


def test_a_probe_of_ollama_loads_nothing(ollama: Endpoint, tiny_directory: Path) -> None:
    probe(ollama, tiny_directory)
    assert not ollama.requests


def test_a_probe_tells_what_cannot_score(llama_cpp: Endpoint, tiny_directory: Path) -> None:
    probe(llama_cpp, tiny_directory)
    with pytest.raises(CurateError, match=r"models.teacher: .*/completions returns no prompt_logprobs; score with a"):
        probe(llama_cpp, tiny_directory, scores=True)


def test_a_probe_tries_whether_an_unknown_server_scores(endpoint: Endpoint, tiny_directory: Path) -> None:
    with pytest.raises(CurateError, match=r"models.teacher: .*/completions returns no prompt_logprobs"):
        probe(endpoint, tiny_directory, scores=True)
    logprobs = [None, {"2": {"logprob": -1.0, "rank": 1}}, {"3": {"logprob": -1.0, "rank": 1}}]
    endpoint.answer = lambda number, body: (200, {}, {"choices": [{"prompt_logprobs": logprobs}]})
    probe(endpoint, tiny_directory, scores=True)


def test_a_probe_finds_a_wrapping_endpoint_and_one_without_completions(
    endpoint: Endpoint, tiny_directory: Path
) -> None:
    endpoint.answer = lambda number, body: (200, {}, endpoint.choices(body, prompt_tokens=20))
    with pytest.raises(CurateError, match="wraps the prompt: 3 tokens were sent and it counts 20"):
        probe(endpoint, tiny_directory)
    endpoint.answer = lambda number, body: (404, {}, {"detail": "Not Found"})
    with pytest.raises(CurateError, match=rf"models.teacher: POST {endpoint.url}/completions: status 404"):
        probe(endpoint, tiny_directory)


def test_a_probe_is_short(tiny_directory: Path, endpoint: Endpoint) -> None:
    value = {
        "backend": "server",
        "model": "tiny",
        "base_url": "http://127.0.0.1:9/v1",
        "tokenizer": str(tiny_directory),
    }
    with pytest.raises(CurateError, match=r"models.teacher: GET .*/models: ConnectError .*gave up after 2 attempts"):
        parse_spec("models.teacher", value).probe(False)


def test_a_probe_needs_the_key(endpoint: Endpoint, tiny_directory: Path) -> None:
    with pytest.raises(CurateError, match="models.teacher: api_key_env: the environment variable NO_KEY is not set"):
        probe(endpoint, tiny_directory, api_key_env="NO_KEY")
