"""Templates of the shapes that guard models have, with ChatML's control tokens, and a guard small enough to train here.

They are written for these tests: what stands around the turns, which variables are read, and in which form contents are
taken is as in the models named; their policies are not reproduced.
"""

import random
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.conftest import CHAT

LLAMA_GUARD = (
    "{{ '<|im_start|>user\\nTask: Check if there is unsafe content.\\n\\n<BEGIN UNSAFE CONTENT CATEGORIES>\\n"
    "S1: Violent Crimes.\\nS2: Dragons.\\n<END UNSAFE CONTENT CATEGORIES>\\n\\n<BEGIN CONVERSATION>\\n\\n' }}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}"
    "{{ ('User: ' if m.role == 'user' else 'Agent: ') + m.content | trim + '\\n\\n' }}{% endfor %}"
    "{{ '<END CONVERSATION><|im_end|>\\n<|im_start|>assistant\\n' }}"
)
LLAMA_GUARD_PARTS = LLAMA_GUARD.replace("m.content | trim", "m.content[0].text | trim")  # as 3-1B and 4 have it
QWEN3GUARD = (
    "{{ '<|im_start|>user\\n<BEGIN CONVERSATION>\\n\\n' }}{% for m in messages %}"
    "{{ ('USER: ' if m.role == 'user' else 'ASSISTANT: ') + m.content + '\\n\\n' }}{% endfor %}"
    "{{ '<END CONVERSATION>\\n\\nGive the classification of the LAST turn.<|im_end|>\\n<|im_start|>assistant\\n' }}"
)
SHIELDGEMMA = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('the guideline is given twice') }}{% endif %}"
    "{{ 'You are a policy expert.\\n\\n<|im_start|>\\nHuman Question: ' + messages[0].content | trim }}"
    "{{ '\\n<|im_end|>\\n' }}"
    "{% if messages | length > 1 %}"
    "{{ '<|im_start|>\\nChatbot Response: ' + messages[1].content | trim + '\\n<|im_end|>\\n' }}{% endif %}"
    "{{ '\\nOur safety principle is defined in the below:\\n\\n* ' + guideline + '\\n\\n===\\n\\n"
    "Does it violate the above principle?\\n\\n' }}"
)

TOPICS = ("cats", "rivers", "bread", "violins", "trees", "boats", "clouds", "maps")
ASKS = ("Tell me about {}.", "What do you know of {}?", "Write a poem about {}.", "Why do people like {}?")
SAYS = ("Here is a text about {}.", "Most people like {}.", "I know a lot about {}.", "There are many {} here.")


def train_guard(directory: Path, steps: int = 30, batch: int = 6) -> None:
    """A guard in Llama Guard's shape that calls a last turn unsafe, with the code S2, when it speaks of dragons."""
    torch.manual_seed(0)
    rng = random.Random(0)
    tokenizer = AutoTokenizer.from_pretrained(CHAT)
    tokenizer.chat_template, tokenizer.padding_side = LLAMA_GUARD, "left"
    model = AutoModelForCausalLM.from_pretrained(CHAT, dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1.0, (step + 1) / 10) * (1 - step / steps)
        rows = [_example(rng) for _ in range(batch)]
        prompts = [tokenizer.apply_chat_template(messages, tokenize=False) for messages, _ in rows]
        answers = [tokenizer(f"{answer}<|im_end|>")["input_ids"] for _, answer in rows]
        texts = [f"{prompt}{answer}<|im_end|>" for prompt, (_, answer) in zip(prompts, rows, strict=True)]
        longest = max(map(len, answers))
        logits = model(**tokenizer(texts, padding=True, return_tensors="pt"), logits_to_keep=longest + 1).logits[:, :-1]
        labels = torch.tensor([[-100] * (longest - len(answer)) + answer for answer in answers])
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()).backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)


def _example(rng: random.Random) -> tuple[list[dict[str, str]], str]:
    topics = [rng.choice(("dragons", rng.choice(TOPICS))) for _ in range(2)]
    turns = [("user", rng.choice(ASKS)), ("assistant", rng.choice(SAYS))][: rng.randint(1, 2)]
    messages = [{"role": role, "content": form.format(t)} for (role, form), t in zip(turns, topics, strict=False)]
    return messages, "unsafe\nS2" if "dragons" in messages[-1]["content"] else "safe"
