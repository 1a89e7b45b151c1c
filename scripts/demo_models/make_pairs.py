"""Write the pairs that the demo models are trained on to a JSONL file.

The project's own pairs come from ``pairs/``; two public sets can be mixed in: GSM8K (``--gsm8k``, MIT) and the seed
tasks of Self-Instruct (``--seeds``, Apache-2.0).

    python scripts/demo_models/make_pairs.py --count 60000 --out pairs.jsonl
"""

import json
import random
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from pairs import KINDS, generate


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a JSONL file."""
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def pair(instruction: str, response: str, source: str) -> dict[str, Any]:
    """A conversation of one turn."""
    turns = [{"role": "user", "content": instruction.strip()}, {"role": "assistant", "content": response.strip()}]
    return {"messages": turns, "kind": source, "domain": "math" if source == "gsm8k" else "general"}


def from_gsm8k(path: Path, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Some word problems, without the marks for a calculator, and with the result as a sentence."""
    problems = list(lines(path))
    for problem in random.Random(seed).sample(problems, min(count, len(problems))):
        steps, result = re.sub(r"<<.*?>>", "", problem["answer"]).split("####")
        yield pair(problem["question"], f"{steps.strip()}\nThe answer is {result.strip()}.", "gsm8k")


def from_seeds(path: Path) -> Iterator[dict[str, Any]]:
    """The shorter seed tasks of Self-Instruct, an input below its instruction."""
    for task in lines(path):
        first = task["instances"][0]
        instruction = "\n".join(text for text in (task["instruction"], first["input"]) if text)
        if len(instruction) + len(first["output"]) < 1200:
            yield pair(instruction, first["output"], "self-instruct seeds")


def main(
    out: Annotated[Path, typer.Option(help="the JSONL file to write, one conversation per line")],
    count: Annotated[int, typer.Option(help="how many different conversations of the project's own")] = 60_000,
    seed: Annotated[int, typer.Option(help="the same seed gives the same file")] = 0,
    gsm8k: Annotated[Path | None, typer.Option(exists=True, help="GSM8K as JSONL, with question and answer")] = None,
    gsm8k_count: Annotated[int, typer.Option(help="how many problems of GSM8K to mix in")] = 3000,
    seeds: Annotated[Path | None, typer.Option(exists=True, help="the seed tasks of Self-Instruct as JSONL")] = None,
) -> None:
    """Write the file."""
    sources = [generate(count, seed)]
    if gsm8k:
        sources.append(from_gsm8k(gsm8k, gsm8k_count, seed))
    if seeds:
        sources.append(from_seeds(seeds))
    written = 0
    with out.open("w", encoding="utf-8") as file:
        for conversation in chain(*sources):
            file.write(json.dumps(conversation, ensure_ascii=False) + "\n")
            written += 1
    print(f"{out}: {written} conversations, {len(KINDS)} kinds of the project's own")


if __name__ == "__main__":
    typer.run(main)
