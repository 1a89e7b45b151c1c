"""A run's own records, exported for the model that its `prepare` names."""

import json

import pytest

from curate import CurateError, export


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_names_its_target_itself(finished, tmp_path):
    made = export(finished.directory, to="trl", output=tmp_path / "out")
    assert made.proof.same
    assert [row["messages"] for row in rows(tmp_path / "out/train.jsonl")] == [
        row["messages"] for row in rows(finished.outputs["dataset"])
    ]
    card = (tmp_path / "out/README.md").read_text()
    assert "| synthesize | " in card
    assert "path: train.jsonl" in card


def test_a_run_gives_its_candidates_to_preference(finished, tmp_path):
    made = export(finished, to="preference", by="logprob", output=tmp_path / "out")
    assert made.proof.same
    pairs = rows(tmp_path / "out/train.jsonl")
    assert len(pairs) + made.left_out.total() == len(finished.dataset)
    assert all(pair["chosen"] != pair["rejected"] for pair in pairs)


def test_a_run_that_has_not_finished_is_told(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/manifest.json").write_text("{}")
    with pytest.raises(CurateError, match="has not finished; run it again, and it goes on"):
        export(tmp_path / "run", to="trl", output=tmp_path / "out")
