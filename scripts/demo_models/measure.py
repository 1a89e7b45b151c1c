"""Measure a chat model as a teacher: let it write instructions and answers, and print what a model card says.

python scripts/demo_models/measure.py data/models/demo-chat --count 600
"""

import argparse
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

SENTINEL = "SENTINEL"


def complete(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[str],
    temperature: float,
    most: int,
    batch: int,
) -> list[tuple[str, bool]]:
    """Complete every prompt: the text, and whether it ended by itself within so many tokens."""
    found: list[tuple[str, bool]] = []
    tokenizer.padding_side = "left"
    for start in range(0, len(prompts), batch):
        inputs = tokenizer(prompts[start : start + batch], return_tensors="pt", padding=True, add_special_tokens=False)
        sampling = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}
        output = model.generate(**inputs, max_new_tokens=most, eos_token_id=tokenizer.eos_token_id, **sampling)
        for ids in output[:, inputs["input_ids"].shape[1] :]:
            ended = bool((ids == tokenizer.eos_token_id).any())
            found.append((tokenizer.decode(ids, skip_special_tokens=True).strip(), ended))
    return found


def main() -> None:
    """Sample, answer, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="the directory of the model")
    parser.add_argument("--count", type=int, default=600, help="how many instructions")
    parser.add_argument("--temperature", type=float, default=1.0, help="of the instructions")
    parser.add_argument("--answer-temperature", type=float, default=0.7, help="of the answers; 0 is greedy")
    parser.add_argument("--system", help="a system prompt that steers the topic")
    parser.add_argument("--most", type=int, default=200, help="the most tokens of an instruction or an answer")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--show", type=int, default=10, help="how many pairs to print")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model).eval()
    system = [{"role": "system", "content": options.system}] if options.system else []

    rendered = tokenizer.apply_chat_template([*system, {"role": "user", "content": SENTINEL}], tokenize=False)
    prefix = rendered[: rendered.index(SENTINEL)]
    started = time.monotonic()
    instructions = complete(
        model, tokenizer, [prefix] * options.count, options.temperature, options.most, options.batch
    )
    writing = time.monotonic() - started
    prompts = [
        tokenizer.apply_chat_template(
            [*system, {"role": "user", "content": text}], tokenize=False, add_generation_prompt=True
        )
        for text, _ in instructions
    ]
    started = time.monotonic()
    answers = complete(model, tokenizer, prompts, options.answer_temperature, options.most, options.batch)
    answering = time.monotonic() - started

    count = len(instructions)
    print(f"instructions: {count} in {writing:.1f} s; answers: {count} in {answering:.1f} s")
    print(f"distinct after lower-casing: {len({text.lower() for text, _ in instructions}) / count:.1%}")
    print(f"instructions that end: {sum(ended for _, ended in instructions) / count:.1%}")
    print(f"answers that end: {sum(ended for _, ended in answers) / count:.1%}")
    for (instruction, _), (answer, _) in list(zip(instructions, answers, strict=True))[: options.show]:
        print(f"\n**User:** {instruction}\n\n**Assistant:** {answer}")


if __name__ == "__main__":
    main()
