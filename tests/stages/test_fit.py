import math

import pytest
import torch
from transformers import AutoModelForCausalLM

from curate import fit
from curate.records import from_rows
from tests.conftest import BASE

QUESTION = {"role": "user", "content": "What is a lake?"}
GOOD = "A lake is a large body of water surrounded by land."
ODD = "Purple seven the of lake lake zebra under."


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
    model = load_model(str(tmp_path / "broken"))
    (gone,) = fit(complete(GOOD), model=model).dropped.to_list()
    assert (gone["reason"], gone["detail"]) == ("unscored", {"logprob": "nan", "model": "broken"})
