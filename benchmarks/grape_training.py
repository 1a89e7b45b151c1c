"""Small base models, their fine-tuning with TRL, and what they then answer: shared by the experiments of grape.py."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from grape_world import response, tasks
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

from curate import load_model
from curate.models.protocols import Prompt, Sampling

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts/demo_models"))
from pairs import generate
from train import new_model, new_tokenizer, prose
from training import END_OF_TEXT

disable_progress_bars()

PLAIN = Path(__file__).with_name("plain_text.jinja").read_text(encoding="utf-8")
SHAPE = {"width": 192, "intermediate": 512, "layers": 3}  # 1.4 million parameters
VOCABULARY = 1024


def new_base(out: Path, documents: int, passes: int) -> None:
    """A base model that has read worked solutions in one style, and an eighth as many texts of other kinds.

    Each pass reads new `documents`, and its learning rate rises and falls anew (SGDR, arXiv 1608.03983).
    """
    tokenizer, model = None, None
    for number in range(passes):
        solved = islice(tasks(number, held_out=False), documents)
        worked = [f"{task.question}\n\n{response('ledger', task, 0)}" for task in solved]
        other = [prose(conversation["messages"]) for conversation in generate(documents // 8, seed=number)]
        if tokenizer is None:
            sample = [[{"role": "user", "content": text}] for text in worked[:3000] + other[:1000]]
            tokenizer = new_tokenizer(sample, VOCABULARY)
            model = new_model(tokenizer, **SHAPE)
        texts = worked + other
        random.Random(number).shuffle(texts)
        _read(model, tokenizer, texts, out, rate=2e-3, rows=8, length=128)


def plain_copy(base: Path, out: Path) -> None:
    """`base` with a chat template that renders plain text: markup, which it has never read, would be noise."""
    model, tokenizer = _load(base)
    _save(model, tokenizer, out)


def read_on(base: Path, texts: Sequence[str], out: Path) -> None:
    """`base` after it has read more plain text."""
    model, tokenizer = _load(base)
    _read(model, tokenizer, texts, out, rate=1e-3, rows=4, length=512)


def _read(model: Any, tokenizer: Any, texts: Sequence[str], out: Path, *, rate: float, rows: int, length: int) -> None:
    """Trains once over plain texts, packed into rows, with the loss on all tokens."""
    packed = {"packing": True, "packing_strategy": "wrapped", "max_length": length}
    tokenizer.eos_token = END_OF_TEXT  # the trainer puts it after each text
    data = Dataset.from_dict({"text": list(texts)})
    _train(model, tokenizer, data, out, rate=rate, seed=0, per_device_train_batch_size=rows, **packed)


def fine_tune(base: Path, conversations: Sequence[Any], out: Path, *, rate: float, seed: int) -> None:
    """A copy of `base`, trained once over `conversations` with the loss on assistant tokens."""
    model, tokenizer = _load(base)
    data = Dataset.from_dict({"messages": list(conversations)})
    longest = model.config.max_position_embeddings
    settings = {"per_device_train_batch_size": 8, "assistant_only_loss": True, "max_length": longest}
    _train(model, tokenizer, data, out, rate=rate, seed=seed, **settings)


def _load(base: Path) -> tuple[Any, Any]:
    return AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), AutoTokenizer.from_pretrained(base)


def _save(model: Any, tokenizer: Any, out: Path) -> None:
    tokenizer.chat_template, tokenizer.eos_token = PLAIN, END_OF_TEXT
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def _train(model: Any, tokenizer: Any, data: Dataset, out: Path, *, rate: float, seed: int, **settings: Any) -> None:
    """One pass of TRL's trainer over `data`, on one CPU, in bfloat16 with float32 weights; saves the model."""
    config = SFTConfig(
        output_dir=str(out),
        learning_rate=rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,  # a share
        num_train_epochs=1,
        seed=seed,
        use_cpu=True,
        bf16=True,
        gradient_checkpointing=False,
        save_strategy="no",
        logging_steps=100,
        disable_tqdm=True,
        report_to=[],
        **settings,
    )
    SFTTrainer(model, config, train_dataset=data, processing_class=tokenizer).train()
    _save(model, tokenizer, out)


def solve(model: Path, questions: Sequence[str], max_tokens: int) -> list[str]:
    """The greedy answers of a fine-tuned model."""
    loaded = load_model(str(model), dtype="float32")
    prompts = [
        Prompt(loaded.chat.encode(loaded.chat.generation_prompt([{"role": "user", "content": question}])), seed=0)
        for question in questions
    ]
    sampling = Sampling(tuple(loaded.chat.assistant_stop_token_ids), max_tokens, temperature=0)
    answers = [completions[0].text for completions in loaded.complete(prompts, sampling)]
    loaded.close()
    return answers
