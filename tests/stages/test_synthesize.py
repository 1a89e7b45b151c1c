import pytest

from curate import CurateError, synthesize


def instructions(outcome):
    return [messages[0]["content"] for messages in outcome.kept["messages"]]


def test_exactly_count_instructions_come_out_each_a_single_user_turn(teacher):
    outcome = synthesize(model=teacher, count=12, max_tokens=128)
    assert len(outcome.kept) == len(set(outcome.kept["id"])) == 12
    assert all([m["role"] for m in messages] == ["user"] for messages in outcome.kept["messages"])
    assert all(text == text.strip() != "" for text in instructions(outcome))
    assert outcome.stats["instructions"] == 12
    assert outcome.kept[0]["source"] == {"generator": "demo-chat", "temperature": 1.0, "top_p": 1.0}


def test_no_control_token_is_left_in_an_instruction(teacher):
    special = teacher.chat.tokenizer.all_special_tokens
    assert not [text for text in instructions(synthesize(model=teacher, count=12)) for s in special if s in text]


def test_slices_make_what_one_call_makes(teacher):
    whole = synthesize(model=teacher, count=10, seed=3)
    parts = [synthesize(model=teacher, count=5, start=start, seed=3) for start in (0, 5)]
    assert whole.kept.to_list() == parts[0].kept.to_list() + parts[1].kept.to_list()


def test_another_seed_gives_other_instructions(teacher):
    one, other = (instructions(synthesize(model=teacher, count=8, seed=seed)) for seed in (1, 2))
    assert set(one).isdisjoint(other)


def test_what_is_cut_off_is_made_again_and_counted(teacher):
    outcome = synthesize(model=teacher, count=12, max_tokens=24, temperature=1.0)
    assert len(outcome.kept) == 12
    assert outcome.stats["cut off"] > 0
    assert all(len(teacher.chat.encode(text)) <= 24 for text in instructions(outcome))


def test_a_teacher_that_never_finishes_stalls_with_the_counts(teacher):
    with pytest.raises(CurateError, match=r"demo-chat stalled: 3 of 3 .* 20 attempts each \(60 cut off, at 1 tokens"):
        synthesize(model=teacher, count=3, max_tokens=1)
