"""What the command line writes, and what it refuses to overwrite, before any work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curate.apply import apply_stage
from curate.errors import CurateError
from curate.pipeline import Pipeline
from curate.runs.run import Run

GOOD = {"prompt": "Name a stone, please.", "response": "Basalt is a stone."}
PIPELINE = {"stages": [{"load": {"path": "pool.jsonl"}}, {"trim": {"by": "fit", "keep": [0, 1]}}]}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("pool.jsonl", {"id": "a", **GOOD, "scores": {"fit": 1.0}})
    return tmp_path


def write(name: str, *rows: Any) -> Path:
    path = Path(name)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def curate(*arguments: Any, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "curate", *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, text=True)


def test_apply_removes_what_the_last_time_left_where_there_is_nothing_of_it_now() -> None:
    write("in.jsonl", GOOD, {"prompt": "short", "response": "Sorry, I cannot help with that."}, "nonsense")
    apply_stage("screen", "in.jsonl", Path("out.jsonl"), {})
    assert Path("out.dropped.jsonl").exists()
    assert Path("out.quarantine.jsonl").exists()
    write("in.jsonl", GOOD)
    apply_stage("screen", "in.jsonl", Path("out.jsonl"), {})
    assert sorted(path.name for path in Path().iterdir()) == ["in.jsonl", "out.jsonl", "pool.jsonl"]


@pytest.mark.parametrize("name", ["out.dropped.jsonl", "out.quarantine.jsonl"])
def test_apply_removes_nothing_of_the_users_own(name: str) -> None:
    write(name, {"my": "notes"})
    with pytest.raises(CurateError, match=f"apply: {name} exists, and is not of curate's making"):
        apply_stage("screen", "pool.jsonl", Path("out.jsonl"), {})
    assert json.loads(Path(name).read_text()) == {"my": "notes"}


def test_apply_refuses_its_input_as_output_before_it_reads_it() -> None:
    with pytest.raises(CurateError, match="apply: pool.jsonl is an input; name another file for the output"):
        apply_stage("screen", "*.jsonl", Path("pool.jsonl"), {})


def test_apply_passes_parameters_of_load_on() -> None:
    write("in.jsonl", "nonsense", *({**GOOD, "id": str(number)} for number in range(9)))
    read, outcome, _ = apply_stage("screen", "in.jsonl", Path("out.jsonl"), {"limit": ["2"]})
    assert (read.kept["id"][:], len(outcome.kept)) == (["0", "1"], 2)
    with pytest.raises(CurateError, match=r"load: in.jsonl:1: a JSON object is expected, found str"):
        apply_stage("screen", "in.jsonl", Path("out.jsonl"), {"strict": ["true"]})
    with pytest.raises(CurateError, match="apply screen: unknown key 'limits'; did you mean 'limit'"):
        apply_stage("screen", "in.jsonl", Path("out.jsonl"), {"limits": ["2"]})


def test_a_run_takes_strict_and_limit_by_set() -> None:
    write("pool.jsonl", "nonsense", {"id": "a", **GOOD})
    Path("p.yaml").write_text("stages:\n- load: {path: pool.jsonl}\n- screen\n")
    pipeline = Pipeline.from_yaml("p.yaml", ["load.strict=true"])
    with pytest.raises(CurateError, match=r"p.yaml: stage 1 \(load\): pool.jsonl:1: a JSON object is expected"):
        Run(pipeline, "run").execute()


def test_a_run_does_not_overwrite_its_input() -> None:
    Path("run").mkdir()
    Path("pool.jsonl").rename("run/dataset.jsonl")
    stages = [{"load": {"path": "run/dataset.jsonl"}}, *PIPELINE["stages"][1:]]
    with pytest.raises(CurateError, match=r"run/dataset.jsonl is an input of this run, and would be overwritten"):
        Run(Pipeline({"stages": stages}), "run").execute()


def test_a_run_does_not_overwrite_what_no_run_made_and_goes_on_with_its_own() -> None:
    Path("run").mkdir()
    write("run/dataset.jsonl", {"my": "data"})
    with pytest.raises(CurateError, match=r"run/dataset.jsonl was made by no run, for nothing else of one is there"):
        Run(Pipeline(PIPELINE), "run").execute()
    assert [path.name for path in Path("run").iterdir()] == ["dataset.jsonl"]
    Path("run/dataset.jsonl").unlink()
    for _ in range(2):
        assert len(Run(Pipeline(PIPELINE), "run").execute()) == 1


def test_a_run_under_a_file_is_refused() -> None:
    with pytest.raises(CurateError, match=r"pool.jsonl is a file; nothing can be written under it"):
        Run(Pipeline(PIPELINE), "pool.jsonl/run").execute()


def test_standard_input_and_output() -> None:
    done = curate("apply", "screen", "-", "-o", "-", given=json.dumps(GOOD) + "\nnonsense\n")
    (record,) = map(json.loads, done.stdout.splitlines())
    assert record["messages"][1]["content"] == "Basalt is a stone."
    assert record["source"] == {"file": "-", "line": 1}
    assert done.stderr.splitlines()[-1] == "-: 1 rows"


def test_a_run_from_standard_input_to_a_file_of_the_suffix_s_format() -> None:
    Path("p.yaml").write_text("stages:\n- load: {path: '-'}\n- screen\n")
    done = curate("run", "p.yaml", "-o", "result.jsonl.gz", given=json.dumps(GOOD, indent=2))
    assert done.returncode == 0, done.stderr
    assert Path("runs/p/manifest.json").exists()
    again = curate("apply", "screen", "result.jsonl.gz", "-o", "-")
    assert json.loads(again.stdout)["messages"][0]["content"] == "Name a stone, please."


def test_a_pattern_in_a_pipeline_is_part_of_its_key() -> None:
    stages = {"stages": [{"load": {"path": "p*.jsonl"}}, *PIPELINE["stages"][1:]]}
    before = Pipeline(stages).keys
    write("p2.jsonl", GOOD)
    assert Pipeline(stages).keys != before
    with pytest.raises(CurateError, match=r"stage 1 \(load\): q\* is a pattern that matches no file that can be read"):
        Pipeline({"stages": [{"load": {"path": "q*"}}]})
