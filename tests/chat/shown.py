"""Where TRL's templates lie, what a tokenizer for them needs, and how the tests show a masked conversation."""

import re
from pathlib import Path

import trl
from transformers import PreTrainedTokenizerFast

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
SPECIAL = re.compile(
    r"<\|[^|<>\s'\"]+\|>"  # <|im_start|>
    r"|<\|[a-z_]+>|<[a-z_]+\|>"  # <|turn> <turn|>
    r"|<｜[^｜<>\s]+｜>"  # <｜User｜>
    r"|</?(?:start_of_turn|end_of_turn|end_of_utterance|think|bos|eos|s|sop|image|start_of_image)>"
    r"|\[/?INST\]|\[gMASK\]"
)
TEXT = [
    "The capital of France is Paris, said the cat. ",
    "法国的首都是巴黎。你好！",
    "Write a poem.\n\n1. One\n2. Two\n",
    "🙂 ",
]


def mark(tokenizer: PreTrainedTokenizerFast, ids: list[int], mask: list[int]) -> str:
    text, run = "", []
    for position, token in enumerate(ids):
        run.append(token)
        if position + 1 == len(ids) or mask[position + 1] != mask[position]:
            decoded = tokenizer.decode(run)
            text += f"⟦{decoded}⟧" if mask[position] else decoded
            run = []
    return text
