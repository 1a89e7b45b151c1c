"""Measure a chat model as a teacher: let it write instructions and answers, and print what a model card says.

python scripts/demo_models/measure.py data/models/demo-chat --count 600
"""

import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from curate.models.tokenizer import load_chat

LONGEST, BATCH, SHOWN = 200, 100, 10  # tokens of a text, texts at once, pairs that are printed


def complete(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], temperature: float
) -> list[tuple[str, bool]]:
    """Complete every prompt: the text, and whether it ended by itself."""
    found: list[tuple[str, bool]] = []
    tokenizer.padding_side = "left"
    end = tokenizer.eos_token_id
    sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "max_new_tokens": LONGEST}
    for start in range(0, len(prompts), BATCH):
        inputs = tokenizer(prompts[start : start + BATCH], return_tensors="pt", padding=True, add_special_tokens=False)
        output = model.generate(**inputs, eos_token_id=end, **sampling)[:, inputs["input_ids"].shape[1] :]
        texts = tokenizer.batch_decode(output, skip_special_tokens=True)
        found += zip((text.strip() for text in texts), (output == end).any(dim=1).tolist(), strict=True)
    return found


def main(
    model: Annotated[Path, typer.Argument(exists=True, help="the directory of the model")],
    count: Annotated[int, typer.Option(help="how many instructions")] = 600,
    temperature: Annotated[float, typer.Option(help="of the instructions")] = 1.0,
    answer_temperature: Annotated[float, typer.Option(help="of the answers")] = 0.7,
    seed: int = 0,
) -> None:
    """Sample, answer, print."""
    torch.manual_seed(seed)
    chat, writer = load_chat(str(model)), AutoModelForCausalLM.from_pretrained(model).eval()
    started = time.monotonic()
    instructions = complete(writer, chat.tokenizer, [chat.pre_query_prefix()] * count, temperature)
    writing = time.monotonic() - started
    prompts = [chat.generation_prompt([{"role": "user", "content": text}]) for text, _ in instructions]
    answers = complete(writer, chat.tokenizer, prompts, answer_temperature)
    answering = time.monotonic() - started - writing
    print(f"instructions: {count} in {writing:.1f} s; answers: {count} in {answering:.1f} s")
    print(f"distinct after lower-casing: {len({text.lower() for text, _ in instructions}) / count:.1%}")
    print(f"instructions that end: {sum(ended for _, ended in instructions) / count:.1%}")
    print(f"answers that end: {sum(ended for _, ended in answers) / count:.1%}")
    for (instruction, _), (answer, _) in list(zip(instructions, answers, strict=True))[:SHOWN]:
        print(f"\n**User:** {instruction}\n\n**Assistant:** {answer}")


if __name__ == "__main__":
    typer.run(main)
