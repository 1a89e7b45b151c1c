"""Tokens a second on vLLM: the stage `synthesize`, shard by shard as a run works, against one bare `LLM.generate`.

    python benchmarks/synthesis.py

Prints the rows for benchmarks/RESULTS.md. Both complete the same prompts with the same seeds, at temperature 1.0, each
in a process and an engine of its own, in turns; each round's seconds are printed, and the sums compared. The engine's
start and first steps are not counted, the stage's probe and its second attempts are. Tokens are those of the
instructions that ended, encoded again, their end included.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from contender import serve, take_turns

from curate.models.spec import load_model
from curate.records.identity import derive_seed
from curate.runs.run import IN_FLIGHT
from curate.runs.shards import in_flight
from curate.stages.synthesize import synthesize

MODEL = "data/models/demo-chat"
INSTRUCTIONS = 8192
SHARD = 256  # the default of a pipeline
MAX_TOKENS = 160
WARM_UP = 64
ROUNDS = 4
OPTIONS = {"dtype": "float32", "max_model_len": 1024}


def main() -> None:
    if sys.argv[1:]:
        serve({"bare": bare, "stage": stage}[json.loads(sys.argv[2])["contender"]]())
        return
    results = take_turns(__file__, {name: {"contender": name} for name in ("bare", "stage")}, ROUNDS)
    speeds = {}
    for name, rounds in results.items():
        tokens, seconds = (sum(result[key] for result in rounds) for key in ("tokens", "seconds"))
        speeds[name] = tokens / seconds
        by_round = ", ".join(f"{result['seconds']:.1f}" for result in rounds)
        print(f"| {name} | {tokens:,} | {by_round} | {speeds[name]:,.0f} | {speeds[name] / speeds['bare']:.3f} |")
    print(f"Load {os.getloadavg()[0]:.1f}.")


def stage() -> Callable[[], dict[str, Any]]:
    """The stage, in shards, with as many in flight as a run has."""
    model = load_model(MODEL, backend="vllm", **OPTIONS)
    synthesize(model=model, count=WARM_UP, max_tokens=MAX_TOKENS, seed=1)

    def work() -> dict[str, Any]:
        texts: list[str] = []

        def compute(start: int) -> int:
            kept = synthesize(model=model, start=start, count=SHARD, max_tokens=MAX_TOKENS, seed=0).kept
            texts.extend(messages[0]["content"] for messages in kept["messages"])
            return SHARD

        began = time.perf_counter()
        for _ in in_flight(compute, range(0, INSTRUCTIONS, SHARD), IN_FLIGHT):
            pass
        seconds = time.perf_counter() - began
        return {"tokens": sum(len(model.chat.encode(text)) + 1 for text in texts), "seconds": seconds}

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

    def work() -> dict[str, Any]:
        began = time.perf_counter()
        outputs = llm.generate(prompts, parameters, use_tqdm=False)
        seconds = time.perf_counter() - began
        ended = [output.outputs[0].text for output in outputs if output.outputs[0].finish_reason == "stop"]
        return {"tokens": sum(len(chat.encode(text)) + 1 for text in ended), "seconds": seconds}

    return work


if __name__ == "__main__":
    main()
