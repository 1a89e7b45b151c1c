"""Conversations to render, and how the tests show a masked one."""

from transformers import PreTrainedTokenizerFast

ENGLISH = [
    {"role": "system", "content": "You are a geographer."},
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "Paris."},
    {"role": "user", "content": "And of Spain?"},
    {"role": "assistant", "content": "Madrid.\n\nAnything else?"},
]
CHINESE = [
    {"role": "system", "content": "你是一位地理老师。"},
    {"role": "user", "content": "法国的首都是哪里？"},
    {"role": "assistant", "content": "巴黎。"},
    {"role": "user", "content": "西班牙呢？"},
    {"role": "assistant", "content": "马德里。🙂"},
]


def turns(*contents: str) -> list[dict]:
    """A conversation of user and assistant by turns."""
    return [{"role": ("user", "assistant")[index % 2], "content": text} for index, text in enumerate(contents)]


def user(text: str) -> dict:
    return {"role": "user", "content": text}


def assistant(text: str, reasoning: str | None = None) -> dict:
    return {"role": "assistant", "content": text} | ({"reasoning_content": reasoning} if reasoning else {})


def mark(tokenizer: PreTrainedTokenizerFast, ids: list[int], mask: list[int]) -> str:
    text, run = "", []
    for position, token in enumerate(ids):
        run.append(token)
        if position + 1 == len(ids) or mask[position + 1] != mask[position]:
            decoded = tokenizer.decode(run)
            text += f"⟦{decoded}⟧" if mask[position] else decoded
            run = []
    return text


def loose(text: str) -> str:
    """Whitespace beside a mark may belong to a token on its other side."""
    return "".join(text.split())
