"""What the trainers of the demo models share: the optimizers, a rate that follows the clock, and saving."""

import ctypes
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"


def keep_memory() -> None:
    """Let the allocator of Linux reuse large blocks: giving them back after every step takes as long as the step."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        trim_threshold, top_pad, mmap_max, arena_max = -1, -2, -4, -8
        for option, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 2**28), (arena_max, 1)):
            libc.mallopt(option, value)


def new_optimizers(model: Qwen3ForCausalLM, rate: float) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the matrices and AdamW for the rest."""
    matrices = [weight for weight in model.model.layers.parameters() if weight.ndim == 2]
    others = [model.model.embed_tokens.weight, *(weight for weight in model.parameters() if weight.ndim == 1)]
    return (
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    )


def learning_rate(progress: float, peak: float) -> float:
    """Linear warm-up over the first 2% of the time, then a cosine to zero."""
    warm = min(progress / 0.02, 1.0)
    return peak * warm * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def descend(model: Qwen3ForCausalLM, losses: Iterator[torch.Tensor], minutes: float, rate: float) -> dict[str, float]:
    """Train on one loss a step for so many minutes; returns the figures, with a smoothed loss in nats."""
    optimizers = new_optimizers(model, rate)
    started, worked, step, smooth = time.monotonic(), time.process_time(), 0, 0.0
    model.train()
    while (elapsed := (time.monotonic() - started) / 60) < minutes:
        loss = next(losses)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(elapsed / minutes, rate)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        smooth = loss.item() if step == 1 else 0.98 * smooth + 0.02 * loss.item()
        if step % 20 == 0:
            print(f"step {step}  minute {elapsed:.1f}  loss {smooth:.4f}", flush=True)
    figures = {"steps": step, "minutes": round(elapsed, 1), "training_loss": round(smooth, 4)}
    return figures | {"cpu_minutes": round((time.process_time() - worked) / 60, 1)}


def save(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write weights in bfloat16, tokenizer and generation settings."""
    ends = list(dict.fromkeys([tokenizer.eos_token_id, tokenizer.pad_token_id]))
    model.generation_config.eos_token_id = ends[0] if len(ends) == 1 else ends
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    settings = out / "tokenizer_config.json"
    described = json.loads(settings.read_text(encoding="utf-8"))
    # The names that every version of transformers reads.
    described["tokenizer_class"] = "PreTrainedTokenizerFast"
    described["additional_special_tokens"] = described.pop("extra_special_tokens", [TURN_START])
    for name in ("backend", "is_local", "local_files_only"):
        described.pop(name, None)
    write_json(described, settings)


def write_json(value: dict[str, Any], path: Path) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
