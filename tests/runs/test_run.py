"""A run: what it leaves behind, and that it survives whatever happens to it."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from curate import (
    CurateError,
    Pipeline,
    Run,
    choose,
    deduplicate,
    diversify,
    embed,
    fit,
    prepare,
    respond,
    screen,
    synthesize,
    trim,
)
from curate.records.files import plain
from curate.runs.run import NOT_EXPORTED, _shares_batches
from curate.yaml_files import read_yaml
from tests.conftest import BASE, CHAT
from tests.runs.conftest import CONTENT


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_makes_exactly_the_records_asked_for(finished):
    records = rows(finished.outputs["dataset"])
    assert len(records) == 5
    assert all([m["role"] for m in record["messages"]] == ["user", "assistant"] for record in records)
    assert all({"logprob", "perplexity", "length", "supervised"} <= record["scores"].keys() for record in records)


def test_every_record_is_kept_or_dropped_with_a_reason(finished):
    dropped = rows(finished.outputs["dropped"])
    assert len(rows(finished.outputs["dataset"])) + len(dropped) == 32
    assert all(row["stage"] and row["reason"] and row["id"] for row in dropped)
    for before, after in zip(finished.reports, finished.reports[1:], strict=False):
        assert after.came == before.kept == after.kept + sum(after.dropped.values())


def test_the_manifest_explains_the_run(finished):
    manifest = json.loads((finished.directory / "manifest.json").read_text())
    assert manifest["seed"] == 7
    assert manifest["packages"]["torch"]
    assert manifest["models"]["teacher"]["fingerprint"] == finished.pipeline.fingerprints["teacher"]
    assert [stage["kept"] for stage in manifest["stages"]][-1] == manifest["dataset"]["records"] == 5
    assert (
        Pipeline(read_yaml((finished.directory / "pipeline.yaml").read_text(), "p.yaml")).keys == finished.pipeline.keys
    )


def test_python_gives_the_records_that_the_pipeline_gives(finished, teacher, base, embedder):
    pool = synthesize(model=teacher, count=32, max_tokens=96, seed=7).kept
    pool = deduplicate(pool, on="instruction", threshold=0.7).kept
    pool = respond(pool, models=[teacher], candidates=2, max_tokens=96, seed=7).kept
    pool = choose(fit(screen(pool).kept, model=base).kept, by="fit").kept
    pool = embed(trim(pool, by="perplexity", keep=(0.05, 0.95)).kept, model=embedder).kept
    best = diversify(prepare(pool, target=base.chat, max_length=512).kept, count=5).kept
    expected = rows(finished.outputs["dataset"])
    found = [plain(row) for row in best.remove_columns([c for c in NOT_EXPORTED if c in best.column_names]).to_list()]
    assert [(r["id"], r["messages"]) for r in found] == [(r["id"], r["messages"]) for r in expected]
    for one, other in zip(found, expected, strict=True):
        assert one["scores"] == pytest.approx(other["scores"], abs=1e-4)


def test_the_same_seed_gives_the_same_bytes_elsewhere_and_another_seed_other_instructions(finished, tmp_path):
    again = Run(Pipeline(CONTENT), tmp_path / "again")
    again.execute()
    assert again.outputs["dataset"].read_bytes() == finished.outputs["dataset"].read_bytes()
    assert again.outputs["dropped"].read_bytes() == finished.outputs["dropped"].read_bytes()
    first = {**CONTENT, "stages": CONTENT["stages"][:1]}
    other = Run(Pipeline({**first, "seed": 8}), tmp_path / "other").execute()
    same = Run(Pipeline(first), tmp_path / "same").execute()
    assert set(map(str, other["messages"])).isdisjoint(map(str, same["messages"]))


def test_a_second_execution_computes_nothing(finished):
    again = Run(Pipeline(CONTENT), finished.directory)
    assert all(again.cached())
    before = finished.outputs["dataset"].read_bytes()
    again.execute()
    assert all(report.cached for report in again.reports)
    assert finished.outputs["dataset"].read_bytes() == before


def test_a_changed_parameter_runs_that_stage_and_the_later_ones_again(finished):
    content = {**CONTENT, "stages": [*CONTENT["stages"][:-1], {"diversify": {"count": 3}}]}
    run = Run(Pipeline(content), finished.directory)
    assert run.cached() == [True] * 9 + [False]
    assert len(run.execute()) == 3
    Run(Pipeline(CONTENT), finished.directory).execute()


def test_unreadable_lines_are_quarantined_and_the_run_goes_on(tmp_path):
    pool = tmp_path / "pool.jsonl"
    pool.write_text('{"prompt": "a", "response": "b"}\n{"prompt"\n')
    run = Run(Pipeline({"stages": [{"load": {"path": str(pool)}}, "deduplicate"]}), tmp_path / "run")
    assert len(run.execute()) == 1
    (bad,) = rows(run.outputs["quarantine"])
    assert (bad["file"], bad["line"]) == (str(pool), 2)


def test_another_threshold_reuses_the_sketches_of_the_same_input(tmp_path):
    pool = tmp_path / "pool.jsonl"
    words = "one two three four five six seven eight nine ten eleven twelve"
    pool.write_text("".join(json.dumps({"id": n, "prompt": words + n}) + "\n" for n in ("", " a", " b")))

    def execute(threshold):
        stages = [{"load": {"path": str(pool)}}, {"deduplicate": {"threshold": threshold}}]
        run = Run(Pipeline({"stages": stages}), tmp_path / "run")
        kept = len(run.execute())
        return kept, {path: path.stat().st_mtime_ns for path in run.directory.glob("stages/*/sketches-*.npz")}

    strict, loose = execute(0.95), execute(0.6)
    assert (strict[0], loose[0]) == (3, 1)
    assert len(strict[1]) == 1
    assert strict[1] == loose[1]


def test_a_stage_that_leaves_nothing_says_so(tmp_path):
    pool = tmp_path / "pool.jsonl"
    pool.write_text('{"prompt": "...", "response": " "}\n')
    run = Run(Pipeline({"stages": [{"load": {"path": str(pool)}}, "screen"]}, origin="p.yaml"), tmp_path / "run")
    with pytest.raises(CurateError, match=r"p.yaml: stage 2 \(screen\): none of 1 records is left \(1 empty\)"):
        run.execute()


@pytest.mark.parametrize(("backends", "shared"), [([], False), ([False], False), ([True], True), ([False, True], True)])
def test_many_shards_are_in_flight_where_a_model_of_the_stage_shares_its_batches(backends, shared):
    models = {"teacher": {"model": str(CHAT)}}
    stages = [{"synthesize": {"model": "teacher", "count": 8}}, {"respond": {"models": ["teacher"]}}, {"screen": {}}]
    respond_step, screen_step = Pipeline({"models": models, "stages": stages}).steps[1:]
    given = {"models": [SimpleNamespace(shares_batches=shares) for shares in backends]}
    assert _shares_batches(respond_step if backends else screen_step, given) == shared


def test_an_error_in_a_stage_names_file_stage_and_key(tmp_path):
    pool = tmp_path / "pool.jsonl"
    pool.write_text('{"prompt": "a", "embedding": [1.0]}\n')
    content = {"stages": [{"load": {"path": str(pool)}}, {"diversify": {"count": 2}}]}
    with pytest.raises(CurateError, match=r"^p.yaml: stage 2 \(diversify\): count is 2, but only 1 records came in"):
        Run(Pipeline(content, origin="p.yaml"), tmp_path / "run").execute()


def test_two_runs_do_not_share_a_directory(finished):
    code = (
        "import sys, time; from filelock import FileLock\n"
        "with FileLock(sys.argv[1]): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(finished.directory / ".lock")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CurateError, match="is in use by another run"):
            Run(Pipeline(CONTENT), finished.directory).execute()
    finally:
        holder.kill()
        holder.wait()
    Run(Pipeline(CONTENT), finished.directory).execute()


def test_the_dataset_trains_in_trl_on_the_tokens_that_prepare_counted(finished, tmp_path):
    """TRL's trainer takes the file as it is, with the loss on assistant tokens only."""
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    dataset = load_dataset("json", data_files=str(finished.outputs["dataset"]), split="train", cache_dir=str(tmp_path))
    settings = SFTConfig(
        output_dir=str(tmp_path / "out"),
        assistant_only_loss=True,
        max_length=512,
        max_steps=1,
        report_to=[],
        bf16=False,
    )
    trainer = SFTTrainer(
        AutoModelForCausalLM.from_pretrained(BASE),
        settings,
        train_dataset=dataset,
        processing_class=AutoTokenizer.from_pretrained(BASE),
    )
    learned = [sum(label != -100 for label in row["labels"]) for row in trainer.train_dataset]
    assert learned == [record["scores"]["supervised"] for record in rows(finished.outputs["dataset"])]
    assert trainer.train().training_loss > 0
