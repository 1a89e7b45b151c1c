"""Records a second that `prepare` proves, against a loop that only tokenizes, and against another checkout's `prepare`.

    python benchmarks/prepare.py [--model MODEL ...] [--records 6000] [--rounds 5] [--before CHECKOUT]

Prints the rows for benchmarks/RESULTS.md. The records are short: an instruction of data/pools/smollm2-pool.jsonl and a
sentence of its answer. The loop calls `apply_chat_template` for one conversation after another: tokens, without a mask
and without looking for control tokens. Each contender is a process of its own, and they take turns; a row holds the
fastest round, and the processor time of the round that took least of it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from contender import serve, take_turns

POOL = Path("data/pools/smollm2-pool.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", nargs="+", default=["data/models/demo-base"])
    parser.add_argument("--records", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", help="another checkout of this repository")
    parser.add_argument("--work", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        serve(work(**options.work))
        return
    checkouts = {"curate": ".", "loop": "."} | ({"before": options.before} if options.before else {})
    for model in options.model:
        task = {"model": model, "records": options.records}
        tasks = {name: {**task, "name": name, "checkout": path} for name, path in checkouts.items()}
        print_rows(model, options.records, take_turns(__file__, tasks, options.rounds))
    print(f"Load {os.getloadavg()[0]:.1f}.")


def print_rows(model: str, records: int, results: dict[str, list[dict[str, Any]]]) -> None:
    seconds, processor = (
        {name: min(result[key] for result in rounds) for name, rounds in results.items()}
        for key in ("seconds", "processor")
    )
    for name, rounds in results.items():
        ratio = f"{seconds[name] / seconds['curate']:.2f} | {processor[name] / processor['curate']:.2f}"
        speed = f"{records / seconds[name]:,.0f} | {processor[name] / records * 1e6:,.0f}"
        print(f"| {Path(model).name} | {name} | {rounds[0]['tokens'] / records:.0f} | {speed} | {ratio} |")


def work(name: str, model: str, records: int, checkout: str) -> Callable[[], dict[str, Any]]:
    """What a contender does in a round, when its records and its tokenizer are ready."""
    sys.path.insert(0, str(Path(checkout).absolute()))
    from curate import prepare
    from curate.models.tokenizer import load_chat
    from curate.records.pool import from_rows

    chat = load_chat(model)
    pool = from_rows(islice(short_records(), records))
    conversations = pool["messages"][:]

    def proved() -> int:
        kept = prepare(pool, target=chat).kept
        return int(sum(scores["length"] for scores in kept["scores"][:]))

    def looped() -> int:
        tokens = (chat.tokenizer.apply_chat_template(messages)["input_ids"] for messages in conversations)
        return sum(map(len, tokens))

    def timed() -> dict[str, Any]:
        began, processor = time.perf_counter(), time.process_time()
        tokens = (looped if name == "loop" else proved)()
        return {
            "tokens": tokens,
            "seconds": time.perf_counter() - began,
            "processor": time.process_time() - processor,
        }

    timed()  # the first round learns the template
    return timed


def short_records() -> Iterator[dict[str, Any]]:
    """The first sentences of all answers, then the second ones, and so on, each with its instruction."""
    turns = [json.loads(line)["messages"][-2:] for line in POOL.read_text("utf-8").splitlines()]
    answers = [re.split(r"(?<=[.!?])\s", answer["content"].strip()) for _, answer in turns]
    for number in range(max(map(len, answers))):
        for row, sentences in enumerate(answers):
            if number < len(sentences):
                answer = {"role": "assistant", "content": sentences[number]}
                yield {"id": f"{number}-{row}", "messages": [turns[row][0], answer]}


if __name__ == "__main__":
    main()
