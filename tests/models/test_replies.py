"""What servers send back that is not as it should be: one sentence with the server's words, or counted."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from curate.errors import CurateError
from curate.models.protocols import Completion, LanguageModel, Prompt, Sampling
from tests.models.endpoints import Endpoint, Reply

Connect = Callable[..., LanguageModel]
TWO = Sampling((2,), 5, n=2)
GOOD = {"index": 0, "text": "Good.", "finish_reason": "stop"}
LOGIN = b"<html><body>Please log in.</body></html>"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (LOGIN, r"no JSON came but '<html><body>Please log in.*see that base_url goes up to /v1"),
        (b"", r"an empty answer came; gave up after 2 attempts"),
        (b'{"choices": [', r"no JSON came but '{\"choices\": \['; gave up"),
        (b"upstream connect error", r"no JSON came but 'upstream connect error'; gave up"),
        ({"error": {"message": "The model is loading.", "code": 503}}, r"status 200: .*model is loading.*; gave up"),
        ({"error": "out of memory"}, r"status 200: .*out of memory.*; gave up"),
        (
            {"error": {"message": "no such model", "code": 404}},
            r"status 200: .*no such model.*see that base_url goes up to /v1",
        ),
        (None, "no choices came but 'null'"),
        ([], r"no choices came but '\[\]'"),
        ({}, r"no choices came but '{}'"),
        ({"choices": None}, r"no choices came but '{\"choices\": null}'"),
        ({"choices": "none"}, r"no choices came but "),
        ({"choices": []}, r"0 of 2 texts came"),
        ({"choices": [None]}, r"a choice without a text or a known end came: 'null'"),
        ({"choices": [{}]}, r"a choice without a text or a known end came: '{}'"),
        ({"choices": [{**GOOD, "text": None}]}, r"a choice without a text.*\"text\": null"),
        ({"choices": [{**GOOD, "text": 3}]}, r"a choice without a text.*\"text\": 3"),
        ({"choices": [{**GOOD, "finish_reason": "whim"}]}, r"a choice without .* a known end came: .*whim"),
        (
            {"choices": [{**GOOD, "finish_reason": None}]},
            r"a choice without .* a known end came: .*\"finish_reason\": null",
        ),
    ],
)
def test_an_endpoint_that_brings_nothing_is_told_in_one_sentence(
    endpoint: Endpoint, connect: Connect, reply: Any, words: str
) -> None:
    endpoint.answer = lambda number, body: (200, {}, reply)
    with pytest.raises(CurateError, match=rf"POST {endpoint.url}/completions: {words}") as error:
        connect(retries=1).complete([Prompt([5], 0), Prompt([6], 0)], TWO)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "oddity",
    [
        {"usage": None},
        {"usage": []},
        {"usage": {}},
        {"usage": {"prompt_tokens": None}},
        {"usage": {"prompt_tokens": "1"}},
        {"error": None},
        {"choices": [{"text": "5-0", "finish_reason": "stop"}, {"text": "5-1", "finish_reason": "length"}]},
        {"choices": [{**GOOD, "text": "5-0", "index": None}, {**GOOD, "text": "5-1", "index": "1"}]},
        {"choices": [{**GOOD, "text": f"5-{n}", "index": n} for n in range(3)]},
        {"choices": [{**GOOD, "text": "5-0", "finish_reason": "eos"}, {**GOOD, "text": "5-1", "index": 1}]},
    ],
    ids=str,
)
def test_what_a_text_can_go_without_is_no_matter(endpoint: Endpoint, connect: Connect, oddity: dict[str, Any]) -> None:
    endpoint.answer = lambda number, body: (200, {}, {**endpoint.choices(body), **oddity})
    (samples,) = connect().complete([Prompt([5], 0)], TWO)
    assert [sample.text for sample in samples] == ["5-0", "5-1"]
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (None, "a list of models is expected, found 'null'"),
        ("tiny", "a list of models is expected, found 'tiny'"),
        ({}, "a list of models is expected, found '{}'"),
        ({"data": None}, "a list of models is expected, found "),
        (LOGIN, "no JSON came but '<html>"),
        (b"", "an empty answer came; gave up after 2 attempts"),
        ({"error": "who are you?"}, "who are you"),
    ],
)
def test_a_list_of_models_that_is_none_is_told(endpoint: Endpoint, connect: Connect, models: Any, words: str) -> None:
    endpoint.pages["/v1/models"] = (200, {}, models)
    with pytest.raises(CurateError, match=rf"models.tiny: GET {endpoint.url}/models: .*{words}"):
        connect(retries=1)


def test_a_server_without_models_is_told(endpoint: Endpoint, connect: Connect) -> None:
    endpoint.pages["/v1/models"] = (200, {}, {"data": [None, {"id": 3}]})
    with pytest.raises(CurateError, match=f"{endpoint.url} does not serve 'tiny'; it serves none"):
        connect()


@pytest.mark.parametrize("length", [None, 0, "4096", {}])
def test_a_bare_list_of_models_without_a_context_length_is_enough(
    endpoint: Endpoint, connect: Connect, length: Any
) -> None:
    endpoint.pages["/v1/models"] = (200, {}, [{"id": "tiny", "max_model_len": length}])
    model = connect()
    assert model.context_length == model.chat.tokenizer.model_max_length - 1


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "api_key_env"), (403, "may use this model"), (404, "base_url goes up to /v1")]
)
def test_a_wrong_key_model_or_address_is_told_with_what_to_do(
    endpoint: Endpoint, connect: Connect, status: int, remedy: str
) -> None:
    endpoint.answer = lambda number, body: (status, {}, {"error": {"message": "no"}})
    with pytest.raises(CurateError, match=f"status {status}: .*{remedy}"):
        connect().complete([Prompt([5], 0)], TWO)
    assert len(endpoint.requests) == 1


# --- one prompt ------------------------------------------------------------------------------------------------------


def only_for(token: int, reply: Callable[[dict[str, Any]], Reply]) -> Callable[[int, dict[str, Any]], Reply]:
    """This reply to the prompt that begins with the token, a proper one to the others."""
    return lambda number, body: reply(body) if body["prompt"][0] == token else (200, {}, Endpoint.choices(body))


def said(message: str, **more: Any) -> Callable[[dict[str, Any]], Reply]:
    return lambda body: (400, {}, {"error": {"message": message, **more}})


@pytest.mark.parametrize(
    ("reply", "finish", "words"),
    [
        (said("this text offends the parser"), "refused", "status 400: .*offends the parser"),
        (lambda body: (422, {}, {"detail": "odd"}), "refused", "status 422: .*odd"),
        (lambda body: (200, {}, {"choices": None}), "refused", "no choices came"),
        (lambda body: (200, {}, {"choices": [{**GOOD, "text": None}]}), "refused", "a choice without a text"),
        (lambda body: (200, {}, {"error": {"message": "odd prompt", "code": 400}}), "refused", "odd prompt"),
        (said("This model's maximum context length is 99 tokens"), "too long", "maximum context length"),
        (said("request (99 tokens) exceeds the available context size (9 tokens)"), "too long", "available context"),
        (said("The input (99 tokens) is longer than the model's context length (9)."), "too long", "longer than"),
        (said("the input length exceeds the context length"), "too long", "exceeds"),
        (said("too long", code="context_length_exceeded"), "too long", "too long"),
    ],
)
def test_what_is_wrong_with_one_prompt_is_said_by_its_completions(
    endpoint: Endpoint, connect: Connect, reply: Callable[[dict[str, Any]], Reply], finish: str, words: str
) -> None:
    endpoint.answer = only_for(9, reply)
    first, bad, last = connect().complete([Prompt([5], 0), Prompt([9], 0), Prompt([6], 0)], TWO)
    assert [sample.text for sample in [*first, *last]] == ["5-0", "5-1", "6-0", "6-1"]
    assert [(sample.text, sample.finish_reason) for sample in bad] == [("", finish)] * 2
    assert re.search(f"POST {endpoint.url}/completions: .*{words}", bad[0].why)


def test_again_is_asked_for_each_prompt_and_may_be_by_several_threads(endpoint: Endpoint, connect: Connect) -> None:
    threads = set()

    def again(number: int, completions: Sequence[Completion]) -> Prompt | None:
        threads.add(threading.get_ident())
        first = int(completions[0].text.split("-")[0])
        return Prompt([first + 10], 0) if number and first < 30 else None

    samples = connect().complete([Prompt([5], 0), Prompt([9], 0), Prompt([16], 0)], TWO, again)
    assert [[sample.text for sample in pair] for pair in samples] == [
        ["5-0", "5-1"],
        ["39-0", "39-1"],
        ["36-0", "36-1"],
    ]
    assert threading.get_ident() not in threads


def test_again_replaces_a_prompt_that_is_refused_where_others_work(endpoint: Endpoint, connect: Connect) -> None:
    asked: list[tuple[int, str]] = []

    def again(number: int, completions: Sequence[Completion]) -> Prompt | None:
        asked.append((number, completions[0].finish_reason))
        return Prompt([7], 0) if completions[0].finish_reason == "refused" else None

    endpoint.answer = only_for(9, said("odd prompt"))
    for _ in range(3):  # whichever reply comes first
        samples = connect().complete([Prompt([9], 0), Prompt([5], 0)], TWO, again)
        assert [pair[0].text for pair in samples] == ["7-0", "5-0"]
    assert sorted(asked) == sorted([(0, "refused"), (0, "stop"), (1, "stop")] * 3)


def test_again_is_not_asked_for_more_where_nothing_works(endpoint: Endpoint, connect: Connect) -> None:
    endpoint.answer = lambda number, body: said("out of order")(body)
    with pytest.raises(CurateError, match="out of order"):
        connect().complete([Prompt([9], 0), Prompt([5], 0)], TWO, lambda number, completions: Prompt([7], 0))
    assert len(endpoint.requests) == 2


def test_the_settings_that_worked_before_are_known_to_work(endpoint: Endpoint, connect: Connect) -> None:
    endpoint.answer = only_for(9, said("odd prompt"))
    model = connect()
    with pytest.raises(CurateError, match="odd prompt"):
        model.complete([Prompt([9], 0)], TWO)
    model.complete([Prompt([5], 0)], TWO)
    ((first, _),) = model.complete([Prompt([9], 0)], TWO)
    assert first.finish_reason == "refused"
    with pytest.raises(CurateError, match="odd prompt"):
        model.complete([Prompt([9], 0)], Sampling((2,), 5, temperature=0.5))


@pytest.mark.parametrize(
    ("message", "finish"),
    [
        ("The response was filtered due to the prompt triggering the content management policy.", "refused"),
        ("Your request was flagged", "refused"),
        ("maximum context length is 99 tokens", "too long"),
    ],
)
def test_a_filter_and_a_full_context_are_never_the_endpoints_fault(
    endpoint: Endpoint, connect: Connect, message: str, finish: str
) -> None:
    endpoint.answer = lambda number, body: said(message)(body)
    ((sample, _),) = connect().complete([Prompt([5], 0)], TWO)
    assert sample.finish_reason == finish
    assert len(endpoint.requests) == 1


def test_a_text_that_a_filter_stopped_is_not_asked_for_again(endpoint: Endpoint, connect: Connect) -> None:
    choices = [GOOD, {"index": 1, "text": "Ba", "finish_reason": "content_filter"}]
    endpoint.answer = lambda number, body: (200, {}, {"choices": choices})
    ((good, stopped),) = connect().complete([Prompt([5], 0)], TWO)
    assert good == Completion("Good.", "stop")
    assert (stopped.text, stopped.finish_reason) == ("", "refused")
    assert "content_filter" in stopped.why
    assert len(endpoint.requests) == 1


# --- texts that did not come -----------------------------------------------------------------------------------------


def test_a_text_that_did_not_come_is_asked_for_again_under_a_seed_of_its_own(
    endpoint: Endpoint, connect: Connect
) -> None:
    endpoint.answer = lambda number, body: (200, {}, endpoint.choices({**body, "n": 1}))
    (samples,) = connect().complete([Prompt([5], 7)], Sampling((2,), 5, n=3))
    assert [sample.text for sample in samples] == ["5-0"] * 3
    assert [body["n"] for body in endpoint.bodies] == [3, 2, 1]
    seeds = [body["seed"] for body in endpoint.bodies]
    assert seeds[0] == 7
    assert len(set(seeds)) == 3


def test_what_never_comes_is_counted(endpoint: Endpoint, connect: Connect) -> None:
    endpoint.answer = lambda number, body: (200, {}, {"choices": [GOOD] if number == 1 else []})
    (samples,) = connect().complete([Prompt([5], 7)], Sampling((2,), 5, n=3))
    assert [sample.finish_reason for sample in samples] == ["stop", "refused", "refused"]
    assert samples[1].why == f"POST {endpoint.url}/completions: 0 of 2 texts came"
    assert len(endpoint.requests) == 4


@pytest.mark.parametrize(
    "words",
    [
        "'n' must be <= 4, got 8",
        "Field 'n': Value must be between 1 <= value <= 4",
        '{"loc": ["n"]}',
        "only n=1 to n=4",
    ],
)
def test_a_server_that_takes_fewer_samples_a_request_is_asked_more_often(
    endpoint: Endpoint, connect: Connect, words: str
) -> None:
    endpoint.answer = lambda number, body: said(words)(body) if body["n"] > 4 else (200, {}, endpoint.choices(body))
    (samples,) = connect().complete([Prompt([5], 7)], Sampling((2,), 5, n=8))
    assert len(samples) == 8
    assert [body["n"] for body in endpoint.bodies] == [8, 4, 4]
    assert len({body["seed"] for body in endpoint.bodies[1:]}) == 2
