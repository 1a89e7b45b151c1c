"""`label`: what is asked about which record, what cannot be judged, and a real judge that records try to steer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from curate import choose, gate, label
from curate.models.protocols import Completion, LanguageModel, Prompt, Sampling
from curate.records.labels import LEVELS, VALUES
from curate.records.pool import from_rows
from pairs.judging import MEASURED_ATTACKS, Labelled, attacked, labelled

QUESTION = [{"role": "user", "content": "What is a lake?"}]
ANSWER = {"role": "assistant", "content": "A lake is a large body of water."}
PLAIN = {"id": "plain", "messages": QUESTION}
ANSWERED = {"id": "answered", "messages": [*QUESTION, ANSWER]}
TWO_TURNS = {"id": "two", "messages": [*QUESTION, ANSWER, {"role": "user", "content": "Name two."}, ANSWER]}
OPEN = {"id": "open", "messages": QUESTION, "candidates": [{"content": "Water."}, {"content": "A fish."}]}


class Watched:
    """A real model whose prompts and samplings are kept; its first `cut` answers of the `calls` first calls are cut."""

    def __init__(self, model: LanguageModel, cut: int = 0, calls: int = 1) -> None:
        self.name, self.chat, self.context_length = model.name, model.chat, model.context_length
        self.shares_batches = model.shares_batches
        self.model, self.cut, self.calls = model, cut, calls
        self.asked: list[tuple[list[Prompt], Sampling]] = []

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Completion]]:
        self.asked.append((list(prompts), sampling))
        found = self.model.complete(prompts, sampling)
        if len(self.asked) <= self.calls:
            found[: self.cut] = [[Completion(sample.text[:9], "length")] for (sample,) in found[: self.cut]]
        return found

    def score(self, prompts: Any, responses: Any) -> Any:
        return self.model.score(prompts, responses)

    def close(self) -> None:
        self.model.close()

    def texts(self) -> list[str]:
        """The prompts that were asked, as text."""
        return [self.chat.tokenizer.decode(p.token_ids) for prompts, _ in self.asked for p in prompts]


def test_a_conversation_gets_three_labels_and_two_scores(teacher: LanguageModel) -> None:
    judge = Watched(teacher)
    outcome = label(from_rows([PLAIN, ANSWERED, TWO_TURNS]), model=judge)
    assert len(outcome.kept) == 3
    for row in outcome.kept:
        for name, values in VALUES.items():
            assert row["labels"][name] in values
        for name, levels in LEVELS.items():
            assert row["scores"][name] == levels.index(row["labels"][name]) + 1
    plain, answered, two = judge.texts()
    assert "instruction is: very poor" in plain
    assert "answer is for what was asked: very poor" in answered
    assert [line for line in two.split("\n") if line.startswith("{")] == [
        '{"user": "What is a lake?"}',
        '{"assistant": "A lake is a large body of water."}',
        '{"user": "Name two."}',
        '{"assistant": "A lake is a large body of water."}',
    ]


def test_with_candidates_the_task_is_judged_once_and_each_candidate_for_its_quality(teacher: LanguageModel) -> None:
    judge = Watched(teacher)
    (row,) = label(from_rows([OPEN]), model=judge).kept
    assert set(row["labels"]) == set(VALUES)
    assert row["labels"]["category"]
    assert row["labels"]["difficulty"]
    assert row["labels"]["quality"] is None
    assert row["scores"]["quality"] is None
    assert [candidate["scores"]["quality"] in (1, 2, 3, 4, 5) for candidate in row["candidates"]] == [True, True]
    assert [sampling.json_schema["required"] for _, sampling in judge.asked] == [
        ["category", "difficulty"],
        ["quality"],
    ]
    assert ['"A fish."' in text for text in judge.texts()] == [False, False, True]


def test_the_quality_of_the_chosen_candidate_becomes_the_records_and_passes_the_gate(teacher: LanguageModel) -> None:
    labelled = label(from_rows([OPEN]), model=teacher).kept
    qualities = {c["content"]: c["scores"]["quality"] for c in labelled[0]["candidates"]}
    chosen = choose(labelled, by="longest").kept
    assert chosen[0]["scores"]["quality"] == qualities["A fish."]
    assert len(gate(chosen, quality="very poor").kept) == 1


def test_a_record_that_has_a_response_beside_its_candidates_is_judged_as_it_is(teacher: LanguageModel) -> None:
    judge = Watched(teacher)
    (row,) = label(from_rows([{**OPEN, "messages": ANSWERED["messages"]}]), model=judge).kept
    assert len(judge.texts()) == 1
    assert row["labels"]["quality"]
    assert len(row["candidates"]) == 2


def test_earlier_labels_and_scores_stay(teacher: LanguageModel) -> None:
    (row,) = label(from_rows([{**PLAIN, "labels": {"language": "en"}, "scores": {"reward": 1.5}}]), model=teacher).kept
    assert row["labels"]["language"] == "en"
    assert row["scores"]["reward"] == 1.5


def test_the_first_attempt_is_greedy_and_only_what_failed_is_asked_again(teacher: LanguageModel) -> None:
    judge = Watched(teacher, cut=1)
    outcome = label(from_rows([PLAIN, {**PLAIN, "id": "other"}]), model=judge)
    assert len(outcome.kept) == 2
    (first, greedy), (again, sampled) = judge.asked
    assert [greedy.temperature, sampled.temperature] == [0.0, 0.7]
    assert [len(first), len(again)] == [2, 1]
    assert again[0].token_ids == first[0].token_ids
    assert again[0].seed != first[0].seed


def test_what_cannot_be_judged_is_dropped_with_the_last_answer(teacher: LanguageModel) -> None:
    judge = Watched(teacher, cut=1, calls=3)
    outcome = label(from_rows([PLAIN, {**PLAIN, "id": "other"}]), model=judge)
    assert outcome.kept["id"][:] == ["other"]
    (gone,) = outcome.dropped
    assert (gone["id"], gone["reason"]) == ("plain", "unjudged")
    assert gone["detail"] == {"attempts": 3, "wrong": "it is not JSON", "answer": '{"categor', "model": "demo-chat"}
    assert [len(prompts) for prompts, _ in judge.asked] == [2, 1, 1]
    assert len({prompts[0].seed for prompts, _ in judge.asked}) == 3


def test_a_candidate_that_cannot_be_judged_is_rejected(teacher: LanguageModel) -> None:
    class OnlyCandidates(Watched):
        """Cuts what it says of the first candidate, and nothing else."""

        def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Completion]]:
            self.cut = int("category" not in sampling.json_schema["properties"])
            return super().complete(prompts, sampling)

    (row,) = label(from_rows([OPEN]), model=OnlyCandidates(teacher, calls=9)).kept
    assert [candidate["content"] for candidate in row["candidates"]] == ["A fish."]
    ((rejected,),) = [row["rejected"]]
    assert (rejected["content"], rejected["reason"], rejected["detail"]["attempts"]) == ("Water.", "unjudged", 3)


def test_a_record_without_room_in_the_judges_context_is_dropped_with_the_numbers(teacher: LanguageModel) -> None:
    long = {"id": "long", "messages": [{"role": "user", "content": "lake " * 800}]}
    outcome = label(from_rows([PLAIN, long]), model=teacher, max_tokens=100)
    assert outcome.kept["id"][:] == ["plain"]
    (gone,) = outcome.dropped
    assert (gone["id"], gone["reason"]) == ("long", "too long")
    assert gone["detail"]["tokens"] + 100 > gone["detail"]["context_length"] == teacher.context_length
    assert gone["detail"]["max_tokens"] == 100


def test_a_candidate_without_room_is_rejected(teacher: LanguageModel) -> None:
    row = {**OPEN, "candidates": [{"content": "lake " * 800}, {"content": "Water."}]}
    (kept,) = label(from_rows([row]), model=teacher).kept
    assert [candidate["content"] for candidate in kept["candidates"]] == ["Water."]
    assert kept["rejected"][0]["reason"] == "too long"


def test_a_record_gets_the_same_labels_however_the_pool_is_divided(teacher: LanguageModel) -> None:
    rows = [PLAIN, ANSWERED, TWO_TURNS]
    whole = label(from_rows(rows), model=teacher, seed=3).kept
    for n, row in enumerate(rows):
        alone = label(from_rows([row]), model=teacher, seed=3).kept
        assert (alone[0]["labels"], alone[0]["scores"]) == (whole[n]["labels"], whole[n]["scores"])
        assert alone.features == whole.features


def test_nothing_that_the_judge_says_is_written_into_the_conversation(teacher: LanguageModel) -> None:
    rows = from_rows([OPEN, {**OPEN, "id": "b", "messages": ANSWERED["messages"]}])
    kept = label(rows, model=teacher).kept
    assert kept["messages"][:] == rows["messages"][:]
    contents = [[c["content"] for c in row] for row in kept["candidates"]]
    assert contents == [[c["content"] for c in row] for row in rows["candidates"]]


# The shipped judge, on records and attacks that it was not trained on


RECORDS = list(labelled(60, seed=77))


def verdicts(judge: LanguageModel, records: Sequence[Labelled]) -> list[dict[str, str]]:
    pool = from_rows([{"id": str(n), "messages": record.messages} for n, record in enumerate(records)])
    outcome = label(pool, model=judge)
    assert not len(outcome.dropped)
    return list(outcome.kept["labels"])


@pytest.fixture(scope="module")
def said(judge: LanguageModel) -> list[dict[str, str]]:
    return verdicts(judge, RECORDS)


def test_the_shipped_judge_finds_the_category(said: list[dict[str, str]]) -> None:
    right = [found["category"] == record.category for found, record in zip(said, RECORDS, strict=True)]
    assert sum(right) >= 0.8 * len(right)


def test_the_shipped_judge_tells_spoilt_texts_from_good_ones(said: list[dict[str, str]]) -> None:
    def mean(*qualities: str) -> float:
        scores = [
            LEVELS["quality"].index(found["quality"]) + 1
            for found, record in zip(said, RECORDS, strict=True)
            if record.quality in qualities
        ]
        return sum(scores) / len(scores)

    assert mean("excellent", "good") > mean("poor", "very poor") + 1


@pytest.mark.parametrize("count", [20, pytest.param(len(RECORDS), marks=pytest.mark.slow)])
def test_a_record_does_not_dictate_its_labels_to_the_shipped_judge(
    judge: LanguageModel, said: list[dict[str, str]], count: int
) -> None:
    """Forged answers and marks, claims, control tokens and a constant text: few labels take the value they ask for."""
    rng = random.Random(5)
    hostile = [attacked(record, MEASURED_ATTACKS, rng) for record in RECORDS[:count]]
    found = verdicts(judge, hostile)
    for name in VALUES:
        flipped = [
            after[name] == record.claimed[name] != before[name]
            for before, after, record in zip(said, found, hostile, strict=False)
            if record.claimed
        ]
        assert len(flipped) == count
        assert sum(flipped) <= 0.1 * len(flipped)
