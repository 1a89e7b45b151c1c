"""Bounds that set themselves, and the answers that are beyond them."""

import numpy as np
import pytest

from curate import Pipeline, Run, from_rows, vet
from curate.errors import CurateError
from curate.stages.vet.bounds import CUT_OFF, GIBBERISH, OTHER_QUESTION, REASONS, divide
from curate.stages.vet.negatives import make_negatives
from tests.conftest import CHAT, MINILM

FIXED = {OTHER_QUESTION: {"relevance": 0.2}, CUT_OFF: {}, GIBBERISH: {}}
TOPICS = ("apples", "a bicycle", "the moon", "chess", "bread", "rain", "a violin", "bees", "glass", "sleep")


def conversation(question, answer, **more):
    return {
        "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}],
        **more,
    }


def pool_of(count):
    """Questions with answers to them."""
    return [
        conversation(
            f"What should a child know about {topic}, point {number}?",
            f"A child should know three things about {topic}, and number {number} is the one that matters most of all.",
            id=f"{topic} {number}",
        )
        for number in range(count // len(TOPICS))
        for topic in TOPICS
    ]


def test_answers_to_another_question_go_by_a_fixed_bound(embedder):
    rows = [
        conversation(
            "How do I bake bread at home?", "Knead flour, water and yeast, and bake the bread for an hour.", id="a"
        ),
        conversation("How do I bake bread at home?", "The moon goes round the Earth once in about a month.", id="b"),
    ]
    outcome = vet(from_rows(rows), embedder=embedder, bounds=FIXED)
    assert outcome.kept["id"] == ["a"]
    (dropped,) = outcome.dropped
    assert dropped["reason"] == OTHER_QUESTION
    assert dropped["detail"]["relevance"] < 0.2 == dropped["detail"]["bounds"]["relevance"]
    assert outcome.kept[0]["scores"]["relevance"] > 0.5
    assert set(outcome.kept[0]["scores"]) == {"relevance", "soundness"}


def test_a_candidate_goes_alone_and_a_bad_turn_takes_the_conversation(embedder):
    question = {"role": "user", "content": "How do I bake bread at home?"}
    good, bad = "Knead flour, water and yeast, and bake the bread.", "The moon goes round the Earth once in a month."
    candidates = [{"content": text, "generator": "x", "finish_reason": "stop"} for text in (good, bad)]
    outcome = vet(
        from_rows([{"id": "a", "messages": [question], "candidates": candidates}]), embedder=embedder, bounds=FIXED
    )
    (kept,) = outcome.kept
    assert [candidate["content"] for candidate in kept["candidates"]] == [good]
    assert [candidate["content"] for candidate in kept["rejected"]] == [bad]
    turns = [question, {"role": "assistant", "content": bad}, question, {"role": "assistant", "content": good}]
    outcome = vet(from_rows([{"id": "b", "messages": turns}]), embedder=embedder, bounds=FIXED)
    assert outcome.dropped["reason"] == [OTHER_QUESTION]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "Translate into German: The moon goes round the Earth once in a month.",
            "Der Mond umkreist die Erde einmal im Monat.",
        ),
        ("Which city is meant?", "Paris"),
        (
            "请把这句话翻译成英文：月亮每个月绕地球一圈。",
            "The moon goes round the Earth once a month, as everyone knows.",
        ),
    ],
)
def test_translations_and_short_answers_are_not_judged_by_their_words(embedder, question, answer):
    strict = {reason: {"relevance": 0.999} if reason == OTHER_QUESTION else {} for reason in REASONS}
    assert len(vet(from_rows([conversation(question, answer, id="a")]), embedder=embedder, bounds=strict).kept) == 1


def test_bounds_are_set_by_answers_that_were_made_bad(embedder):
    rows = pool_of(120)
    for row in (3, 50, 77):
        rows[row]["messages"][1] = rows[row + 4]["messages"][1]
    outcome = vet(from_rows(rows), embedder=embedder, seed=1)
    assert {row["id"] for row in outcome.dropped} >= {rows[row]["id"] for row in (3, 50, 77)}
    assert len(outcome.dropped) <= 5
    assert outcome.stats[f"bounds {OTHER_QUESTION}: area"] > 0.95
    assert f"bounds {CUT_OFF}: end_logprob" not in outcome.stats  # without a critic nothing is known of ends
    assert all(0 <= scores["soundness"] <= 1 for scores in outcome.kept["scores"])


def test_soundness_is_low_for_an_answer_to_another_question_and_there_when_no_bound_is(embedder):
    rows = pool_of(20)  # too few to set a bound by
    rows[3]["messages"][1] = rows[7]["messages"][1]
    outcome = vet(from_rows(rows), embedder=embedder)
    soundness = {row["id"]: row["scores"]["soundness"] for row in outcome.kept}
    assert len(soundness) == 20
    assert min(soundness, key=soundness.get) == rows[3]["id"]
    assert max(soundness.values()) == 1


def test_soundness_goes_by_a_scale_that_is_given(embedder):
    row = conversation("What is two and two?", "Two and two is four, of course.", id="a")
    relevance, soundness = (
        vet(from_rows([row]), embedder=embedder, scale=scale).kept[0]["scores"][name]
        for name, scale in (("relevance", None), ("soundness", {"relevance": (0.0, 2.0)}))
    )
    assert soundness == pytest.approx(relevance / 2)


def test_a_critic_that_cannot_tell_drops_nothing_and_says_so(teacher):
    nonsense = [
        conversation(f"zxqv {n} kjw?", f"vvqk {n} zzx wqj pfh ggr ttb {n * 7} llm", id=str(n)) for n in range(80)
    ]
    outcome = vet(from_rows(nonsense), critic=teacher)
    area = outcome.stats[f"bounds {GIBBERISH}: area"]
    assert area < 0.9
    assert GIBBERISH not in set(outcome.dropped["reason"])
    assert f"bounds {GIBBERISH}: logprob" not in outcome.stats


def test_the_critics_scores_are_those_of_the_answer_given_the_instruction(teacher):
    row = conversation("What is two and two?", "Two and two is four, of course.", id="a")
    outcome = vet(from_rows([row]), critic=teacher, bounds={reason: {} for reason in REASONS})
    scores = outcome.kept[0]["scores"]
    tokens = teacher.chat.tokenize(row["messages"])
    (every,) = teacher.score([tokens.input_ids], [tokens.assistant_mask])
    learnt = [token for token, bit in zip(tokens.input_ids, tokens.assistant_mask, strict=True) if bit]
    end = max(place for place, token in enumerate(learnt) if token in teacher.chat.assistant_stop_token_ids)
    assert scores["end_logprob"] == pytest.approx(float(every.logprobs[end]), abs=1e-3)
    assert scores["logprob"] == pytest.approx(float(np.mean(every.logprobs[:end])), abs=1e-3)


def test_shards_and_a_resumed_run_have_the_bounds_of_the_whole_pool(tmp_path):
    rows = pool_of(60)
    path = tmp_path / "pool.jsonl"
    from_rows(rows).to_json(path)
    content = {
        "shard_rows": 7,
        "models": {"embedder": {"backend": "sentence-transformers", "model": MINILM}},
        "stages": [{"load": {"path": str(path)}}, {"vet": {"embedder": "embedder"}}],
    }
    run = Run(Pipeline(content), tmp_path / "run")
    run.execute()
    whole = vet(from_rows(rows), embedder=MINILM)
    assert run.reports[-1].stats == pytest.approx(whole.stats)
    assert [row["id"] for row in run.dataset] == whole.kept["id"]
    (home,) = (tmp_path / "run" / "stages").glob("02-vet-*")
    for part in [home / "done.json", *home.glob("00004*")]:
        part.unlink()
    again = Run(Pipeline(content), tmp_path / "run")
    again.execute()
    assert again.reports[-1].stats == run.reports[-1].stats
    assert again.outputs["dataset"].read_bytes() == run.outputs["dataset"].read_bytes()


def test_negatives_are_swapped_cut_and_shuffled(embedder):
    conversations = [row["messages"] for row in pool_of(60)]
    answers = {turns[0]["content"]: turns[1]["content"] for turns in conversations}
    negatives = make_negatives(conversations, embedder, 5)
    assert {kind: len(made) for kind, made in negatives.items()} == {"swapped": 100, "cut": 60, "shuffled": 50}
    for turns in negatives["swapped"]:
        assert turns[-1]["content"] in answers.values()
        assert turns[-1]["content"] != answers[turns[0]["content"]]
    for turns in negatives["cut"]:
        whole = answers[turns[0]["content"]]
        assert whole.startswith(turns[-1]["content"])
        assert len(whole) / 4 < len(turns[-1]["content"]) < len(whole)
    for turns in negatives["shuffled"]:
        assert sorted(turns[-1]["content"].split()) == sorted(answers[turns[0]["content"]].split())
    assert make_negatives(conversations, embedder, 5) == negatives


def test_the_signs_of_a_reason_are_bounded_together():
    random = np.random.default_rng(0)
    pool = {"ifd": random.normal(0.6, 0.05, 200), "relevance": random.normal(0.7, 0.1, 200)}
    bad = {"ifd": random.normal(1.0, 0.05, 100), "relevance": random.normal(0.1, 0.1, 100)}
    division = divide(OTHER_QUESTION, pool, bad, 0.01)
    assert 0.65 < division.bounds["ifd"] < 0.95
    assert 0.15 < division.bounds["relevance"] < 0.6
    assert division.separation.found > 0.97
    assert divide(OTHER_QUESTION, {name: values[:20] for name, values in pool.items()}, bad, 0.01).bounds == {}


def test_a_pipeline_needs_a_critic_or_an_embedder():
    with pytest.raises(CurateError, match=r"stage 2 \(vet\): critic: name a small aligned model"):
        Pipeline({"models": {"m": {"model": str(CHAT)}}, "stages": [{"synthesize": {"model": "m", "count": 1}}, "vet"]})
