"""`choose`: one candidate per instruction."""

import pytest

from curate import CurateError, Pipeline, choose
from curate.records.pool import from_rows
from tests.conftest import BASE, CHAT
from tests.test_declaration import pool

QUESTION = [{"role": "user", "content": "?"}]


def record(name, *candidates):
    """A record from (content, generator, scores)."""
    rows = [{"content": text, "generator": generator, "scores": scores} for text, generator, scores in candidates]
    return {"id": name, "messages": QUESTION, "candidates": rows}


def scored(logprob, rsr, reward, quality):
    return {"logprob": logprob, "rsr": rsr, "reward": reward, "quality": quality}


POOL = from_rows(
    [
        record(
            "a",
            ("short", "m1", scored(-2.0, 1.0, -15.0, 4.0)),
            ("a long answer", "m2", scored(-1.0, 2.0, -12.0, 2.0)),
            ("middle", "m3", scored(-3.0, 3.0, -9.0, 3.0)),
        )
    ]
)


@pytest.mark.parametrize(
    ("by", "generator"),
    [("fit", "m2"), ("rsr", "m1"), ("reward", "m3"), ("quality", "m1"), ("longest", "m2"), ("shortest", "m1")],
)
def test_one_candidate_becomes_the_response(by, generator):
    (chosen,) = choose(POOL, by=by).kept.to_list()
    (content,) = [c["content"] for c in chosen["candidates"] if c["generator"] == generator]
    assert [(m["role"], m["content"]) for m in chosen["messages"]] == [("user", "?"), ("assistant", content)]


def test_its_scores_and_generator_become_the_records_and_the_candidates_stay():
    (chosen,) = choose(POOL).kept.to_list()
    assert (chosen["scores"], chosen["generator"]) == (scored(-1.0, 2.0, -12.0, 2.0), "m2")
    assert len(chosen["candidates"]) == 3


def test_scores_that_the_record_had_stay_unless_the_candidate_has_one_of_that_name():
    record = {**POOL.to_list()[0], "scores": {"difficulty": 3.0, "reward": 7.0}}
    (chosen,) = choose(from_rows([record])).kept.to_list()
    assert (chosen["scores"]["difficulty"], chosen["scores"]["reward"]) == (3.0, -12.0)


@pytest.mark.parametrize("by", ["fit", "rsr", "reward", "quality"])
def test_ties_do_not_depend_on_the_order_of_the_candidates(by):
    one, other = (("x", "m1", scored(1, 1, 1, 1)), ("y", "m2", scored(1, 1, 1, 1)))
    first, second = (
        choose(from_rows([record("a", *order)]), by=by).kept["generator"][:] for order in ((one, other), (other, one))
    )
    assert first == second


def test_a_random_choice_depends_on_the_seed_alone():
    many = from_rows([record(str(n), *((f"t{k}", f"m{k}", {"logprob": 0.0}) for k in range(4))) for n in range(40)])
    picks = [tuple(choose(many, by="random", seed=seed).kept["generator"]) for seed in (1, 1, 2)]
    assert picks[0] == picks[1] != picks[2]
    assert set(picks[0]) == {"m0", "m1", "m2", "m3"}


def test_the_gate_rejects_what_is_below_a_bound_and_lets_the_bound_itself_pass():
    outcome = choose(POOL, by="longest", where={"quality": 3.0})
    (chosen,) = outcome.kept.to_list()
    assert (chosen["generator"], [c["generator"] for c in chosen["candidates"]]) == ("m3", ["m1", "m3"])
    (rejected,) = chosen["rejected"]
    assert (rejected["generator"], rejected["reason"]) == ("m2", "below the gate")
    assert rejected["detail"] == {"score": "quality", "value": 2.0, "bound": 3.0}
    assert outcome.stats == {"candidates below the gate": 1}


def test_every_score_of_the_gate_must_reach_its_bound():
    (chosen,) = choose(POOL, where={"quality": 3, "reward": -12}).kept.to_list()
    assert [c["generator"] for c in chosen["candidates"]] == ["m3"]


def test_a_record_with_no_candidate_above_the_gate_is_dropped():
    outcome = choose(POOL, where={"quality": 5})
    (gone,) = outcome.dropped.to_list()
    assert (len(outcome.kept), gone["reason"], gone["detail"]) == (
        0,
        "below the gate",
        {"candidates": {"below the gate": 3}},
    )
    assert [m["role"] for m in gone["messages"]] == ["user"]
    assert {c["generator"] for c in gone["rejected"]} == {"m1", "m2", "m3"}


def test_a_record_without_candidates_is_dropped():
    (gone,) = choose(from_rows([*POOL.to_list(), record("b")])).dropped.to_list()
    assert (gone["id"], gone["reason"]) == ("b", "no candidates")


def test_candidates_without_scores_can_be_chosen_by_length():
    (chosen,) = choose(from_rows([record("a", ("x", "m1", {}), ("xy", "m2", {}))]), by="longest").kept.to_list()
    assert chosen["generator"] == "m2"


def test_the_column_of_the_score_is_needed():
    with pytest.raises(CurateError, match="choose: needs 'candidates', .* put one of these stages before it: respond"):
        choose(pool("a"))
    unscored = from_rows([{"id": "a", "messages": QUESTION, "candidates": [{"content": "x"}]}])
    with pytest.raises(CurateError, match="choose: needs 'candidates.scores.logprob', .* before it: fit"):
        choose(unscored)
    with pytest.raises(CurateError, match="choose: needs 'candidates.scores.helpfulness'"):
        choose(POOL, where={"helpfulness": 1})


@pytest.mark.parametrize("missing", [None, float("nan")])
@pytest.mark.parametrize("how", [{"by": "fit"}, {"by": "longest", "where": {"logprob": -5}}])
def test_a_candidate_without_its_score_is_told_with_its_record_and_the_stage_to_run(how, missing):
    holed = from_rows([record("a", ("x", "m1", {"logprob": -1.0}), ("y", "m2", {"logprob": missing}))])
    with pytest.raises(
        CurateError, match="record 'a' has a candidate without the score 'logprob'; run fit or vet with critic on it"
    ):
        choose(holed, **how)


def test_a_score_that_no_stage_makes_is_told_as_well():
    holed = from_rows([record("a", ("x", "m1", {"mine": 1.0}), ("y", "m2", {}))])
    with pytest.raises(CurateError, match="record 'a' .* score 'mine'; give every candidate one"):
        choose(holed, by="longest", where={"mine": 0})


def test_a_bound_must_be_a_finite_number():
    with pytest.raises(CurateError, match="where"):
        choose(POOL, where={"quality": float("nan")})


def plan(*after_choose, fitted=True):
    models = {"teacher": {"model": str(CHAT)}, "base": {"model": str(BASE)}}
    before = [{"synthesize": {"model": "teacher", "count": 2}}, {"respond": {"models": ["teacher"]}}]
    fit = [{"fit": {"model": "base"}}] if fitted else []
    return Pipeline({"models": models, "stages": [*before, *fit, *after_choose]}, origin="p.yaml")


def test_a_pipeline_knows_that_the_candidates_scores_become_the_records():
    assert plan({"choose": {"by": "fit"}}, {"trim": {"by": "perplexity"}}).steps
    with pytest.raises(CurateError, match=r"stage 4 \(trim\): needs 'scores.perplexity'"):
        plan({"choose": {"by": "longest"}}, {"trim": {"by": "perplexity"}}, fitted=False)
