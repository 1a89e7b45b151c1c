import pytest

from curate import CurateError, choose
from curate.records import from_rows
from tests.test_stage import pool


def record(name, *candidates):
    rows = [{"content": text, "generator": g, "scores": {"logprob": s}} for text, g, s in candidates]
    return {"id": name, "messages": [{"role": "user", "content": "?"}], "candidates": rows}


POOL = from_rows([record("a", ("short", "m1", -2.0), ("a long answer", "m2", -1.0), ("middle", "m3", -3.0))])


@pytest.mark.parametrize(
    ("by", "text"), [("fit", "a long answer"), ("longest", "a long answer"), ("shortest", "short")]
)
def test_one_candidate_becomes_the_response(by, text):
    (chosen,) = choose(POOL, by=by).kept.to_list()
    assert [(m["role"], m["content"]) for m in chosen["messages"]] == [("user", "?"), ("assistant", text)]


def test_its_scores_and_generator_become_the_records_and_the_candidates_stay():
    (chosen,) = choose(POOL).kept.to_list()
    assert (chosen["scores"], chosen["generator"], len(chosen["candidates"])) == ({"logprob": -1.0}, "m2", 3)


def test_ties_do_not_depend_on_the_order_of_the_candidates():
    one, other = ("x", "m1", -1.0), ("y", "m2", -1.0)
    first, second = (
        choose(from_rows([record("a", *order)])).kept["generator"][:] for order in ((one, other), (other, one))
    )
    assert first == second


def test_a_random_choice_depends_on_the_seed_alone():
    many = from_rows([record(str(n), *((f"t{k}", f"m{k}", 0.0) for k in range(4))) for n in range(40)])
    picks = [tuple(choose(many, by="random", seed=seed).kept["generator"]) for seed in (1, 1, 2)]
    assert picks[0] == picks[1] != picks[2]
    assert set(picks[0]) == {"m0", "m1", "m2", "m3"}


def test_a_record_without_candidates_is_dropped():
    (gone,) = choose(from_rows([*POOL.to_list(), record("b")])).dropped.to_list()
    assert (gone["id"], gone["reason"]) == ("b", "no candidates")


def test_fit_is_needed_to_choose_by_it():
    with pytest.raises(CurateError, match="choose: needs 'candidates', .* put one of these stages before it: respond"):
        choose(pool("a"))
    unscored = from_rows([{"id": "a", "messages": [], "candidates": [{"content": "x"}]}])
    with pytest.raises(CurateError, match="choose: needs 'candidates.scores.logprob', .* before it: fit"):
        choose(unscored)
