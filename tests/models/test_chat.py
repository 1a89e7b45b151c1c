"""The client of chat endpoints: what is sent, what is read, and what the endpoint will not take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from curate.errors import CurateError
from curate.models.protocols import Answer, ChatModel, Conversation, LanguageModel, Sampling
from curate.models.spec import load_model, parse_spec
from tests.models.endpoints import Endpoint

Chat = Callable[..., ChatModel]
ASKED = [Conversation([{"role": "user", "content": "Name a lake."}], 7)]
ONE = Sampling((), 9, 0.7, 0.95)
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.fixture
def chat(endpoint: Endpoint) -> Iterator[Chat]:
    """The model `tiny` behind a chat endpoint, with these parameters; each answer repeats the question."""
    endpoint.answer = lambda number, body: (200, {}, endpoint.answers(body))
    made: list[ChatModel] = []

    def load(**more: Any) -> ChatModel:
        model = load_model("tiny", backend="chat", base_url=endpoint.url, **more)
        assert isinstance(model, ChatModel)
        made.append(model)
        return model

    yield load
    for model in made:
        model.close()


def test_sends_the_messages_and_everything_that_decides_the_answer(endpoint: Endpoint, chat: Chat) -> None:
    earlier = {"role": "assistant", "content": "Baikal.", "reasoning_content": "Deep."}
    messages = [{"role": "system", "content": "Be brief."}, *ASKED[0].messages, earlier, *ASKED[0].messages]
    (answers,) = chat().answer([Conversation(messages, 2**40 + 3)], Sampling((2,), 9, 0.7, 0.95, 2))
    assert endpoint.paths == ["/v1/chat/completions"]
    assert endpoint.bodies == [
        {
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Name a lake."},
                {"role": "assistant", "content": "Baikal."},
                {"role": "user", "content": "Name a lake."},
            ],
            "n": 2,
            "seed": 3,
            "temperature": 0.7,
            "top_p": 0.95,
            "max_tokens": 9,
        }
    ]
    assert answers == [Answer("Name a lake.", None, "stop")] * 2


def test_it_needs_nothing_but_a_name_and_an_address_and_is_no_language_model(endpoint: Endpoint, chat: Chat) -> None:
    model = chat()
    assert (model.name, model.shares_batches) == ("tiny", True)
    assert not isinstance(model, LanguageModel)
    spec = parse_spec("models.gpt", {"backend": "chat", "model": "gpt", "base_url": "https://host/v1"})
    spec.check()
    assert (spec.kind, spec.source, spec.commit()) == ("chat", None, None)
    quick = {"backend": "chat", "model": "gpt", "base_url": "https://host/v1", "concurrency": 2, "api_key_env": "KEY"}
    assert parse_spec("models.gpt", quick).fingerprint() == spec.fingerprint()


def test_a_schema_is_sent_as_the_response_format(endpoint: Endpoint, chat: Chat) -> None:
    chat().answer(ASKED, Sampling((), 9, json_schema=SCHEMA))
    assert endpoint.bodies[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
    }


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_is_kept_apart_under_either_name(endpoint: Endpoint, chat: Chat, key: str) -> None:
    endpoint.answer = lambda number, body: (200, {}, endpoint.answers(body, " Baikal.\n", **{key: "It is deep.\n"}))
    assert chat().answer(ASKED, ONE) == [[Answer("Baikal.", "It is deep.", "stop")]]


def test_reasoning_that_never_came_to_an_answer_has_no_content(endpoint: Endpoint, chat: Chat) -> None:
    message = {"content": None, "reasoning": "It is"}
    choice = {"index": 0, "message": message, "finish_reason": "length"}
    endpoint.answer = lambda number, body: (200, {}, {"choices": [choice]})
    assert chat().answer(ASKED, ONE) == [[Answer("", "It is", "length")]]


def test_a_content_in_parts_is_their_texts(endpoint: Endpoint, chat: Chat) -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Bai"}, {"type": "text", "text": "kal."}]
    endpoint.answer = lambda number, body: (200, {}, endpoint.answers(body, content=parts))
    assert chat().answer(ASKED, ONE) == [[Answer("Baikal.", None, "stop")]]


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": None, "refusal": "I cannot help with that."}, "finish_reason": "stop"},
        {"message": {"content": "Ba"}, "finish_reason": "content_filter"},
    ],
)
def test_a_refusal_and_a_filter_are_reasons(endpoint: Endpoint, chat: Chat, choice: dict[str, Any]) -> None:
    endpoint.answer = lambda number, body: (200, {}, {"choices": [choice]})
    ((answer,),) = chat().answer(ASKED, ONE)
    assert (answer.content, answer.finish_reason, answer.detail["model"]) == ("", "refused", "tiny")
    assert "the model or a filter refused: " in answer.detail["why"]
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"message": None, "finish_reason": "stop"},
        {"message": {}, "finish_reason": "stop"},
        {"message": {"content": None}, "finish_reason": "stop"},
        {"message": {"content": [None, {"type": "text"}]}, "finish_reason": "stop"},
        {"message": {"content": None}, "finish_reason": "tool_calls"},
    ],
)
def test_an_endpoint_that_answers_nothing_is_told_in_one_sentence(
    endpoint: Endpoint, chat: Chat, choice: dict[str, Any]
) -> None:
    endpoint.answer = lambda number, body: (200, {}, {"choices": [choice]})
    with pytest.raises(CurateError, match=rf"POST {endpoint.url}/chat/completions: a choice without a text"):
        chat().answer(ASKED, ONE)
    assert len(endpoint.requests) == 3


def test_what_is_wrong_with_one_conversation_is_said_by_its_answer(endpoint: Endpoint, chat: Chat) -> None:
    replies = {
        "odd": (400, {}, {"error": {"message": "odd prompt"}}),
        "long": (400, {}, {"error": {"message": "This model's maximum context length is 9 tokens."}}),
        "void": (200, {}, {"choices": []}),
    }
    endpoint.answer = lambda number, body: replies.get(
        body["messages"][-1]["content"], (200, {}, endpoint.answers(body))
    )
    asked = [Conversation([{"role": "user", "content": text}], 0) for text in ("odd", "fine", "long", "void")]
    answers = [answer for (answer,) in chat().answer(asked, ONE)]
    assert [answer.finish_reason for answer in answers] == ["refused", "stop", "too long", "refused"]
    assert "odd prompt" in answers[0].detail["why"]


def test_an_endpoint_that_gives_one_answer_a_request_is_asked_for_the_others(endpoint: Endpoint, chat: Chat) -> None:
    endpoint.answer = lambda number, body: (200, {}, endpoint.answers({**body, "n": 1}))
    (answers,) = chat().answer(ASKED, Sampling((), 9, n=3))
    assert len(answers) == 3
    assert len({body["seed"] for body in endpoint.bodies}) == 3


def refuse(endpoint: Endpoint, key: str, message: str, **more: Any) -> None:
    """Makes the endpoint refuse a parameter in these words."""
    error = {"error": {"message": message, **more}}
    endpoint.answer = lambda number, body: (400, {}, error) if key in body else (200, {}, endpoint.answers(body))


@pytest.mark.parametrize(
    ("key", "message", "parameter"),
    [
        ("seed", "Unsupported parameter: 'seed'", "seed"),
        ("seed", "property 'seed' is not supported", None),
        ("response_format", "This response_format type is unavailable now", None),
        ("temperature", "Unsupported value: 'temperature' does not support 0.7 with this model.", "temperature"),
        ("top_p", "`top_p` is deprecated for this model", None),
    ],
)
def test_what_an_endpoint_does_not_support_is_left_out_from_then_on(
    endpoint: Endpoint, chat: Chat, key: str, message: str, parameter: str | None
) -> None:
    refuse(endpoint, key, message, param=parameter)
    model, sampling = chat(), Sampling((), 9, 0.7, 0.95, json_schema=SCHEMA)
    assert model.answer(ASKED, sampling) == model.answer(ASKED, sampling) == [[Answer("Name a lake.", None, "stop")]]
    first, *others = endpoint.bodies
    assert [first.keys() - body.keys() for body in others] == [{key}, {key}]


def test_a_value_that_is_refused_is_told_and_not_left_out(endpoint: Endpoint, chat: Chat) -> None:
    refuse(endpoint, "temperature", "temperature must be at most 2", param="temperature")
    with pytest.raises(CurateError, match="status 400: .*temperature must be at most 2"):
        chat().answer(ASKED, Sampling((), 9, 3.0))


def test_the_limit_goes_under_the_name_that_the_endpoint_wants(endpoint: Endpoint, chat: Chat) -> None:
    refuse(
        endpoint, "max_tokens", "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    chat().answer(ASKED, ONE)
    assert [body.get("max_completion_tokens") for body in endpoint.bodies] == [None, 9]


def test_a_probe_asks_one_question(endpoint: Endpoint, chat: Chat) -> None:
    spec = parse_spec("models.gpt", {"backend": "chat", "model": "gpt", "base_url": endpoint.url})
    spec.probe(False)
    assert endpoint.bodies[0]["messages"] == [{"role": "user", "content": "Say yes."}]
    endpoint.answer = lambda number, body: (401, {}, {"error": {"message": "no key"}})
    with pytest.raises(CurateError, match=r"models.gpt: POST .*/chat/completions: status 401: .*api_key_env"):
        spec.probe(False)


def test_a_real_vllm_server_answers_and_holds_to_a_schema(vllm_server: str) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["b"]}}, "required": ["a"], "additionalProperties": False}
    parse_spec("models.tiny", {"backend": "chat", "model": "tiny", "base_url": vllm_server}).probe(False)
    model: Any = load_model("tiny", backend="chat", base_url=vllm_server)
    (answers,) = model.answer(ASKED, Sampling((), 12, n=3))
    assert [answer.finish_reason in ("stop", "length") for answer in answers] == [True] * 3
    assert model.answer(ASKED, Sampling((), 12, n=3)) == [answers]
    ((answer,),) = model.answer(ASKED, Sampling((), 60, json_schema=schema))
    assert json.loads(answer.content) == {"a": "b"}
    long = Conversation([{"role": "user", "content": "lake " * 300}], 0)
    ((answer,),) = model.answer([long], Sampling((), 60))
    assert answer.finish_reason == "too long"
    model.close()
