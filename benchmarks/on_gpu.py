"""Scoring and generation of the `transformers` backend on a GPU, against plain loops of transformers.

A Qwen3 of 1.7 billion parameters with random weights: speed does not depend on what they are. Scoring is measured as
model FLOPs utilisation: 2 FLOPs a weight and token of the layers, and a weight of the output layer and scored token.

    python benchmarks/on_gpu.py --out gpu.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3Config

from curate import load_model
from curate.models.protocols import Prompt, Sampling

PEAK = 989e12  # FLOPs a second of an H100 or H200 SXM in dense bfloat16, by NVIDIA's data sheet
TOKENIZER = "data/models/demo-chat"
SHAPES = {
    "1.7B": {"hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16},
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
}


def make_model(shape: str, directory: Path) -> None:
    """Saves a Qwen3 of this shape with random weights, and the demo models' tokenizer."""
    sizes = SHAPES[shape]
    config = Qwen3Config(
        **sizes,
        num_key_value_heads=sizes["num_attention_heads"] // 2,
        head_dim=128,
        vocab_size=151_936,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(directory)
    AutoTokenizer.from_pretrained(TOKENIZER).save_pretrained(directory)


def timed(work: Callable[[], Any]) -> float:
    """Seconds of the second call: the first one compiles and fills caches."""
    work()
    torch.cuda.synchronize()
    begin = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - begin


def candidates(instructions: int, each: int, prompt: int, response: int) -> tuple[list[list[int]], list[list[int]]]:
    """Token sequences and masks: `each` responses to every instruction, of a half to one and a half of the lengths."""
    rng = np.random.default_rng(0)
    sequences, masks = [], []
    for _ in range(instructions):
        question = rng.integers(100, 4000, rng.integers(prompt // 2, prompt * 3 // 2)).tolist()
        for _ in range(each):
            answer = rng.integers(100, 4000, rng.integers(response // 2, response * 3 // 2)).tolist()
            sequences.append(question + answer)
            masks.append([0] * len(question) + [1] * len(answer))
    return sequences, masks


def plain_scores(model: Any, sequences: list[list[int]], masks: list[list[int]]) -> None:
    """The textbook loop: one sequence at a time, all logits."""
    with torch.inference_mode():
        for sequence, mask in zip(sequences, masks, strict=True):
            ids = torch.tensor([sequence], device=model.device)
            logits = model(input_ids=ids).logits[0, :-1].float()
            chosen = logits.log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0]
            chosen[torch.tensor(mask[1:], device=model.device).bool()].cpu()


def measure_scoring(ours: Any, plain: Any, instructions: int) -> dict[str, float]:
    """Tokens a second and utilisation of both, where every candidate is read whole."""
    sequences, masks = candidates(instructions, 8, 256, 384)
    layers = sum(p.numel() for name, p in plain.named_parameters() if "embed" not in name and "lm_head" not in name)
    head = plain.get_output_embeddings().weight.numel()
    tokens, scored = sum(map(len, sequences)), sum(map(sum, masks))
    flops = 2 * (layers * tokens + head * scored)
    seconds = {
        "ours": timed(lambda: ours.score(sequences, masks)),
        "loop": timed(lambda: plain_scores(plain, sequences, masks)),
    }
    shared = {tuple(s[: m.index(1)]) for s, m in zip(sequences, masks, strict=True)}
    fed = scored + sum(map(len, shared))
    return {
        "sequences": len(sequences),
        "tokens": tokens,
        "tokens fed once for shared prompts": fed,
        **{f"{name} tokens/s": round(tokens / s) for name, s in seconds.items()},
        **{f"{name} MFU": round(flops / s / PEAK, 3) for name, s in seconds.items()},
        "ours MFU of what is fed": round(2 * (layers * fed + head * scored) / seconds["ours"] / PEAK, 3),
    }


def measure_generation(ours: Any, plain: Any, prompts: int, length: int) -> dict[str, float]:
    """Tokens a second: 4 samples of each prompt, all of the same length."""
    rng = np.random.default_rng(1)
    texts = [rng.integers(100, 4000, 64).tolist() for _ in range(prompts)]
    sampling = Sampling((), length, temperature=1.0, top_p=0.95, n=4)
    ids = torch.tensor(texts, device=plain.device)
    options = {"do_sample": True, "top_p": 0.95, "top_k": 0, "num_return_sequences": 4, "pad_token_id": 0}
    made = prompts * 4 * length
    seconds = {
        "ours": timed(lambda: ours.complete([Prompt(text, n) for n, text in enumerate(texts)], sampling)),
        "generate": timed(
            lambda: plain.generate(ids, max_new_tokens=length, min_new_tokens=length, eos_token_id=None, **options)
        ),
    }
    return {
        "texts": prompts * 4,
        "tokens each": length,
        **{f"{n} tokens/s": round(made / s) for n, s in seconds.items()},
    }


def main() -> None:
    """Parse the command line, measure, and print and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="1.7B")
    parser.add_argument("--instructions", type=int, default=64, help="to score, 8 candidates each")
    parser.add_argument("--prompts", type=int, default=64, help="to complete, 4 samples each")
    parser.add_argument("--length", type=int, default=256, help="tokens of a sample")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        make_model(arguments.shape, Path(directory))
        ours = load_model(directory)
        plain = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.bfloat16).to("cuda").eval()
        seen = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "shape": arguments.shape}
        seen["scoring"] = measure_scoring(ours, plain, arguments.instructions)
        print(json.dumps(seen), flush=True)
        seen["generation"] = measure_generation(ours, plain, arguments.prompts, arguments.length)
    arguments.out.write_text(json.dumps(seen, indent=2) + "\n")
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
