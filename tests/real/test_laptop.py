"""The recipe pipelines/laptop.yaml, made smaller, with the GGUF file in place of what it downloads."""

from __future__ import annotations

from pathlib import Path

import pytest

from curate import Pipeline, Run
from tests.conftest import MINILM, ROOT
from tests.real.conftest import NAME, SMOLLM2

pytestmark = pytest.mark.real


def test_the_laptop_recipe_runs_with_a_gguf_file(
    smollm2: Path, terse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    local = [f"models.teacher.model={SMOLLM2}", f"models.base.model={SMOLLM2}", f"models.embedder.model={MINILM}"]
    small = ["synthesize.count=10", "synthesize.max_tokens=48", "respond.max_tokens=48", "diversify.count=3"]
    settings = [*local, *small, f"models.teacher.template_file={terse}"]
    records = Run(Pipeline.from_yaml(ROOT / "pipelines/laptop.yaml", settings), tmp_path).execute()
    assert len(records) == 3
    assert set(records["generator"]) == {NAME}
    assert all(scores["ifd"] > 0 for scores in records["scores"])
