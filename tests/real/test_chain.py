"""The whole chain with a real teacher, base and judge: through transformers, and after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from curate import Pipeline, Run, label
from curate.models.protocols import LanguageModel
from curate.records.labels import VALUES
from curate.records.pool import from_rows
from curate.yaml_files import yaml_text
from tests.conftest import MINILM
from tests.real.conftest import NAME, SMOLLM2

pytestmark = pytest.mark.real

MADE = {"count": 32, "max_tokens": 24, "top_p": 0.9}
ANSWERED = {"candidates": 2, "max_tokens": 24, "temperature": 0.5}


@pytest.fixture(scope="module")
def pipeline(smollm2: Path, terse: str) -> dict[str, Any]:
    """The chain as a pipeline file has it, in shards of 16."""
    model = {"model": SMOLLM2, "dtype": "float32", "device": "cpu"}
    return {
        "seed": 3,
        "shard_rows": 16,
        "models": {
            "teacher": {**model, "template_file": terse},
            "base": model,
            "embedder": {"backend": "sentence-transformers", "model": MINILM},
        },
        "stages": [
            {"synthesize": {"model": "teacher", **MADE}},
            {"deduplicate": {"on": "instruction", "threshold": 0.7}},
            {"respond": {"models": ["teacher"], **ANSWERED}},
            {"screen": {}},
            {"fit": {"model": "base"}},
            {"choose": {"by": "fit"}},
            {"prepare": {"target": "base", "max_length": 512}},
            {"embed": {"model": "embedder"}},
            {"diversify": {"count": 24}},
        ],
    }


@pytest.fixture(scope="module")
def finished(pipeline: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An uninterrupted run through transformers."""
    run = Run(Pipeline(pipeline), tmp_path_factory.mktemp("run"))
    run.execute()
    return run


def check_records(records: Dataset) -> None:
    """24 records that are complete, scored, and different from each other."""
    assert len(records) == 24
    assert set(records["generator"]) == {NAME}
    assert len({messages[0]["content"] for messages in records["messages"]}) == 24
    for messages, scores in zip(records["messages"], records["scores"], strict=True):
        assert [message["role"] for message in messages] == ["user", "assistant"]
        assert all(message["content"].strip() and "<|im_" not in message["content"] for message in messages)
        assert scores["logprob"] < 0
        assert scores["supervised"] == scores["tokens"]


def test_the_chain_makes_24_records_through_transformers(finished: Run) -> None:
    check_records(finished.execute())


def test_a_kill_in_the_middle_changes_no_byte(finished: Run, pipeline: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(yaml_text(pipeline))
    command = [sys.executable, "-m", "curate.cli", "run", str(tmp_path / "p.yaml"), "-o", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as killed:
        while not list(tmp_path.glob("run/stages/03-*/00000.json")):
            assert killed.poll() is None, killed.stderr and killed.stderr.read()
            time.sleep(0.1)
        killed.send_signal(signal.SIGKILL)
    assert not (tmp_path / "run/dataset.jsonl").exists()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    for name in ("dataset.jsonl", "dropped.jsonl"):
        assert (tmp_path / "run" / name).read_bytes() == (finished.directory / name).read_bytes()


def test_it_judges(in_transformers: LanguageModel) -> None:
    rows = [
        {"id": text, "messages": [{"role": "user", "content": text}]} for text in ("What is 2 + 2?", "Is rain wet?")
    ]
    labelled = label(from_rows(rows), model=in_transformers).kept
    assert len(labelled) == 2
    assert all(labels[name] in values for labels in labelled["labels"] for name, values in VALUES.items())
