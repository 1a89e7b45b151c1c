"""train.py: TRL's SFTTrainer on the exported files, with the loss on what the assistant writes."""

from __future__ import annotations

from collections.abc import Mapping

EPOCHS = (  # up to how many records, how many epochs, and who trained so
    (2_000, 15, "LIMA, 1,000 examples, arXiv 2305.11206"),
    (20_000, 6, "DEITA, 6,000 examples, arXiv 2312.15685"),
)
MANY = (2, "MAGPIE, 300,000 examples, arXiv 2406.08464")

_SCRIPT = '''"""Trains a model on this dataset: pip install trl, then python train.py

{what}
"""

import argparse
from pathlib import Path

import torch
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

HERE = Path(__file__).resolve().parent
MODEL = {target!r}
FILES = {{{files}}}


def make_trainer(model, output, max_steps):
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
{template}    data = load_dataset({kind!r}, data_files=FILES)
    settings = SFTConfig(
        output_dir=output,
{loss}        max_length={length},  # the longest record
        num_train_epochs={epochs},  # {source}
        max_steps=max_steps,
        learning_rate=1e-5,  # LIMA
        lr_scheduler_type="cosine",
        per_device_train_batch_size=1,
        gradient_accumulation_steps=16,
        bf16=torch.cuda.is_available(),
        logging_steps=1,
        report_to=[],
    )
    return SFTTrainer(
        AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
        settings,
        train_dataset=data["train"],
        eval_dataset=data.get("validation"),
        processing_class=tokenizer,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--output", default=str(HERE / "model"))
    parser.add_argument("--max-steps", type=int, default=-1)
    options = parser.parse_args()
    trainer = make_trainer(options.model, options.output, options.max_steps)
    trainer.train()
    if "validation" in FILES:
        print(trainer.evaluate())
    trainer.save_model()


if __name__ == "__main__":
    main()
'''
WHAT = {
    "messages": "The loss is on assistant tokens only, in TRL's own training template of this model.",
    "prompt-completion": "The loss is on the completion only: each assistant turn is a row of its own.",
    "tokens": "The rows are tokens and labels: the text and the mask that curate's prepare proved, which TRL's\n"
    "own handling of `messages` does not give for this model's chat template.",
}
LOSS = {
    "messages": "        assistant_only_loss=True,\n",
    "prompt-completion": "        completion_only_loss=True,\n",
    "tokens": "",
}


def epochs_for(count: int) -> tuple[int, str]:
    """How many epochs for this many records, and who trained so."""
    return next(((epochs, source) for most, epochs, source in EPOCHS if count <= most), MANY)


def train_script(form: str, target: str, files: Mapping[str, str], length: int, count: int, template: str) -> str:
    """The script for rows that are `messages`, `prompt-completion` or `tokens`.

    `files` are those of each split, `length` the longest record in tokens, `template` the name of a file with the chat
    template, empty where it is the tokenizer's own.
    """
    epochs, source = epochs_for(count)
    read = f'    tokenizer.chat_template = (HERE / {template!r}).read_text(encoding="utf-8")\n' if template else ""
    return _SCRIPT.format(
        target=target,
        what=WHAT[form],
        files=", ".join(f'"{split}": str(HERE / "{name}")' for split, name in files.items()),
        template=read,
        kind="parquet" if form == "tokens" else "json",
        loss=LOSS[form],
        length=length,
        epochs=epochs,
        source=source,
    )
