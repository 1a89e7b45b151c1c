import math
from typing import get_args

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from curate import fit
from curate.errors import CurateError
from curate.records.pool import from_rows
from curate.stages.fit import Score
from tests.conftest import BASE

QUESTION = {"role": "user", "content": "What is a lake?"}
GOOD = "A lake is a large body of water surrounded by land."
ODD = "Purple seven the of lake lake zebra under."


@pytest.fixture(scope="module")
def base():
    """The shipped base model in float32, for comparisons to 1e-5."""
    from curate import load_model

    model = load_model(str(BASE), dtype="float32")
    yield model
    model.close()


def complete(*answers):
    return from_rows(
        [{"id": a[:8], "messages": [QUESTION, {"role": "assistant", "content": a}]} for a in answers],
    )


def with_candidates(*answers):
    return from_rows([{"id": "a", "messages": [QUESTION], "candidates": [{"content": a} for a in answers]}])


def by_hand(prompt, response):
    """Mean log-probability of `response` after `prompt` (token ids), from all logits of the plain model."""
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
    logits = model(torch.tensor([prompt + response])).logits[0, len(prompt) - 1 : -1]
    return torch.log_softmax(logits, -1)[range(len(response)), response].mean().item()


def by_mask(tokens, mask):
    """Log-probabilities of the tokens at which the mask is 1."""
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
    with torch.inference_mode():
        logprobs = torch.log_softmax(model(torch.tensor([tokens])).logits[0, :-1], -1)
    chosen = logprobs.gather(1, torch.tensor(tokens[1:])[:, None])[:, 0]
    return chosen[torch.tensor(mask[1:], dtype=torch.bool)].numpy()


def test_the_score_is_the_mean_log_probability_of_the_masked_tokens(base):
    (record,) = fit(complete(GOOD), model=base).kept.to_list()
    tokens = base.chat.tokenize(record["messages"])
    begin = tokens.assistant_mask.index(1)
    end = begin + sum(tokens.assistant_mask)
    scores = record["scores"]
    assert scores["tokens"] == end - begin
    assert scores["logprob"] == pytest.approx(by_hand(tokens.input_ids[:begin], tokens.input_ids[begin:end]), abs=1e-5)
    assert scores["perplexity"] == pytest.approx(math.exp(-scores["logprob"]))


def test_the_papers_plain_text_scores_the_response_after_answer(base):
    (record,) = fit(complete(GOOD), model=base, template="question-answer").kept.to_list()
    prompt, response = (base.chat.encode(t) for t in (f"Question: {QUESTION['content']}\n Answer:", f" {GOOD}"))
    assert record["scores"]["logprob"] == pytest.approx(by_hand(prompt, response), abs=1e-5)


def test_the_likelier_candidate_scores_higher(base):
    (row,) = fit(with_candidates(GOOD, ODD), model=base).kept["candidates"][:]
    assert row[0]["scores"]["logprob"] > row[1]["scores"]["logprob"]


def test_candidates_score_as_the_same_response_without_candidates(base):
    (row,) = fit(with_candidates(GOOD, ODD), model=base).kept["candidates"][:]
    alone = fit(complete(GOOD, ODD), model=base).kept["scores"][:]
    assert [c["scores"]["logprob"] for c in row] == pytest.approx([s["logprob"] for s in alone], abs=1e-5)


def test_what_exceeds_the_context_is_dropped_with_the_numbers(base):
    outcome = fit(complete(GOOD, "long " * base.context_length), model=base)
    (gone,) = outcome.dropped.to_list()
    assert gone["reason"] == "too long"
    assert gone["detail"]["tokens"] > gone["detail"]["context_length"] == base.context_length
    assert len(outcome.kept) == 1


def test_a_candidate_that_exceeds_the_context_is_rejected_and_the_record_stays(base):
    (record,) = fit(with_candidates(GOOD, "long " * base.context_length), model=base).kept.to_list()
    assert [c["content"] for c in record["candidates"]] == [GOOD]
    assert [c["reason"] for c in record["rejected"]] == ["too long"]


def test_a_model_that_gives_no_number_leaves_the_record_unscored(base, tmp_path):
    """A base model with a broken weight, as a damaged checkpoint has."""
    from curate import load_model

    broken = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
    with torch.no_grad():
        broken.model.norm.weight.fill_(float("nan"))
    broken.save_pretrained(tmp_path / "broken")
    base.chat.tokenizer.save_pretrained(tmp_path / "broken")
    model = load_model(str(tmp_path / "broken"), dtype="float32")
    (gone,) = fit(complete(GOOD), model=model).dropped.to_list()
    assert (gone["reason"], gone["detail"]) == (
        "unscored",
        {"logprob": "nan", "perplexity": "nan", "rsr": "nan", "model": "broken"},
    )


def test_several_turns_score_all_that_the_trainer_masks(base):
    turns = [QUESTION, {"role": "assistant", "content": GOOD}, QUESTION, {"role": "assistant", "content": ODD}]
    (record,) = fit(from_rows([{"id": "a", "messages": turns}]), model=base).kept.to_list()
    tokens = base.chat.tokenize(turns)
    expected = by_mask(tokens.input_ids, tokens.assistant_mask)
    assert record["scores"]["tokens"] == len(expected) == sum(tokens.assistant_mask)
    assert record["scores"]["logprob"] == pytest.approx(np.mean(expected), abs=1e-5)


def test_a_candidate_of_a_later_turn_is_scored_by_its_own_turn(base):
    turns = [QUESTION, {"role": "assistant", "content": GOOD}, QUESTION]
    pool = from_rows([{"id": "a", "messages": turns, "candidates": [{"content": ODD}]}])
    ((candidate,),) = fit(pool, model=base).kept["candidates"][:]
    tokens = base.chat.tokenize([*turns, {"role": "assistant", "content": ODD}])
    expected = by_mask(tokens.input_ids, tokens.assistant_mask)[-int(candidate["scores"]["tokens"]) :]
    assert candidate["scores"]["tokens"] < sum(tokens.assistant_mask)
    assert candidate["scores"]["logprob"] == pytest.approx(np.mean(expected), abs=1e-5)


def test_ifd_compares_with_the_response_to_an_empty_instruction(base):
    (record,) = fit(complete(GOOD), model=base, scores=["logprob", "ifd", "ifd_ppl"]).kept.to_list()
    tokens = base.chat.tokenize([{"role": "user", "content": ""}, {"role": "assistant", "content": GOOD}])
    alone = np.mean(by_mask(tokens.input_ids, tokens.assistant_mask))
    scores = record["scores"]
    assert scores.keys() == {"logprob", "ifd", "ifd_ppl"}
    assert scores["ifd"] == pytest.approx(scores["logprob"] / alone, rel=1e-4)
    assert scores["ifd_ppl"] == pytest.approx(math.exp(alone - scores["logprob"]), rel=1e-4)


def test_end_logprob_is_that_of_the_token_that_ends_the_turn(base):
    (record,) = fit(complete(GOOD), model=base, scores=["end_logprob"]).kept.to_list()
    tokens = base.chat.tokenize(record["messages"])
    scored = [token for token, bit in zip(tokens.input_ids, tokens.assistant_mask, strict=True) if bit]
    (place,) = (n for n, token in enumerate(scored) if token in base.chat.assistant_stop_token_ids)
    expected = by_mask(tokens.input_ids, tokens.assistant_mask)[place]
    assert record["scores"]["end_logprob"] == pytest.approx(expected, abs=1e-4)


def test_the_plain_text_of_question_and_answer_has_no_end_of_turn(base):
    with pytest.raises(CurateError, match="scores: end_logprob is of the token that ends a turn"):
        fit(complete(GOOD), model=base, template="question-answer", scores=["end_logprob"])


def test_rsr_is_low_for_what_surprises_and_still_ranks_high(base):
    (record,) = fit(complete(GOOD), model=base).kept.to_list()
    tokens = base.chat.tokenize(record["messages"])
    (found,) = base.score([tokens.input_ids], [tokens.assistant_mask])
    expected = np.minimum(found.ranks, 100).sum() / -found.logprobs.sum()
    assert record["scores"]["rsr"] == pytest.approx(expected, rel=1e-5)


def test_an_empty_response_is_scored_by_its_end_and_in_plain_text_not_at_all(base):
    (record,) = fit(complete(""), model=base).kept.to_list()
    assert record["scores"]["tokens"] >= 1
    (gone,) = fit(complete(""), model=base, template="question-answer").dropped.to_list()
    assert gone["reason"] == "nothing to score"


def test_a_response_of_one_token_is_scored(base):
    scores = [score for score in get_args(Score) if score != "end_logprob"]
    (record,) = fit(complete("A"), model=base, template="question-answer", scores=scores).kept.to_list()
    assert record["scores"]["tokens"] == 1
    assert all(math.isfinite(value) for value in record["scores"].values())


def test_plain_text_takes_one_question(base):
    system = {"role": "system", "content": "Be brief."}
    pool = from_rows([{"id": "a", "messages": [system, QUESTION, {"role": "assistant", "content": GOOD}]}])
    (gone,) = fit(pool, model=base, template="question-answer").dropped.to_list()
    expected = ("not one question", {"roles": ["system", "user", "assistant"]})
    assert (gone["reason"], gone["detail"]) == expected


def test_what_the_template_refuses_is_dropped(base, tmp_path):
    from curate import load_model

    template = "{% if messages|length > 2 %}{{ raise_exception('two turns at most') }}{% endif %}"
    template += "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    template += "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    (tmp_path / "template.jinja").write_text(template)
    model = load_model(str(BASE), dtype="float32", template_file=str(tmp_path / "template.jinja"))
    turns = [QUESTION, {"role": "assistant", "content": GOOD}, QUESTION, {"role": "assistant", "content": ODD}]
    rows = [{"id": "a", "messages": turns}, {"id": "b", "messages": turns[:2]}]
    outcome = fit(from_rows(rows), model=model)
    (gone,) = outcome.dropped.to_list()
    assert (gone["id"], gone["reason"]) == ("a", "does not render")
    assert "two turns at most" in gone["detail"]["error"]
    assert outcome.kept["id"][:] == ["b"]


@pytest.mark.parametrize("shard", [1, 2, 3])
def test_scores_do_not_depend_on_the_shards(base, shard):
    pool = from_rows(
        [
            {"id": name, "messages": [QUESTION], "candidates": [{"content": answer} for answer in answers]}
            for name, answers in zip("abcd", ([GOOD, ODD], [ODD], [GOOD[:20], ODD, GOOD], ["A lake."]), strict=True)
        ]
    )
    whole = {row["id"]: row["candidates"] for row in fit(pool, model=base).kept.to_list()}
    for begin in range(0, 4, shard):
        part = pool.select(range(begin, min(begin + shard, 4)))
        for row in fit(part, model=base).kept.to_list():
            for found, expected in zip(row["candidates"], whole[row["id"]], strict=True):
                assert found["scores"] == pytest.approx(expected["scores"], rel=1e-5)
