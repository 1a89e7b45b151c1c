"""What models are asked is counted, whatever the backend, and turned into money."""

import pytest

from curate import load_model
from curate.errors import CurateError
from curate.models.protocols import Conversation, Prompt, Sampling
from curate.models.spec import parse_spec
from curate.models.usage import Budget, BudgetSpentError, Meter, Usage, usage_in
from tests.conftest import CHAT, MINILM
from tests.models.endpoints import Endpoint

PRICES = {"prompt": 1.0, "completion": 4.0, "cached": 0.1}


@pytest.mark.parametrize(
    ("usage", "prices", "cost"),
    [
        (Usage(3, 1_000_000, 0, 500_000), {"prompt": 0.1, "completion": 0.4}, 0.3),
        (Usage(3, 1_000_000, 400_000, 0), PRICES, 0.64),
        (Usage(3, 1_000_000, 400_000, 0), {"prompt": 1.0}, 1.0),
        (Usage(3, 1_000_000, 0, 1_000_000), {"prompt": 1.0}, 1.0),
        (Usage(3, 1_000_000), None, None),
    ],
)
def test_prices_are_for_a_million_tokens(usage, prices, cost):
    assert usage.cost(prices) == (None if cost is None else pytest.approx(cost))


@pytest.mark.parametrize(
    ("reply", "usage"),
    [
        ({"usage": {"prompt_tokens": 7, "completion_tokens": 3}}, Usage(1, 7, 0, 3)),
        (
            {"usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}},
            Usage(1, 7, 4, 3),
        ),
        ({"usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_cache_hit_tokens": 9}}, Usage(1, 7, 7, 3)),
        ({"usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": None}}, Usage(1, 7, 0, 3)),
        ({"usage": {"prompt_tokens": "7", "completion_tokens": 3}}, None),
        ({"usage": {"prompt_tokens": 7}}, None),
        ({"usage": None}, None),
        ({}, None),
        ([], None),
    ],
)
def test_what_an_endpoint_says_of_its_tokens_is_read_as_it_says_it(reply, usage):
    assert usage_in(reply) == usage


def test_a_model_in_this_process_counts_the_tokens_it_read_and_wrote(teacher):
    before = teacher.meter.usage
    ids = teacher.chat.encode(teacher.chat.pre_query_prefix())
    stop = tuple(teacher.chat.user_stop_token_ids)
    ((first, second),) = teacher.complete([Prompt(ids, 1)], Sampling(stop, 16, n=2))
    written = sum(len(teacher.chat.encode(text.text)) + (text.finish_reason == "stop") for text in (first, second))
    teacher.score([ids], [[0] * (len(ids) - 1) + [1]])
    assert teacher.meter.usage - before == Usage(2, 2 * len(ids), 0, written)


def test_an_embedder_counts_the_tokens_it_read():
    model = load_model(MINILM, backend="sentence-transformers", prices={"prompt": 2.0})
    model.embed(["one two three", "four"])
    assert model.meter.usage == Usage(2, 5 + 3)  # with the two special tokens of each text
    assert model.meter.cost == pytest.approx(16e-6)
    model.close()


def test_a_server_that_counts_is_believed_and_one_that_does_not_is_counted_here(endpoint, connect):
    model = connect()
    endpoint.answer = lambda number, body: (200, {}, Endpoint.choices(body))  # without completion_tokens
    ((text,),) = model.complete([Prompt([5, 6], 1)], Sampling((), 8))
    assert model.meter.usage == Usage(1, 2, 0, len(model.chat.encode(text.text)))
    counted = {"prompt_tokens": 2, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 1}}
    endpoint.answer = lambda number, body: (200, {}, {**Endpoint.choices(body), "usage": counted})
    before = model.meter.usage
    model.complete([Prompt([5, 6], 1)], Sampling((), 8))
    assert model.meter.usage - before == Usage(1, 2, 1, 5)


def test_a_chat_endpoint_that_does_not_count_is_said_to_and_allows_no_budget(endpoint):
    model = load_model("tiny", backend="chat", base_url=endpoint.url)
    endpoint.answer = lambda number, body: (200, {}, Endpoint.answers(body))
    asked = [Conversation([{"role": "user", "content": "Hi"}], 1)]
    model.answer(asked, Sampling((), 8))
    assert model.meter.usage == Usage(requests=1, uncounted=1)
    model.meter = Meter({"prompt": 1.0}, Budget({"money": 1.0}))
    with pytest.raises(CurateError, match="does not say how many tokens"):
        model.answer(asked, Sampling((), 8))
    model.close()


def test_a_strict_budget_refuses_what_exceeds_it_and_a_free_model_takes_no_money():
    budget = Budget({"money": 1.0})
    paid, free = Meter({"prompt": 1.0}, budget), Meter(None, budget)
    free.count(Usage(1, 5_000_000))
    paid.count(Usage(1, 900_000))
    assert budget.share == pytest.approx(0.9)
    with pytest.raises(BudgetSpentError, match=r"1\.1 of 1 \(money\)"):
        paid.count(Usage(1, 200_000))
    assert paid.usage.prompt_tokens == 1_100_000


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ({"completion": 1.0}, "prompt"),
        ({"prompt": -1.0}, "greater than or equal to 0"),
        ({"prompt": 1.0, "request": 2.0}, "'request'"),
        (3, "dictionary"),
    ],
)
def test_bad_prices_are_named(prices, message):
    with pytest.raises(CurateError, match=rf"models\.teacher: (?=.*prices).*{message}"):
        parse_spec("models.teacher", {"model": str(CHAT), "prices": prices})


def test_prices_change_no_fingerprint():
    plain, priced = (parse_spec("m", {"model": str(CHAT), **extra}) for extra in ({}, {"prices": PRICES}))
    assert plain.fingerprint() == priced.fingerprint()
    assert priced.to_dict()["prices"] == PRICES
