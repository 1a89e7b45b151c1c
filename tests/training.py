"""Steps of TRL's trainer: on a JSONL file as it stands, and by the train.py of an export."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from curate.exports.proof import tokenized
from curate.exports.trl import restore
from curate.models.tokenizer import load_chat
from tests.conftest import BASE


def train_a_step(path: Path, scratch: Path, *, assistant_only: bool = True) -> Any:
    """The trainer after one step on the messages in `path`; that it learned from them is checked."""
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    dataset = load_dataset("json", data_files=str(path), split="train", cache_dir=str(scratch / "cache"))
    settings = SFTConfig(
        output_dir=str(scratch / "out"),
        assistant_only_loss=assistant_only,
        max_length=1024,
        max_steps=1,
        per_device_train_batch_size=2,
        report_to=[],
        bf16=False,
        disable_tqdm=True,
    )
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    trainer = SFTTrainer(
        AutoModelForCausalLM.from_pretrained(BASE), settings, train_dataset=dataset, processing_class=tokenizer
    )
    assert trainer.train().training_loss > 0
    texts = [tokenizer.decode(row["input_ids"]) for row in trainer.train_dataset]
    for messages, text in zip(dataset["messages"], texts, strict=True):
        assert all(message["content"].strip() in text for message in messages)
    return trainer


def train_by_script(directory: Path, target: Path, scratch: Path) -> None:
    """Two steps of the train.py in an export for TRL; its labels are the mask that `prepare` proves."""
    spec = importlib.util.spec_from_file_location("train_script", directory / "train.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    trainer = script.make_trainer(str(target), str(scratch), 2)
    assert trainer.train().global_step == 2
    template = load_chat(str(target))
    written = map(json.loads, (directory / "train.jsonl").read_text(encoding="utf-8").splitlines())
    for row, line in zip(trainer.train_dataset, written, strict=True):
        _, ids, mask = tokenized(template, restore(line)[0])
        assert row["input_ids"] == ids
        assert row["labels"] == [token if bit else -100 for token, bit in zip(ids, mask, strict=True)]
