"""Does the response that fits the base model teach it best (GRAPE, arXiv 2502.04194)? Two experiments, offline.

    python benchmarks/grape.py world --out runs/grape &
    python benchmarks/grape.py real --out runs/grape --data ../shared/data/multi_response.parquet
    python benchmarks/grape.py tables --out runs/grape

`world`: tasks with one right answer, written by grape_world.py, and exact-match accuracy after fine-tuning.
`real`: responses of real models to real instructions (a Parquet file of instruction, output, generator), and the loss
on held-out ones. Each result is one line of OUT/EXPERIMENT.jsonl, and what is there is not run again. `tables` prints
the tables for benchmarks/RESULTS.md.

An arm is a rule that picks one candidate per instruction, or `all` of them. Every arm goes through its examples,
shuffled, epoch after epoch, until a budget is spent: the same number of examples, or the same number of supervised
tokens, namely as many as the arm `random` has at the first budget.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from datasets import Dataset
from grape_tables import print_tables
from grape_training import fine_tune, new_base, plain_copy, read_on, solve
from grape_world import KINDS, TEACHERS, response, result_of, tasks
from transformers import AutoTokenizer

from curate import choose, fit, load_model
from curate.chat import ChatTemplate
from curate.records.identity import derive_seed
from curate.records.pool import from_rows

SEEDS = (0, 1, 2)
BUDGETS = ("examples", "tokens")
ARMS = ("grape", "rsr", "random", "least likely", "longest", "all")
RULES = {"grape": "fit", "rsr": "rsr", "random": "random", "longest": "longest"}  # the arms that `choose` knows

WORLD = {
    "documents": 20_000,
    "passes": 2,
    "instructions": 240,
    "epochs": 2,
    "held_out": 160,
    "rate": 3e-4,
    "max_tokens": 200,
}
REAL = {"instructions": 128, "epochs": 1, "held_out": 32, "rate": 1e-3, "longest": 384, "read_on": 600}

DEMO = Path(__file__).parents[1] / "data/models/demo-base"
POOL = ("alpaca-7b-neft", "claude-2.1_concise", "gpt-3.5-turbo-1106", "phi-2", "vicuna-7b", "oasst-sft-pythia-12b")
STRANGERS = ("text_davinci_003", "gemma-2b-it", "openbuddy-llama2-13b-v11.1")

Example = dict[str, Any]  # messages, and how many tokens of them are supervised


def world(out: Path, seeds: Sequence[int]) -> None:
    """Accuracy on held-out tasks of one base model after each arm, and after each teacher alone."""
    base = out / "world-base"
    if not (base / "model.safetensors").exists():
        new_base(base, WORLD["documents"], WORLD["passes"])

    def pool(seed: int) -> Dataset:
        rows = [
            {
                "id": f"{seed}-{n}",
                "messages": [{"role": "user", "content": task.question}],
                "candidates": [{"content": response(name, task, seed), "generator": name} for name in TEACHERS],
            }
            for n, task in enumerate(islice(tasks(1000 + seed, held_out=False), WORLD["instructions"]))
        ]
        return from_rows(rows)

    def accuracy(model: Path, seed: int) -> dict[str, Any]:
        asked = list(islice(tasks(2000 + seed, held_out=True), WORLD["held_out"]))
        answers = solve(model, [task.question for task in asked], WORLD["max_tokens"])
        right = [int(result_of(answer) == task.answer) for task, answer in zip(asked, answers, strict=True)]
        return {"items": right, "kinds": {kind.__name__: sum(right[n :: len(KINDS)]) for n, kind in enumerate(KINDS)}}

    experiment = Experiment(out / "world.jsonl", WORLD, base, pool, accuracy)
    for arms, budget in ((ARMS, "examples"), (ARMS, "tokens"), (tuple(TEACHERS), "examples")):
        for seed in seeds:
            experiment.untrained(seed)
            experiment.run(arms, budget, seed)


def real(out: Path, seeds: Sequence[int], data: Path) -> None:
    """Loss on held-out responses of the demo base model after each arm, and of the same that has read on."""
    texts = pq.read_table(data).to_pandas().pivot_table("output", "instruction", "generator", aggfunc="first")
    tokenizer = AutoTokenizer.from_pretrained(DEMO, model_max_length=10**9)
    ours = texts[[*POOL, *STRANGERS]].dropna()
    lengths = ours.apply(lambda row: [len(tokenizer(f"{row.name} {text}")["input_ids"]) for text in row], axis=1)
    ours = ours[lengths.map(max) <= REAL["longest"]]
    others = texts.drop(columns=[*POOL, *STRANGERS]).drop(index=ours.index)
    first, read = out / "demo-base", out / "demo-base-read-on"
    if not (first / "model.safetensors").exists():
        plain_copy(DEMO, first)
    if not (read / "model.safetensors").exists():
        plain = [f"{row}\n\n{text}" for row, line in others.iterrows() for text in line.dropna()]
        read_on(DEMO, random.Random(0).sample(plain, REAL["read_on"]), read)

    def records(names: Sequence[str], seed: int, part: slice) -> Dataset:
        rows = [
            {
                "id": instruction,
                "messages": [{"role": "user", "content": instruction}],
                "candidates": [{"content": ours.loc[instruction, name], "generator": name} for name in names],
            }
            for instruction in sorted(ours.index, key=lambda text: derive_seed(seed, text))[part]
        ]
        return from_rows(rows)

    def pool(seed: int) -> Dataset:
        return records(POOL, seed, slice(REAL["held_out"], REAL["held_out"] + REAL["instructions"]))

    def losses(path: Path, seed: int) -> dict[str, Any]:
        model = load_model(str(path), dtype="float32")
        rows = fit(records((*POOL, *STRANGERS), seed, slice(REAL["held_out"])), model=model).kept["candidates"]
        model.close()
        loss = np.array([[-candidate["scores"]["logprob"] for candidate in row] for row in rows])
        known, strange = loss[:, : len(POOL)].mean(1), loss[:, len(POOL) :].mean(1)
        return {"items": known.round(5).tolist(), "strangers": strange.round(5).tolist()}

    experiments = [
        Experiment(out / "real.jsonl", {**REAL, "base": base.name}, base, pool, losses) for base in (first, read)
    ]
    for budget in BUDGETS:
        for experiment in experiments:
            for seed in seeds:
                experiment.untrained(seed)
                experiment.run(ARMS, budget, seed)


@dataclass
class Experiment:
    """Fine-tunes copies of a base model and measures them; what its file holds under the same settings is done."""

    path: Path
    settings: dict[str, Any]
    base: Path
    pool: Callable[[int], Dataset]  # records with candidates, of a seed
    measure: Callable[[Path, int], dict[str, Any]]  # a figure for each held-out item of a seed, under "items"

    def __post_init__(self) -> None:
        self.chat = ChatTemplate(AutoTokenizer.from_pretrained(self.base))
        self.scored = cache(lambda seed: scored(self.pool(seed), self.base))

    def untrained(self, seed: int) -> None:
        """Measures the base model itself."""
        if not self._done("untrained", "none", seed):
            self._add({"arm": "untrained", "budget": "none", "seed": seed, "tokens": 0}, self.measure(self.base, seed))

    def run(self, arms: Sequence[str], budget: str, seed: int) -> None:
        """Trains and measures those arms that are not done yet."""
        for arm in arms:
            if self._done(arm, budget, seed):
                continue
            drawn = self._draw(arm, budget, seed)
            with TemporaryDirectory() as directory:
                model = Path(directory)
                conversations = [example["messages"] for example in drawn]
                fine_tune(self.base, conversations, model, rate=self.settings["rate"], seed=seed)
                measured = self.measure(model, seed)
            figures = {
                "examples": len(drawn),
                "tokens": sum(example["tokens"] for example in drawn),
                "logprob": float(np.mean([example["logprob"] for example in drawn])),
                "generators": Counter(example["generator"] for example in drawn),
            }
            self._add({"arm": arm, "budget": budget, "seed": seed, **figures}, measured)

    def _draw(self, arm: str, budget: str, seed: int) -> list[Example]:
        """The examples of an arm that a budget pays for, in the order of training."""
        limit = self.settings["instructions"] * self.settings["epochs"]
        drawn = endless(examples(self.scored(seed), arm, seed, self.chat), seed)
        if budget == "examples":
            return list(islice(drawn, limit))
        tokens = sum(example["tokens"] for example in self._draw("random", "examples", seed))
        return list(within(drawn, tokens))

    def _done(self, arm: str, budget: str, seed: int) -> bool:
        wanted = {"arm": arm, "budget": budget, "seed": seed, "settings": self.settings}
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        return any(wanted.items() <= json.loads(line).items() for line in lines)

    def _add(self, row: dict[str, Any], measured: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**row, **measured, "settings": self.settings}) + "\n")
        print({**row, "mean": round(float(np.mean(measured["items"])), 4)}, flush=True)


def examples(records: Dataset, arm: str, seed: int, chat: ChatTemplate) -> list[Example]:
    """What an arm trains on: the candidate that it picks for each record, or every one, or one teacher's."""
    if arm in RULES:
        picked = choose(records, by=RULES[arm], seed=seed).kept
        names = zip(picked["messages"], picked["generator"], picked["scores"], strict=True)
        chosen = [(messages[:-1], messages[-1]["content"], name, scores) for messages, name, scores in names]
    else:
        rows = zip(records["messages"], records["candidates"], strict=True)
        chosen = [
            (messages, candidate["content"], candidate["generator"], candidate["scores"])
            for messages, candidates in rows
            for candidate in candidates
            if arm in ("all", candidate["generator"])
            or (arm == "least likely" and candidate is min(candidates, key=lambda c: c["scores"]["logprob"]))
        ]
    return [_example(chat, *choice) for choice in chosen]


def _example(chat: ChatTemplate, messages: Sequence[Any], content: str, generator: str, scores: Any) -> Example:
    turns = [
        {"role": m["role"], "content": m["content"]} for m in (*messages, {"role": "assistant", "content": content})
    ]
    return {
        "messages": turns,
        "tokens": sum(chat.tokenize(turns).assistant_mask),
        "generator": generator,
        "logprob": scores["logprob"],
    }


def endless(pool: Sequence[Example], seed: int) -> Iterator[Example]:
    """The examples, shuffled anew each epoch, without end."""
    for epoch in count():
        yield from random.Random(derive_seed(seed, epoch)).sample(pool, len(pool))


def within(drawn: Iterator[Example], tokens: int) -> Iterator[Example]:
    """The first examples, as many as have no more than so many tokens together."""
    for example in drawn:
        tokens -= example["tokens"]
        if tokens < 0:
            return
        yield example


def scored(records: Dataset, base: Path) -> Dataset:
    """The records with the scores of their candidates under the base model, in the text that it is trained on."""
    model = load_model(str(base), dtype="float32")
    kept = fit(records, model=model).kept
    model.close()
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", choices=("world", "real", "tables"))
    parser.add_argument("--out", type=Path, default=Path("runs/grape"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/multi_response.parquet"))
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    match options.experiment:
        case "world":
            world(options.out, options.seeds)
        case "real":
            real(options.out, options.seeds, options.data)
        case _:
            print_tables(options.out)


if __name__ == "__main__":
    main()
