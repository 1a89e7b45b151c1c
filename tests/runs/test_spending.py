"""What a run asked of its models stands in the manifest and the funnel, and a budget ends it in order."""

import json
import threading

import pytest

from curate import Pipeline, Run
from curate.errors import CurateError
from curate.models.usage import Usage
from curate.report.console import console, print_funnel
from tests.models.endpoints import Endpoint
from tests.runs.conftest import SHORT

TOKENS = {"prompt_tokens": 100, "completion_tokens": 300}  # of each reply
COST = 100 * 1.0e-6 + 300 * 2.0e-6


@pytest.fixture
def endpoint():
    """A chat endpoint that counts its tokens."""
    served = Endpoint({"data": [{"id": "tiny"}]})
    served.answer = lambda number, body: (200, {}, {**Endpoint.answers(body, text="Yes."), "usage": TOKENS})
    yield served
    served.close()


def content(endpoint, tmp_path, rows, **keys):
    """A pipeline that answers `rows` instructions, two in a shard, through the endpoint."""
    path = tmp_path / "pool.jsonl"
    lines = ({"messages": [{"role": "user", "content": f"Question {n}?"}]} for n in range(rows))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    prices = {"prompt": 1.0, "completion": 2.0}
    teacher = {"backend": "chat", "model": "tiny", "base_url": endpoint.url, "concurrency": 4, "prices": prices}
    return {
        "shard_rows": 2,
        "models": {"teacher": teacher},
        "stages": [
            {"load": {"path": str(path)}},
            {"respond": {"models": ["teacher"], "candidates": 1}},
            {"choose": {"by": "random"}},
        ],
        **keys,
    }


def execute(content, directory):
    run = Run(Pipeline(content), directory)
    run.execute()
    return run


def manifest(directory):
    return json.loads((directory / "manifest.json").read_text())


def test_the_manifest_counts_by_stage_and_by_kept_record(endpoint, tmp_path):
    execute(content(endpoint, tmp_path, 6), tmp_path / "run")
    written = manifest(tmp_path / "run")
    (respond,) = (stage for stage in written["stages"] if stage["label"] == "respond")
    usage = {"requests": 6, "prompt_tokens": 600, "cached_tokens": 0, "completion_tokens": 1800, "uncounted": 0}
    assert respond["usage"] == written["usage"] == {"teacher": usage}
    assert respond["cost"] == written["cost"] == pytest.approx(6 * COST)
    assert respond["per_kept"] == pytest.approx({"prompt_tokens": 100, "completion_tokens": 300, "cost": COST})
    assert [stage["usage"] for stage in written["stages"] if stage["label"] != "respond"] == [{}, {}]


def test_the_funnel_shows_tokens_and_money(endpoint, tmp_path):
    run = execute(content(endpoint, tmp_path, 4), tmp_path / "run")
    with console.capture() as capture:
        print_funnel(run)
    row = next(line for line in capture.get().splitlines() if "teacher" in line)
    assert row.split() == ["respond", "teacher", "4", "400", "0", "1,200", "400", "0.0028", "0.0007"]


def test_models_without_prices_are_counted_in_tokens_alone(tmp_path):
    run = execute(SHORT, tmp_path / "run")
    usage = {report.label: report.usage for report in run.reports if report.usage}
    assert {label: list(asked) for label, asked in usage.items()} == {
        "synthesize": ["teacher"],
        "respond": ["teacher"],
        "fit": ["base"],
    }
    assert usage["respond"]["teacher"].requests == 16
    assert usage["fit"]["base"].completion_tokens == 0 < usage["fit"]["base"].prompt_tokens
    assert manifest(tmp_path / "run")["cost"] is None


def test_a_budget_ends_the_run_before_it_is_exceeded_and_more_of_it_goes_on(endpoint, tmp_path):
    directory, pool = tmp_path / "run", content(endpoint, tmp_path, 12)
    with pytest.raises(CurateError, match=r"stage 2 \(respond\): no room for another shard .* of 0.005 \(money\)"):
        execute({**pool, "budget": {"money": 0.005}}, directory)
    assert len(endpoint.requests) == 1 + 6  # the probe, and three shards: the fourth would cost 8 * COST = 0.0056
    assert manifest(directory)["cost"] == pytest.approx(6 * COST)
    run = execute({**pool, "budget": {"money": 1.0}}, directory)
    assert len(run.dataset) == 12
    assert len(endpoint.requests) == 2 + 12  # nothing was asked twice
    assert manifest(directory)["cost"] == pytest.approx(12 * COST)
    whole = execute(pool, tmp_path / "whole")
    assert run.outputs["dataset"].read_bytes() == whole.outputs["dataset"].read_bytes()


def test_a_budget_of_tokens_ends_it_too_and_counts_what_earlier_executions_took(endpoint, tmp_path):
    directory, limited = tmp_path / "run", content(endpoint, tmp_path, 12, budget={"tokens": 2000})
    for _ in range(2):
        with pytest.raises(CurateError, match=r"1600 of 2000 \(tokens\)"):
            execute(limited, directory)
    assert manifest(directory)["usage"]["teacher"]["requests"] == 4


def test_a_first_shard_that_exceeds_the_budget_is_stopped(endpoint, tmp_path):
    limited = content(endpoint, tmp_path, 12, budget={"tokens": 500}, shard_rows=12)
    with pytest.raises(CurateError, match=r"the budget is spent: .* before the first shard of this stage"):
        execute(limited, tmp_path / "run")
    spent = manifest(tmp_path / "run")["usage"]["teacher"]["requests"]
    assert spent < 12
    assert spent == len(endpoint.requests) - 1 or spent >= 2


def test_shards_run_side_by_side_while_there_is_room(endpoint, tmp_path):
    together = threading.Barrier(3, timeout=30)

    def answer(number, body):
        if number > 3:  # after the probe and the first shard, which goes alone
            together.wait()
        return 200, {}, {**Endpoint.answers(body, text="Yes."), "usage": TOKENS}

    endpoint.answer = answer
    limited = content(endpoint, tmp_path, 8, budget={"tokens": 1_000_000})
    assert len(execute(limited, tmp_path / "run").dataset) == 8


def test_what_a_shard_that_failed_had_asked_is_counted_too(endpoint, tmp_path):
    def answer(number, body):
        if number == 4:
            return 401, {}, {"error": "no"}
        return 200, {}, {**Endpoint.answers(body, text="Yes."), "usage": TOKENS}

    endpoint.answer = answer
    pool = content(endpoint, tmp_path, 12)
    pool["models"]["teacher"]["concurrency"] = 1
    with pytest.raises(CurateError, match="401"):
        execute(pool, tmp_path / "run")
    assert manifest(tmp_path / "run")["usage"]["teacher"]["requests"] >= 2


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({}, "at least 1 item"),
        ({"money": 0}, "greater than 0"),
        ({"euros": 3}, "euros"),
        ({"money": 3}, "no model has a price"),
    ],
)
def test_a_bad_budget_is_named(budget, message):
    with pytest.raises(CurateError, match=rf"(?=.*budget).*{message}"):
        Pipeline({**SHORT, "budget": budget})


def test_a_budget_changes_no_result(endpoint, tmp_path):
    free, limited = (Pipeline(content(endpoint, tmp_path, 2, **extra)) for extra in ({}, {"budget": {"tokens": 9999}}))
    assert free.keys == limited.keys
    assert limited.to_dict()["budget"] == {"tokens": 9999}


def test_usage_adds_up():
    assert Usage(1, 2, 1, 3) + Usage(1, 1, 0, 1, 1) - Usage(1, 2, 1, 3) == Usage(1, 1, 0, 1, 1)
