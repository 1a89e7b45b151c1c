import pytest

from curate import CurateError, extend, load_model
from curate.records.pool import from_rows
from tests.conftest import CHAT


def conversation(name, *contents, system=None):
    turns = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(contents)]
    return {"id": name, "messages": [*([{"role": "system", "content": system}] if system else []), *turns]}


POOL = from_rows(
    [
        conversation("a", "What is a lake?", "A lake is a body of water."),
        conversation("b", "Give me a gift idea.", "A book.", system="You are a helpful assistant."),
        conversation("c", "Hi", "Hello!", "What is 2 + 2?", "4", "Thanks.", "You're welcome!"),
    ]
)
SHORT = {"max_tokens": 96, "response_max_tokens": 160, "response_temperature": 0.7}


@pytest.fixture(scope="module")
def extended(teacher):
    return extend(POOL, model=teacher, turns=3, **SHORT)


def roles(record):
    return "".join(message["role"][0] for message in record["messages"])


def test_every_conversation_gets_its_turns_and_keeps_those_it_had(extended):
    assert [roles(record) for record in extended.kept] == ["uauaua", "suauaua", "uauaua"]
    for before, after in zip(POOL, extended.kept, strict=True):
        assert after["messages"][: len(before["messages"])] == before["messages"]
    assert (extended.stats["turns"], extended.stats["ended early"]) == (4, 0)


def test_the_new_turns_are_whole_texts_without_control_tokens(extended, teacher):
    for record in extended.kept:
        for message in record["messages"]:
            assert message["content"] == message["content"].strip() != ""
            assert not teacher.chat.control_tokens.search(message["content"])


def test_the_mask_covers_every_assistant_turn(extended, teacher):
    for record in extended.kept:
        mask = teacher.chat.tokenize(record["messages"]).assistant_mask
        begins = sum(one > before for before, one in zip([0, *mask], mask, strict=False))
        assert begins == roles(record).count("a") == 3


def test_a_record_becomes_the_same_however_the_pool_is_divided(extended, teacher):
    for row in range(len(POOL)):
        alone = extend(POOL.select([row]), model=teacher, turns=3, **SHORT)
        assert alone.kept.to_list() == [extended.kept[row]]


def test_another_seed_gives_other_turns(extended, teacher):
    other = extend(POOL.select([0]), model=teacher, turns=3, **SHORT, seed=1).kept[0]
    assert other["messages"] != extended.kept[0]["messages"]


def test_a_conversation_that_is_long_enough_stays_as_it_is(teacher):
    outcome = extend(POOL.select([2]), model=teacher, turns=2)
    assert outcome.kept.to_list() == [POOL[2]]
    assert outcome.stats == {"ended early": 0}


@pytest.mark.parametrize(
    ("limits", "fault"),
    [({"max_tokens": 1}, "user turn cut off"), ({**SHORT, "response_max_tokens": 1}, "response cut off")],
)
def test_a_conversation_whose_next_turn_is_cut_off_keeps_its_earlier_turns(teacher, limits, fault):
    outcome = extend(POOL, model=teacher, turns=3, **limits)
    assert outcome.kept.to_list() == POOL.to_list()
    assert outcome.stats[fault] == 2 * 4  # two short conversations, four attempts each
    assert outcome.stats["ended early"] == 2


def test_a_conversation_whose_next_turn_comes_out_empty_keeps_its_earlier_turns(tmp_path):
    """Under a template that writes a whole question by itself, the teacher has nothing to add to it."""
    (tmp_path / "asks.jinja").write_text(
        "{% for m in messages %}<|im_start|>{{ m.role }}\n"
        "{% if m.role == 'user' %}What is the capital of France?{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    model = load_model(str(CHAT), template_file=str(tmp_path / "asks.jinja"))
    outcome = extend(POOL.select([0]), model=model, turns=2, temperature=0)
    assert outcome.kept.to_list() == [POOL[0]]
    assert outcome.stats == {"user turn empty": 4, "ended early": 1}


def test_a_conversation_that_fills_the_context_keeps_its_turns_and_is_not_tried_again(teacher):
    full = from_rows([conversation("a", "lake " * teacher.context_length, "Yes.")])
    outcome = extend(full, model=teacher, turns=2)
    assert outcome.kept.to_list() == full.to_list()
    assert outcome.stats == {"user turn context full": 1, "ended early": 1}


def test_the_number_of_turns_may_vary_between_two_bounds(teacher):
    many = from_rows([conversation(f"r{n}", "Give me a gift idea.", "A book.") for n in range(12)])
    outcome = extend(many, model=teacher, turns=(2, 3), **SHORT)
    assert {roles(record) for record in outcome.kept} == {"uaua", "uauaua"}
    with pytest.raises(CurateError, match="extend: turns: the least must not exceed the most, found 3 and 2"):
        extend(POOL, model=teacher, turns=(3, 2))


def test_candidates_have_to_be_chosen_first(teacher):
    open_ended = {**conversation("a", "What is a lake?"), "candidates": [{"content": "Water."}]}
    with pytest.raises(CurateError, match="extend: needs 'response', .* put one of these stages before it: choose"):
        extend(from_rows([open_ended]), model=teacher)
    with pytest.raises(CurateError, match="extend: record 'd' does not end with an assistant turn; let respond and"):
        extend(from_rows([*POOL.to_list(), conversation("d", "What is a lake?")]), model=teacher)
