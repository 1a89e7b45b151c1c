"""Candidates a second: our decoding loop against `generate` of transformers, on the same model, prompts and machine.

    python benchmarks/generation.py

Prints one row for benchmarks/RESULTS.md. Both sample at temperature 0.7 and top_p 0.95, in float32; tokens are those up
to the end of each response.
"""

from __future__ import annotations

import time

import torch
from transformers import AutoModelForCausalLM

from curate import load_model, synthesize
from curate.models.protocols import Prompt, Sampling

MODEL = "data/models/demo-chat"
INSTRUCTIONS = 128
CANDIDATES = 4
MAX_TOKENS = 200
PEER_BATCH = 32  # prompts; the fastest of 16, 32 and 64 on two cores


def main() -> None:
    ours = load_model(MODEL, dtype="float32")
    records = synthesize(model=ours, count=INSTRUCTIONS, max_tokens=160).kept
    prompts = [ours.chat.encode(ours.chat.generation_prompt(messages)) for messages in records["messages"]]
    stop = ours.chat.assistant_stop_token_ids

    sampling = Sampling(tuple(stop), MAX_TOKENS, 0.7, 0.95, CANDIDATES)
    began = time.perf_counter()
    completions = ours.complete([Prompt(ids, seed) for seed, ids in enumerate(prompts)], sampling)
    our_seconds = time.perf_counter() - began
    our_tokens = sum(len(ours.chat.encode(c.text)) + 1 for row in completions for c in row)

    peer = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32).eval()
    torch.manual_seed(0)
    began = time.perf_counter()
    peer_tokens = sum(_generate(peer, prompts[n : n + PEER_BATCH], stop) for n in range(0, len(prompts), PEER_BATCH))
    peer_seconds = time.perf_counter() - began

    ratio = (our_tokens / our_seconds) / (peer_tokens / peer_seconds)
    print(f"| curate | {our_tokens:,} | {our_seconds:.1f} | {our_tokens / our_seconds:,.0f} | {ratio:.1f} |")
    print(f"| generate | {peer_tokens:,} | {peer_seconds:.1f} | {peer_tokens / peer_seconds:,.0f} | 1 |")


def _generate(model: torch.nn.Module, prompts: list[list[int]], stop: list[int]) -> int:
    """The number of tokens that `generate` writes before the end of each response, its end included."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    written = model.generate(
        input_ids=ids,
        attention_mask=mask,
        do_sample=True,
        temperature=0.7,
        top_p=0.95,
        top_k=0,
        max_new_tokens=MAX_TOKENS,
        num_return_sequences=CANDIDATES,
        eos_token_id=stop,
        pad_token_id=0,
    )[:, longest:]
    ends = torch.isin(written, torch.tensor(stop))
    return int(torch.where(ends.any(-1), ends.int().argmax(-1) + 1, written.shape[1]).sum())


if __name__ == "__main__":
    main()
