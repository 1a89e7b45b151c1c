"""Train a tiny reward model on the project's own pairs: right responses against spoilt ones.

The body is a language model's; a head with one output is put on it, and both are trained for a few steps with the
pairwise loss of Bradley and Terry, -log sigmoid(reward of the right response - reward of the spoilt one). A response
is spoilt in one of two ways: it ends in the middle, or its words are shuffled. So the model learns to tell whole
sentences in order from broken ones; whether an answer is true it does not learn.

    python scripts/demo_models/train_reward.py --body data/models/demo-base --out reward
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import typer
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pairs import generate

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Comparison:
    """An instruction with its right response and a spoilt one."""

    right: Messages
    spoilt: Messages


def comparisons(count: int, seed: int) -> Iterator[Comparison]:
    """`count` comparisons of short conversations of one turn; the same seed gives the same ones."""
    rng = random.Random(seed)
    pairs = [pair["messages"] for pair in generate(20 * count + 100, seed)]
    pairs = [pair for pair in pairs if len(pair) == 2 and _short(pair)][:count]
    for question, answer in pairs:
        words = answer["content"].split(" ")
        left = words[: len(words) // 2] if rng.random() < 0.5 else rng.sample(words, len(words))
        yield Comparison([question, answer], [question, {"role": "assistant", "content": " ".join(left)}])


def _short(pair: Messages) -> bool:
    question, answer = (turn["content"] for turn in pair)
    return len(question) <= 120 and len(answer) <= 240 and len(answer.split(" ")) >= 8


def train(body: Path, out: Path, *, steps: int = 120, batch: int = 8, rate: float = 1e-3, seed: int = 0) -> float:
    """Trains, and saves the model with its tokenizer under `out`; returns the mean loss of the last ten steps."""
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(body)
    model = AutoModelForSequenceClassification.from_pretrained(body, num_labels=1, dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    rows = list(comparisons(steps * batch, seed))
    losses = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 10) * (1 - step / steps)
        chosen = rows[step * batch : (step + 1) * batch]
        texts = [
            tokenizer.apply_chat_template(side, tokenize=False) for row in chosen for side in (row.right, row.spoilt)
        ]
        inputs = tokenizer(texts, padding=True, return_tensors="pt")
        rewards = model(**inputs).logits[:, 0]
        loss = -torch.nn.functional.logsigmoid(rewards[::2] - rewards[1::2]).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return sum(losses[-10:]) / len(losses[-10:])


def main(
    body: Annotated[Path, typer.Option(exists=True, help="the language model whose body is used")],
    out: Annotated[Path, typer.Option(help="the directory to write")],
    steps: Annotated[int, typer.Option(help="steps of the optimizer")] = 120,
) -> None:
    """Train and save."""
    print(f"{out}: {steps} steps, loss {train(body, out, steps=steps):.3f}")


if __name__ == "__main__":
    typer.run(main)
