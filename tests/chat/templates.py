"""TRL's templates and what a tokenizer for them needs, and templates of other makes, written by hand."""

import re
from pathlib import Path

import trl

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
ROLES = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.role == 'assistant' %}REASONING{% endif %}{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA2 = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + m.content.strip() + ' [/INST]' }}"
    "{% elif m.role == 'assistant' %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL_SYSTEM_LAST = (
    "{{ bos_token }}{% for m in messages if m.role != 'system' %}{% if m.role == 'user' %}[INST]"
    "{% if loop.last or loop.length - loop.index == 1 %}{% if messages[0].role == 'system' %}"
    "{{ messages[0].content + '\n\n' }}{% endif %}{% endif %}{{ m.content }}[/INST]"
    "{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}"
)
ZEPHYR = (
    "{% for m in messages %}{{ '<~' + m.role + '~>\n' + m.content + eos_token + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<~assistant~>\n{% endif %}"
)
VICUNA = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ 'USER: ' + m.content + ' ' }}"
    "{% else %}{{ 'ASSISTANT: ' + m.content + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def trl_template(name: str) -> str:
    """The template that TRL ships under this name, in Jinja."""
    return (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
