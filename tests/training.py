"""One step of TRL's trainer on a JSONL file as it stands, with the loss on assistant tokens only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
