from typing import Annotated

import pytest
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from curate import CurateError
from curate.declaration import stage
from curate.models.protocols import LanguageModel
from curate.outcome import Drop, Outcome, partition, sift
from curate.records.pool import from_rows, set_candidates
from curate.registry import get_stage, stage_names


def pool(*texts):
    return from_rows([{"id": t, "messages": [{"role": "user", "content": t}]} for t in texts])


@stage(sees="each", needs=("messages",), reasons={"short": "fewer characters than `least`"})
def shorten(
    records: Dataset,
    *,
    least: Annotated[int, Field(ge=1, description="characters")] = 3,
    judge: LanguageModel | None = None,
    others: list[LanguageModel] = [],  # noqa: B006
) -> Outcome:
    """Drops short instructions."""
    lengths = [len(messages[0]["content"]) for messages in records["messages"]]
    return partition(records, [Drop("short", {"characters": n}) if n < least else None for n in lengths])


@stage(sees="each", needs=("messages",), reasons={})
def forget(records: Dataset) -> Outcome:
    """Loses its first record."""
    return partition(records.select(range(1, len(records))), [None] * (len(records) - 1))


@stage(sees="each", needs=("embedding",), reasons={})
def demand(records: Dataset) -> Outcome:
    """Needs an embedding and drops for a reason that it does not declare."""
    return partition(records, [Drop("whim")] * len(records))


def test_a_dropped_record_says_reason_and_detail():
    outcome = shorten(pool("yes", "no"))
    assert outcome.kept["id"][:] == ["yes"]
    (gone,) = outcome.dropped.to_list()
    assert (gone["id"], gone["reason"], gone["detail"]) == ("no", "short", {"characters": 2})


@given(st.lists(st.text(max_size=5).filter(str.isprintable), min_size=1, max_size=8, unique=True))
def test_records_are_conserved_in_order(texts):
    outcome = shorten(pool(*texts))
    assert outcome.kept["id"][:] == [text for text in texts if len(text) >= 3]
    assert outcome.dropped["id"][:] == [text for text in texts if len(text) < 3]


def test_a_stage_that_loses_a_record_is_a_bug():
    with pytest.raises(RuntimeError, match="forget lost records: 2 came in, 1 kept and 0 dropped"):
        forget(pool("a", "b"))


def test_an_undeclared_reason_is_a_bug():
    records = from_rows([{"id": "a", "messages": [], "embedding": [1.0]}])
    with pytest.raises(RuntimeError, match="does not declare: \\['whim'\\]"):
        demand(records)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"leest": 1}, "shorten: unknown key 'leest'; did you mean 'least'?"),
        ({"least": 0}, "shorten: least: input should be greater than or equal to 1, found 0"),
        ({"least": "many"}, "shorten: least: input should be a valid integer, .* found 'many'"),
        ({"judge": 5}, "shorten: judge: input should be an instance of LanguageModel, found 5"),
        ({"judge": "gpt"}, "shorten: judge: there is no directory .*/gpt, and 'gpt' is not of the form owner/name"),
    ],
)
def test_a_wrong_parameter_names_stage_key_and_value(parameters, message):
    with pytest.raises(CurateError, match=message):
        shorten(pool("a"), **parameters)


def test_no_records_is_an_error():
    with pytest.raises(CurateError, match="shorten: no records came in"):
        shorten(from_rows([]))


def test_a_missing_column_names_the_stages_that_make_it():
    with pytest.raises(CurateError, match="demand: needs 'embedding', .* put one of these stages before it: embed"):
        demand(pool("a"))


def test_models_are_names_in_yaml():
    config = shorten.validate({"judge": "qwen", "others": ["a", "b"]}, "here")
    assert config == {"least": 3, "judge": "qwen", "others": ["a", "b"]}
    assert shorten.roles == {"judge": "language", "others": "language"}
    with pytest.raises(CurateError, match="here: judge"):
        shorten.validate({"judge": 5}, "here")


def test_candidates_that_fail_move_to_rejected_and_a_record_without_any_is_dropped():
    records = set_candidates(pool("a", "b"), [[{"content": "good"}, {"content": "bad"}], [{"content": "bad"}]])
    bad = Drop("unfit", {"score": 0})
    outcome = sift(records, [[None, bad], [bad]])
    (kept,) = outcome.kept.to_list()
    assert [c["content"] for c in kept["candidates"]] == ["good"]
    assert [(c["content"], c["reason"], c["detail"]) for c in kept["rejected"]] == [("bad", "unfit", {"score": 0})]
    (gone,) = outcome.dropped.to_list()
    assert (gone["id"], gone["reason"]) == ("b", "unfit")
    assert outcome.stats == {"candidates unfit": 2}


def test_counters_of_shards_add():
    assert get_stage("screen").merge_stats([{"a": 1, "b": 2}, {"a": 3}]) == {"a": 4, "b": 2}


def test_a_summary_of_the_counters_is_made_anew_of_all_of_them():
    @stage(sees="each", summary=lambda counters: {"kinds": len([name for name in counters if name != "kinds"])})
    def counted(records):
        return partition(records, [None] * len(records), {f"kind {n}": 1 for n in records["id"]})

    shards = [counted(pool(*names)).stats for names in ("ab", "bc")]
    assert shards == [{"kinds": 2, "kind a": 1, "kind b": 1}, {"kinds": 2, "kind b": 1, "kind c": 1}]
    assert counted.merge_stats(shards) == {"kinds": 3, "kind a": 1, "kind b": 2, "kind c": 1}


@pytest.mark.parametrize("name", stage_names())
def test_every_stage_documents_itself_its_parameters_and_its_reasons(name):
    found = get_stage(name)
    assert found.__doc__
    described = found.config.model_json_schema().get("properties", {})
    assert [key for key, entry in described.items() if not entry.get("description")] == []
    assert all(found.reasons.values())


def test_an_unknown_stage_gets_the_nearest_name():
    with pytest.raises(CurateError, match="there is no stage 'dedupliate'; did you mean 'deduplicate'\\?"):
        get_stage("dedupliate")
