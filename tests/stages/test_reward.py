import math

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from curate import choose, load_model, reward
from curate.records.pool import from_rows
from tests.conftest import held_out_comparisons

QUESTION = {"role": "user", "content": "What is a lake?"}
GOOD = "A lake is a large body of water surrounded by land."
CUT = "A lake is a large body of"


def complete(*answers):
    return from_rows([{"id": str(n), "messages": [QUESTION, answer(a)]} for n, a in enumerate(answers)])


def with_candidates(*answers):
    return from_rows([{"id": "a", "messages": [QUESTION], "candidates": [{"content": a} for a in answers]}])


def answer(content):
    return {"role": "assistant", "content": content}


def test_the_right_response_wins_over_the_spoilt_one_in_most_held_out_pairs(reward_model):
    pairs = held_out_comparisons()
    rights = model_scores(reward_model, [pair.right for pair in pairs])
    spoilts = model_scores(reward_model, [pair.spoilt for pair in pairs])
    assert sum(right > spoilt for right, spoilt in zip(rights, spoilts, strict=True)) >= 0.75 * len(pairs)


def model_scores(model, conversations):
    pool = from_rows([{"id": str(n), "messages": messages} for n, messages in enumerate(conversations)])
    return [scores["reward"] for scores in reward(pool, model=model).kept["scores"]]


def test_candidates_score_as_the_same_response_without_candidates(reward_model):
    (row,) = reward(with_candidates(GOOD, CUT), model=reward_model).kept["candidates"][:]
    alone = reward(complete(GOOD, CUT), model=reward_model).kept["scores"][:]
    assert [c["scores"]["reward"] for c in row] == pytest.approx([s["reward"] for s in alone], abs=1e-5)
    assert row[0]["scores"]["reward"] > row[1]["scores"]["reward"]


def test_ids_and_shards_change_nothing(reward_model):
    pool = complete(GOOD, CUT, "Yes.")
    whole = reward(pool, model=reward_model).kept["scores"][:]
    parts = [reward(pool.select([row]), model=reward_model).kept["scores"][0] for row in range(3)]
    assert [s["reward"] for s in whole] == pytest.approx([s["reward"] for s in parts], abs=1e-5)


def test_the_difference_is_to_the_reward_of_the_base_models_own_answer(reward_model, base):
    (record,) = reward(with_candidates(GOOD, CUT), model=reward_model, base=base, max_tokens=24).kept
    own = record["scores"]["base_reward"]
    for candidate in record["candidates"]:
        scores = candidate["scores"]
        assert scores["reward_difference"] == pytest.approx(scores["reward"] - own)
    assert "base_reward" not in record["candidates"][0]["scores"]
    again = reward(complete(GOOD), model=reward_model, base=base, max_tokens=24).kept["scores"][0]
    assert again["base_reward"] == pytest.approx(own, abs=1e-5)
    assert again["reward_difference"] == pytest.approx(again["reward"] - own, abs=1e-5)


def test_choose_gives_the_record_its_candidates_rewards(reward_model, base):
    scored = reward(with_candidates(CUT, GOOD), model=reward_model, base=base, max_tokens=8).kept
    (record,) = choose(scored, by="longest").kept
    assert record["messages"][-1]["content"] == GOOD
    chosen = next(c["scores"] for c in record["candidates"] if c["content"] == GOOD)
    assert {name: record["scores"][name] for name in chosen} == chosen
    assert record["scores"].keys() == {"reward", "reward_difference", "base_reward"}


def test_after_choose_the_response_is_scored_and_not_the_candidates(reward_model):
    chosen = choose(with_candidates(CUT, GOOD), by="longest").kept
    (record,) = reward(chosen, model=reward_model).kept
    assert math.isfinite(record["scores"]["reward"])
    assert "scores" not in record["candidates"][0] or not record["candidates"][0]["scores"]


def test_what_exceeds_the_context_is_dropped_with_the_numbers(reward_model):
    outcome = reward(complete(GOOD, "long " * reward_model.context_length), model=reward_model)
    (gone,) = outcome.dropped.to_list()
    assert gone["reason"] == "too long"
    assert gone["detail"]["tokens"] > gone["detail"]["context_length"] == reward_model.context_length
    assert len(outcome.kept) == 1


def test_a_candidate_that_exceeds_the_context_is_rejected_and_the_record_stays(reward_model):
    (record,) = reward(with_candidates(GOOD, "long " * 2000), model=reward_model).kept
    assert [c["content"] for c in record["candidates"]] == [GOOD]
    assert [c["reason"] for c in record["rejected"]] == ["too long"]


def test_a_question_that_leaves_the_base_model_no_room_is_too_long(reward_model, base):
    pool = from_rows([{"id": "a", "messages": [{"role": "user", "content": "word " * 2000}, answer(GOOD)]}])
    (gone,) = reward(pool, model=reward_model, base=base).dropped
    assert (gone["reason"], gone["detail"]["model"]) == ("too long", "demo-base")


def test_a_model_that_gives_no_number_leaves_the_record_unscored(reward_directory, reward_model, tmp_path):
    broken = AutoModelForSequenceClassification.from_pretrained(reward_directory, dtype=torch.float32)
    with torch.no_grad():
        broken.score.weight.fill_(float("nan"))
    broken.save_pretrained(tmp_path / "broken")
    reward_model.chat.tokenizer.save_pretrained(tmp_path / "broken")
    model = load_model(str(tmp_path / "broken"), backend="reward")
    (gone,) = reward(complete(GOOD), model=model).dropped.to_list()
    assert (gone["reason"], gone["detail"]) == ("unscored", {"reward": "nan", "model": "broken"})
