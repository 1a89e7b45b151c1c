"""Tokens a second of sampling: our decoding loop, `generate` of transformers, vLLM and llama.cpp's server.

    python benchmarks/generation.py [--model MODEL]

Prints the table for benchmarks/RESULTS.md. Every contender has a process of its own and keeps its model loaded; they
complete the pre-query prefix, once for each of `--prompts` seeds, in turn, `--rounds` times, and the fastest round
counts. All sample at temperature 1.0 and top_p 0.95, until a user turn ends; tokens are those of the texts, their ends
included. vLLM and llama.cpp (the package xllamacpp) run where they are installed, llama.cpp where the model is a GGUF
file, with its weights as the file has them. Memory is the peak of all processes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from contender import core_seconds, serve, take_turns

from curate.models.locate import loadable_model, locate
from curate.models.protocols import Prompt, Sampling
from curate.models.spec import load_model

MODEL = "data/models/demo-chat"
MAX_TOKENS = 128
TEMPERATURE, TOP_P = 1.0, 0.95
WARM_UP = 4
OPTIONAL = {"vllm": "vllm", "llama.cpp": "xllamacpp"}  # contenders, and the packages that they need
Ready = tuple[Callable[[int], int], Callable[[], None]]
"""What completes so many prompts, and says how many tokens it wrote; and what ends it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=MODEL, help="directory, GGUF file, hub name, or package:NAME/PATH")
    parser.add_argument("--dtype", default="auto", help="of all but llama.cpp; by default what ours takes here")
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2, help="of each contender, in turn")
    parser.add_argument("--work", help="for internal use: one contender in this process")
    arguments = parser.parse_args()
    if arguments.work:
        _serve(json.loads(arguments.work))
        return
    print(
        f"{arguments.model}, {arguments.prompts} texts of at most {MAX_TOKENS} tokens. Load {os.getloadavg()[0]:.1f}."
    )
    common = {"model": arguments.model, "dtype": _dtype(arguments.dtype), "prompts": arguments.prompts}
    tasks = {
        name: {**common, "contender": name}
        for name in CONTENDERS
        if (name not in OPTIONAL or find_spec(OPTIONAL[name]))
        and (name != "llama.cpp" or arguments.model.endswith(".gguf"))
    }
    print("\n| | precision | tokens | seconds | tokens/s | to ours | tokens per core second | peak memory, MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    results = take_turns(__file__, tasks, arguments.rounds)
    to_beat = max(result["tokens"] / result["seconds"] for result in results["curate"])
    for name, rounds in results.items():
        best = max(rounds, key=lambda result: result["tokens"] / result["seconds"])
        speed, peak = best["tokens"] / best["seconds"], best["peak"] / 2**20
        work = max(result["tokens"] / result["core_seconds"] for result in rounds)
        print(
            f"| {name} | {'as in the file' if name == 'llama.cpp' else common['dtype']} | {best['tokens']:,} | "
            f"{best['seconds']:.1f} | {speed:,.0f} | {speed / to_beat:.2f} | {work:,.0f} | {peak:,.0f} |"
        )


def _dtype(name: str) -> str:
    from curate.models.in_process.hardware import pick_device, pick_dtype

    return str(pick_dtype(name, pick_device("auto"))).removeprefix("torch.")


# --- one contender, in its own process --------------------------------------------------------------------------------


def _serve(task: dict[str, Any]) -> None:
    """Loads the model, warms up on a few texts, and measures a round for every line of the standard input."""
    complete, close = CONTENDERS[task["contender"]](task)
    complete(WARM_UP)

    def work() -> dict[str, Any]:
        began, cores_began = time.perf_counter(), core_seconds()
        tokens = complete(task["prompts"])
        seconds, cores = time.perf_counter() - began, core_seconds() - cores_began
        return {"tokens": tokens, "seconds": seconds, "core_seconds": cores, "peak": _peak()}

    serve(work)
    close()


def ours(task: dict[str, Any]) -> Ready:
    """The `transformers` backend."""
    return backend(load_model(task["model"], dtype=task["dtype"]))


def vllm(task: dict[str, Any]) -> Ready:
    """vLLM's engine, in our backend."""
    return backend(load_model(task["model"], backend="vllm", dtype=task["dtype"], max_model_len=4 * MAX_TOKENS))


def backend(model: Any) -> Ready:
    """A model of one of our backends."""
    prefix = model.chat.encode(model.chat.pre_query_prefix())
    sampling = Sampling(tuple(model.chat.user_stop_token_ids), MAX_TOKENS, TEMPERATURE, TOP_P)

    def complete(prompts: int) -> int:
        texts = [text for (text,) in model.complete([Prompt(prefix, seed) for seed in range(prompts)], sampling)]
        return sum(len(model.chat.encode(text.text)) + (text.finish_reason == "stop") for text in texts)

    return complete, model.close


def generate(task: dict[str, Any]) -> Ready:
    """`generate` of transformers, all prompts in one batch."""
    import torch
    from transformers import AutoModelForCausalLM

    from curate.models.tokenizer import load_chat

    chat = load_chat(task["model"])
    peer = AutoModelForCausalLM.from_pretrained(
        loadable_model(task["model"]), dtype=getattr(torch, task["dtype"])
    ).eval()
    peer.to("cuda" if torch.cuda.is_available() else "cpu")
    prefix = torch.tensor([chat.encode(chat.pre_query_prefix())], device=peer.device)
    stop = list(chat.user_stop_token_ids)
    torch.manual_seed(0)

    def complete(prompts: int) -> int:
        written = peer.generate(
            input_ids=prefix.expand(prompts, -1),
            attention_mask=torch.ones_like(prefix).expand(prompts, -1),
            do_sample=True,
            temperature=TEMPERATURE,
            top_p=TOP_P,
            top_k=0,
            max_new_tokens=MAX_TOKENS,
            eos_token_id=stop,
            pad_token_id=0,
        )[:, prefix.shape[1] :].cpu()
        ends = torch.isin(written, torch.tensor(stop))
        return int(torch.where(ends.any(-1), ends.int().argmax(-1) + 1, written.shape[1]).sum())

    return complete, lambda: None


def llama_cpp(task: dict[str, Any]) -> Ready:
    """llama.cpp's server, in threads of this process, asked by our `server` backend for all prompts at once."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(locate(task["model"]))
    parameters.model_alias = {"model"}
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.n_parallel, parameters.n_ctx = task["prompts"], task["prompts"] * 4 * MAX_TOKENS
    parameters.cpuparams.n_threads = os.cpu_count() or 1
    server = xllamacpp.Server(parameters)
    complete, close = backend(
        load_model(
            "model",
            backend="server",
            base_url=f"{server.listening_address}/v1",
            tokenizer=task["model"],
            concurrency=task["prompts"],
        )
    )
    return complete, lambda: (close(), server)[0]


CONTENDERS = {"curate": ours, "generate": generate, "vllm": vllm, "llama.cpp": llama_cpp}


def _peak() -> int:
    """The most memory so far, in bytes: of the GPU, or of this process and its children."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    states = [Path(f"/proc/{process.pid}/status").read_text() for process in processes]
    return sum(int(peak[1]) * 1024 for state in states if (peak := re.search(r"VmHWM:\s+(\d+) kB", state)))


if __name__ == "__main__":
    main()
