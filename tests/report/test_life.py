"""One record's life, told from what a run left behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from curate.cli import app
from curate.errors import CurateError
from curate.pipeline import Pipeline
from curate.report.life import as_chat, as_steps, records, trace
from curate.runs.finished import FinishedRun
from curate.runs.run import Run


@pytest.fixture
def finished(run: Run) -> FinishedRun:
    return FinishedRun(run.directory)


def test_a_record_is_found_by_its_id_and_by_a_piece_of_its_text(finished: FinishedRun) -> None:
    first = finished.result[0]
    (by_id,) = records(finished, first["id"])
    (by_text, *_) = records(finished, first["messages"][0]["content"][:20].upper())
    assert by_id == by_text
    lines = as_chat(by_id)
    assert lines[0] == f"— {first['id']}"
    assert lines[1:3] == ["user:", f"    {first['messages'][0]['content']}"]
    assert any(line.startswith("scores: ") and "rank 1" in line for line in lines)
    assert len(records(finished)) == 3


def test_what_is_not_there_is_an_error_that_names_it(finished: FinishedRun) -> None:
    with pytest.raises(CurateError, match="no record of the result has the id or the text 'zebras'"):
        records(finished, "zebras")
    with pytest.raises(CurateError, match="no stage of the run had a record 'r999'"):
        trace(finished, "r999")


def test_a_trace_tells_what_each_stage_added_and_the_rank(finished: FinishedRun) -> None:
    name = finished.result[0]["id"]
    told = trace(finished, name)
    assert [step["stage"] for step in told["stages"]] == [stage.label for stage in finished.stages]
    added = {step["stage"]: step["added"] for step in told["stages"]}
    assert added["fit"]["scores"].keys() == {"logprob"}
    assert added["prepare"]["scores"].keys() == {"length", "supervised"}
    assert added["diversify"]["scores"]["rank"] == 1
    assert not any("embedding" in values for values in added.values())


def test_a_trace_of_a_copy_ends_with_the_record_that_stays_for_it(finished: FinishedRun) -> None:
    told = trace(finished, "r18")
    last = told["stages"][-1]
    assert (last["stage"], last["fate"], last["reason"]) == ("deduplicate", "dropped", "exact duplicate")
    assert [other["id"] for other in last["stands for it"]] == ["r0"]
    assert "        Tell me about bees." in as_steps(told)


def test_the_command_line_prints_both_as_text_and_as_json(finished: FinishedRun) -> None:
    command = CliRunner()
    name = finished.result[0]["id"]
    assert f"— {name}" in command.invoke(app, ["show", str(finished.directory), name]).stdout
    row = json.loads(command.invoke(app, ["show", str(finished.directory), name, "--json"]).stdout)
    assert row["id"] == name
    assert (
        "deduplicate: dropped: exact duplicate" in command.invoke(app, ["trace", str(finished.directory), "r18"]).stdout
    )
    told = json.loads(command.invoke(app, ["trace", str(finished.directory), "r18", "--json"]).stdout)
    assert told["stages"][0]["fate"] == "kept"


def test_clean_removes_what_an_older_parameter_left_and_nothing_else(run: Run, tmp_path: Path) -> None:
    content = run.pipeline.to_dict()
    content["stages"] = content["stages"][:3]
    directory = tmp_path / "run"
    Run(Pipeline(content), directory).execute()
    content["stages"][2] = {"deduplicate": {"on": "both"}}
    Run(Pipeline(content), directory).execute()
    assert len(list((directory / "stages").iterdir())) == 4
    result = CliRunner().invoke(app, ["clean", str(directory)])
    assert "03-deduplicate" in result.stdout
    assert [home.name[:2] for home in sorted((directory / "stages").iterdir())] == ["01", "02", "03"]
    assert trace(FinishedRun(directory), "r18")["stages"][-1]["fate"] == "dropped"


def test_a_run_that_is_not_whole_is_not_cleaned(finished: FinishedRun, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(finished.directory, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["finished"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CurateError, match="the run has not come to its end"):
        FinishedRun(copy).unused()
