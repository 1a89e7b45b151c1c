"""Where only a chat template is wanted, a tokenizer is enough; weights need not be there."""

import json
import shutil
import subprocess
import sys

import pytest

from curate import CurateError, Pipeline, Run
from tests.conftest import CHAT, ROOT

FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


@pytest.fixture
def tokenizer(tmp_path):
    directory = tmp_path / "tokenizer"
    directory.mkdir()
    for name in FILES:
        shutil.copy(CHAT / name, directory)
    return directory


def pipeline_of(tmp_path, model, *stages):
    pool = tmp_path / "pool.jsonl"
    pool.write_text(json.dumps({"prompt": "Name a river.", "response": "The Ebro."}) + "\n")
    return Pipeline({"models": {"base": {"model": str(model)}}, "stages": [{"load": {"path": str(pool)}}, *stages]})


def test_prepare_takes_a_tokenizer(tokenizer, tmp_path):
    run = Run(pipeline_of(tmp_path, tokenizer, {"prepare": {"target": "base"}}), tmp_path / "run")
    assert len(run.execute()) == 1


def test_what_asks_the_model_takes_weights(tokenizer, tmp_path):
    with pytest.raises(CurateError, match=r"models\.base: .*tokenizer has no config\.json"):
        pipeline_of(tmp_path, tokenizer, {"prepare": {"target": "base"}}, {"fit": {"model": "base"}})


def test_a_template_that_is_missing_is_told_before_anything_runs(tokenizer, tmp_path):
    (tokenizer / "chat_template.jinja").unlink()
    with pytest.raises(CurateError, match=r"models\.base: the tokenizer in .* has no chat template"):
        pipeline_of(tmp_path, tokenizer, {"prepare": {"target": "base"}})


def test_template_takes_a_tokenizer(tokenizer):
    command = [sys.executable, "-m", "curate.cli", "template", str(tokenizer)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    assert "assistant mask" in result.stdout
