from itertools import chain

import pytest

from curate import load_model, respond, screen
from curate.records.pool import from_rows
from tests.conftest import CHAT

POOL = from_rows(
    [
        {"id": "a", "messages": [{"role": "user", "content": "What is a lake?"}]},
        {"id": "b", "messages": [{"role": "user", "content": "Give me three gift ideas for a friend."}]},
    ]
)


def test_each_model_writes_its_candidates_and_signs_them(teacher):
    outcome = respond(POOL, models=[teacher], candidates=3, max_tokens=64)
    assert [len(row) for row in outcome.kept["candidates"]] == [3, 3]
    for row in outcome.kept["candidates"]:
        assert {candidate["generator"] for candidate in row} == {"demo-chat"}
        assert {candidate["finish_reason"] for candidate in row} <= {"stop", "length"}
    assert outcome.stats == {"responses": 6}


def test_a_cut_off_response_says_so(teacher):
    outcome = respond(POOL, models=[teacher], candidates=1, max_tokens=2)
    assert [row[0]["finish_reason"] for row in outcome.kept["candidates"]] == ["length", "length"]


def test_a_record_gets_the_same_candidates_however_the_pool_is_divided(teacher):
    whole = respond(POOL, models=[teacher], candidates=2, max_tokens=48, seed=5).kept["candidates"][:]
    alone = respond(POOL.select([1]), models=[teacher], candidates=2, max_tokens=48, seed=5).kept["candidates"][:]
    assert whole[1:] == alone


def test_a_response_that_is_there_becomes_a_candidate(teacher):
    messages = [{"role": "user", "content": "What is a lake?"}, {"role": "assistant", "content": "Water."}]
    (record,) = respond(from_rows([{"id": "a", "messages": messages}]), models=[teacher], candidates=1).kept.to_list()
    assert [message["role"] for message in record["messages"]] == ["user"]
    first = record["candidates"][0]
    assert (first["generator"], first["content"]) == ("source", "Water.")


def test_a_prompt_that_leaves_no_room_is_dropped_with_the_numbers(teacher):
    long = {"id": "c", "messages": [{"role": "user", "content": "lake " * teacher.context_length}]}
    outcome = respond(from_rows([*POOL.to_list(), long]), models=[teacher], candidates=1, max_tokens=4)
    (gone,) = outcome.dropped.to_list()
    assert (gone["id"], gone["reason"]) == ("c", "too long")
    assert gone["detail"]["tokens"] >= gone["detail"]["context_length"] == teacher.context_length
    assert outcome.kept["id"][:] == ["a", "b"]


def test_a_second_model_adds_to_the_first(teacher, base):
    outcome = respond(POOL, models=[teacher, base], candidates=1, max_tokens=4)
    assert [[c["generator"] for c in row] for row in outcome.kept["candidates"]] == [["demo-chat", "demo-base"]] * 2


def test_other_candidates_are_sampled_apart(teacher):
    (row,) = respond(POOL.select([1]), models=[teacher], candidates=4, temperature=1.0).kept["candidates"][:]
    assert len({candidate["content"] for candidate in row}) > 1


@pytest.mark.parametrize("key", ["candidates", "max_tokens"])
def test_bounds(teacher, key):
    with pytest.raises(Exception, match=f"respond: {key}: input should be greater than 0, found 0"):
        respond(POOL, models=[teacher], **{key: 0})


def test_what_is_no_model_is_named_by_its_place():
    with pytest.raises(Exception, match=r"respond: models.0: input should be an instance of LanguageModel, found 5"):
        respond(POOL, models=[5])


def thinking(tmp_path, opening, end):
    """The demo teacher under a template with a place for reasoning, which it was not trained on."""
    source = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n"
        f"{{% if m.reasoning_content %}}{opening}{{{{ m.reasoning_content }}}}{end}{{% endif %}}"
        "{{ m.content }}<|im_end|>\n{% endfor %}"
        f"{{% if add_generation_prompt %}}<|im_start|>assistant\n{opening}{{% endif %}}"
    )
    (tmp_path / "thinking.jinja").write_text(source)
    return load_model(str(CHAT), template_file=str(tmp_path / "thinking.jinja"))


def test_reasoning_is_kept_apart_from_the_answer(teacher, tmp_path):
    """Under a template that ends the reasoning with the letter e, what stands before the first e is reasoning."""
    plain = respond(POOL, models=[teacher], candidates=2, max_tokens=64).kept["candidates"][:]
    parted = respond(POOL, models=[thinking(tmp_path, "", "e")], candidates=2, max_tokens=64).kept["candidates"][:]
    for before, after in zip(chain(*plain), chain(*parted), strict=True):
        reasoning, mark, content = before["content"].partition("e")
        assert mark
        assert (after["reasoning_content"], after["content"]) == (reasoning.strip(), content.strip())


def test_an_answer_that_never_leaves_the_reasoning_is_rejected_as_such(tmp_path):
    outcome = respond(POOL, models=[thinking(tmp_path, "<think>\n", "\n</think>\n")], candidates=1, max_tokens=32)
    for (candidate,) in outcome.kept["candidates"]:
        assert candidate["content"] == ""
        assert candidate["reasoning_content"]
    assert screen(outcome.kept).dropped["reason"][:] == ["unfinished reasoning"] * 2
