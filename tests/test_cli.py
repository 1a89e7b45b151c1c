"""What a person sees at the command line."""

import json
import os
import subprocess
import sys

import pytest
from typer.main import get_command

from curate.cli import app
from curate.records.shapes import SHAPES
from curate.registry import stage_names
from tests.conftest import BASE, CHAT, ROOT


def curate(*arguments, cwd=ROOT):
    command = [sys.executable, "-m", "curate.cli", *map(str, arguments)]
    wide = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, env=wide)


def test_help_and_import_stay_light():
    heavy = ("torch", "transformers", "vllm", "datasets", "pandas")
    code = f"import sys, curate, curate.cli; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"


def test_every_command_is_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    assert [name for name in get_command(app).commands if f"curate {name}" not in readme] == []


def test_stages_lists_all_of_them():
    shown = curate("stages").stdout
    assert all(name in shown for name in stage_names())


def test_one_stage_shows_its_parameters_bounds_and_reasons():
    shown = curate("stages", "prepare").stdout
    for text in ("max_length", "integer > 0", "2048", "model (chat)", "control tokens", "required"):
        assert text in shown


def test_load_shows_the_shapes_and_what_becomes_of_them():
    shown = curate("stages", "load").stdout
    for shape in SHAPES:
        assert shape.name in shown
    assert "both become candidates, with scores.preference 1 and 0" in " ".join(shown.split())


def test_a_stage_shows_pairs_and_their_bounds():
    shown = curate("stages", "trim").stdout
    assert "[number ≥ 0 ≤ 1, number ≥ 0 ≤ 1]" in shown
    assert "[0.05, 0.95]" in shown


def test_the_schema_is_json():
    assert json.loads(curate("schema").stdout)["title"] == "curate pipeline"


def test_template_shows_prefix_stops_and_mask():
    shown = curate("template", CHAT).stdout
    for text in (
        "'<|im_start|>user\\n'",
        "'<|im_end|>'",
        "0 '<|im_start|>user\\nWhat is the capital of France?",
        "1 'Paris.",
    ):
        assert text in shown


def test_check_prints_the_plan_of_recipes_whose_weights_are_not_here(tmp_path):
    result = curate("check", "pipelines/lima-1k-qwen3.yaml", "-o", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert "count=20000" in result.stdout
    assert "to do" in result.stdout
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nowhere.yaml"], "curate: there is no pipeline file nowhere.yaml (looked for "),
        (["stages", "dedup"], "curate: stages: there is no stage 'dedup'; did you mean 'deduplicate'?"),
        (
            ["check", "pipelines/quickstart.yaml", "--set", "trim.bye=x"],
            "stage 8 (trim): unknown key 'bye'; did you mean 'by'?",
        ),
        (["template", "no/such/dir"], "curate: "),
        (["export", "x.jsonl", "--to", "trll", "-o", "out"], "curate: export: there is no format 'trll'; did you mean"),
        (["export", "x.jsonl", "--to", "trl", "-o", "out", "--push", "me"], "named owner/name, found 'me'"),
        (["mask", "nowhere.jsonl", "--model", str(BASE)], "curate: load: path: there is no file nowhere.jsonl"),
        (["apply", "trim", "nowhere.jsonl", "-o", "x.jsonl"], "curate: load: path: there is no file nowhere.jsonl"),
        (
            ["apply", "trim", "nowhere.jsonl", "-o", "x.jsonl", "--byy", "x"],
            "curate: apply trim: unknown key 'byy'; did you mean 'by'?",
        ),
        (
            ["apply", "trim", "nowhere.jsonl", "-o", "x.jsonl", "by"],
            "curate: apply: 'by': the stage's parameters are given as --key value",
        ),
        (["apply", "synthesize", "x.jsonl", "-o", "y.jsonl"], "curate: apply: synthesize makes records and takes none"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, message):
    result = curate(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.fixture
def pool(tmp_path):
    path = tmp_path / "pool.jsonl"
    rows = [
        {"id": "a", "prompt": "What is a lake?", "response": "A large body of water."},
        {"id": "b", "prompt": "what is a  LAKE?", "response": "Water."},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n")
    return path


def test_apply_writes_what_is_kept_dropped_and_unreadable(pool, tmp_path):
    result = curate("apply", "deduplicate", pool, "-o", tmp_path / "out.jsonl", "--threshold", "0.8")
    assert result.returncode == 0, result.stderr
    assert "read 2: 2 shape prompt/response" in result.stdout
    assert "kept 1, dropped 1: 1 near duplicate" in result.stdout
    kept = json.loads((tmp_path / "out.jsonl").read_text())
    dropped = json.loads((tmp_path / "out.dropped.jsonl").read_text())
    assert (kept["id"], dropped["id"], dropped["reason"], dropped["detail"]["survivor"]) == (
        "a",
        "b",
        "near duplicate",
        "a",
    )
    assert json.loads((tmp_path / "out.quarantine.jsonl").read_text())["line"] == 3


def test_apply_decontaminates_against_a_file_of_benchmark_items(pool, tmp_path):
    (tmp_path / "exam.jsonl").write_text('{"question": "What is a lake?"}\n')
    result = curate(
        "apply", "decontaminate", pool, "-o", tmp_path / "out.jsonl", "--benchmarks", tmp_path / "exam.jsonl"
    )
    assert result.returncode == 0, result.stderr
    assert "kept 0, dropped 2: 2 contaminated" in result.stdout
    assert "1 items hit exam, 2 records hit exam, 2 records hit exam, item 1" in result.stdout.replace("\n", " ")


def test_apply_takes_a_model_by_its_directory(pool, tmp_path):
    result = curate("apply", "fit", pool, "-o", tmp_path / "out.jsonl", "--model", BASE)
    assert result.returncode == 0, result.stderr
    scores = [json.loads(line)["scores"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert all(score["logprob"] < 0 for score in scores)


def test_apply_scores_a_plain_alpaca_file(tmp_path):
    rows = [
        {"instruction": "Name a colour.", "input": "", "output": "Blue."},
        {"instruction": "Add the numbers.", "input": "2 and 3", "output": "5"},
    ]
    (tmp_path / "pool.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = curate("apply", "fit", tmp_path / "pool.jsonl", "-o", tmp_path / "scored.jsonl", "--model", BASE)
    assert result.returncode == 0, result.stderr
    scored = [json.loads(line) for line in (tmp_path / "scored.jsonl").read_text().splitlines()]
    assert [row["messages"][-1]["content"] for row in scored] == ["Blue.", "5"]
    assert all(row["scores"].keys() == {"logprob", "perplexity", "tokens", "rsr"} for row in scored)


def test_apply_embeds_what_has_no_embedding(pool, tmp_path):
    result = curate("apply", "diversify", pool, "-o", tmp_path / "out.jsonl", "--count", "1")
    assert result.returncode == 0, result.stderr
    kept = json.loads((tmp_path / "out.jsonl").read_text())
    assert kept["scores"]["represents"] == 2
    assert "share of the pool within a cosine of" in result.stdout
    assert "longest" in result.stdout
    assert "embedding" not in kept


def test_export_writes_reads_back_and_says_what_it_proved(pool, tmp_path):
    result = curate("export", pool, "--to", "llama-factory", "-o", tmp_path / "out", "--target", BASE, "--split", "0.5")
    assert result.returncode == 2  # the two records ask the same
    assert "each group of near-duplicates has more than 1 of 2 records" in result.stderr
    result = curate("export", pool, "--to", "llama-factory", "-o", tmp_path / "out", "--target", BASE)
    assert result.returncode == 0, result.stderr
    assert "proven: read back, all 2 renderings have the text and the mask that prepare proves" in result.stdout
    assert json.loads((tmp_path / "out/dataset_info.json").read_text())["train"]["formatting"] == "sharegpt"


def test_apply_can_be_chained_over_files(pool, tmp_path):
    curate("apply", "fit", pool, "-o", tmp_path / "fit.jsonl", "--model", BASE)
    result = curate("apply", "trim", tmp_path / "fit.jsonl", "-o", tmp_path / "out.jsonl", "--keep", "[0, 1]")
    assert result.returncode == 0, result.stderr
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
