"""Tokens a second on vLLM: our stages, shard by shard as a run works.

    python benchmarks/synthesis.py
    python benchmarks/synthesis.py respond

The first is `synthesize` against one bare `LLM.generate`. Both complete the same prompts with the same seeds, at
temperature 1.0; the stage's probe and its second attempts are counted. Tokens are those of the instructions that ended,
encoded again, their end included. The second is `respond`, eight candidates after a system turn of about 500 tokens,
and then `fit` of them: with vLLM's prefix cache, against no cache (and on a GPU, steps of 2,048 tokens).

Prints the rows for benchmarks/RESULTS.md. Each contender has a process and an engine of its own, and they take turns;
each round's seconds are printed, and the sums compared. The engine's start and first steps are not counted.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from contender import core_seconds, serve, take_turns
from datasets import Dataset

from curate.models.spec import load_model
from curate.records.identity import derive_seed
from curate.records.pool import from_rows
from curate.runs.run import IN_FLIGHT
from curate.runs.shards import in_flight
from curate.stages.fit import fit
from curate.stages.respond import respond
from curate.stages.synthesize import synthesize

MODEL = "data/models/demo-chat"
INSTRUCTIONS = 8192
SHARD = 256  # the default of a pipeline
MAX_TOKENS = 160
WARM_UP = 64
ROUNDS = 4
OPTIONS = {"dtype": "float32", "max_model_len": 1024}

CONVERSATIONS = 24
RESPONSE_SHARD = 2
CANDIDATES = 8
RESPONSE_TOKENS = 64
SYSTEM = "You are a careful assistant who answers in plain words. " * 38  # 500 tokens of the demo model


def main() -> None:
    if sys.argv[1:2] == ["--work"]:
        task = json.loads(sys.argv[2])
        serve({"bare": bare, "stage": stage}[task["contender"]]() if "contender" in task else chain(task["engine"]))
    elif sys.argv[1:] == ["respond"]:
        before = {"enable_prefix_caching": False, **({"max_num_scheduled_tokens": 2048} if has_gpu() else {})}
        tasks = {"no cache": {"engine": before}, "prefix cache": {"engine": {}}}
        results = take_turns(__file__, tasks, ROUNDS)
        for work in ("respond", "fit"):
            table({name: [result[work] for result in rounds] for name, rounds in results.items()}, work)
        texts = [rounds[-1]["texts"] for rounds in results.values()]
        print(f"The same texts: {sum(map(str.__eq__, *texts))} of {len(texts[0])}.")
    else:
        table(take_turns(__file__, {name: {"contender": name} for name in ("bare", "stage")}, ROUNDS), "synthesize")
    print(f"Load {os.getloadavg()[0]:.1f}.")


def table(results: dict[str, list[dict[str, Any]]], work: str) -> None:
    """A row for each contender, compared with the first."""
    first = None
    for name, rounds in results.items():
        tokens, seconds, core = (sum(result[key] for result in rounds) for key in ("tokens", "seconds", "core seconds"))
        speed, by_core = tokens / seconds, tokens / core
        first = first or (speed, by_core)
        by_round = ", ".join(f"{result['seconds']:.1f}" for result in rounds)
        ratios = f"{speed / first[0]:.3f} | {by_core:,.0f} | {by_core / first[1]:.3f}"
        print(f"| {work}, {name} | {tokens:,} | {by_round} | {speed:,.0f} | {ratios} |")


def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def timed(work: Callable[[], list[str]], chat: Any) -> tuple[list[str], dict[str, float]]:
    """The texts that the work gives, and what they took; their ends count as a token."""
    began, core = time.perf_counter(), core_seconds()
    texts = work()
    spent = {"seconds": time.perf_counter() - began, "core seconds": core_seconds() - core}
    return texts, {"tokens": sum(len(chat.encode(text)) + 1 for text in texts), **spent}


def sharded(compute: Callable[[int], int], count: int, size: int) -> None:
    """Shards of `count` rows, with as many in flight as a run has."""
    for _ in in_flight(compute, range(0, count, size), IN_FLIGHT):
        pass


def stage() -> Callable[[], dict[str, Any]]:
    """The stage `synthesize`, in shards."""
    model = load_model(MODEL, backend="vllm", **OPTIONS)
    synthesize(model=model, count=WARM_UP, max_tokens=MAX_TOKENS, seed=1)

    def work() -> list[str]:
        texts: list[str] = []

        def compute(start: int) -> int:
            kept = synthesize(model=model, start=start, count=SHARD, max_tokens=MAX_TOKENS, seed=0).kept
            texts.extend(messages[0]["content"] for messages in kept["messages"])
            return SHARD

        sharded(compute, INSTRUCTIONS, SHARD)
        return texts

    return lambda: timed(work, model.chat)[1]


def chain(engine: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """The stage `respond`, and then `fit`, in shards."""
    model = load_model(MODEL, backend="vllm", engine=engine, **OPTIONS)
    made = synthesize(model=model, count=CONVERSATIONS + RESPONSE_SHARD, max_tokens=MAX_TOKENS, seed=1).kept
    system = {"role": "system", "content": SYSTEM}
    pool = from_rows([{"id": row["id"], "messages": [system, *row["messages"]]} for row in made])
    written: dict[int, Dataset] = {}

    def write(start: int) -> int:
        shard = pool.select(range(start, start + RESPONSE_SHARD))
        options = {"candidates": CANDIDATES, "max_tokens": RESPONSE_TOKENS}
        written[start] = respond(shard, models=[model], **options).kept
        return RESPONSE_SHARD

    def texts() -> list[str]:
        return [one["content"] for start in sorted(written) for row in written[start]["candidates"] for one in row]

    def responses() -> list[str]:
        sharded(write, CONVERSATIONS, RESPONSE_SHARD)
        return texts()

    def scores() -> list[str]:
        sharded(lambda start: len(fit(written[start], model=model).kept), CONVERSATIONS, RESPONSE_SHARD)
        return texts()

    write(CONVERSATIONS)  # to warm up
    fit(written.pop(CONVERSATIONS), model=model)

    def work() -> dict[str, Any]:
        answers, responding = timed(responses, model.chat)
        return {"respond": responding, "fit": timed(scores, model.chat)[1], "texts": answers}

    return work


def bare() -> Callable[[], dict[str, Any]]:
    """One call of `LLM.generate`."""
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    from vllm import LLM, SamplingParams

    chat = load_model(MODEL).chat
    llm = LLM(MODEL, **OPTIONS)
    prefix, stop = chat.encode(chat.pre_query_prefix()), list(chat.user_stop_token_ids)
    seeds = [derive_seed(0, "synthesize", number, 0) for number in range(INSTRUCTIONS)]
    prompts = [{"prompt_token_ids": prefix} for _ in seeds]
    parameters = [
        SamplingParams(seed=seed, max_tokens=MAX_TOKENS, stop_token_ids=stop, ignore_eos=True) for seed in seeds
    ]
    llm.generate(prompts[:WARM_UP], parameters[:WARM_UP], use_tqdm=False)

    def work() -> list[str]:
        outputs = llm.generate(prompts, parameters, use_tqdm=False)
        return [output.outputs[0].text for output in outputs if output.outputs[0].finish_reason == "stop"]

    return lambda: timed(work, chat)[1]


if __name__ == "__main__":
    main()
