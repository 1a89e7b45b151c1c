"""Train a small Qwen3 model and its tokenizer from scratch on a CPU, on instruction-response pairs.

The pairs are a file that ``curate.load`` reads. Conversations are rendered in ChatML with the loss on all tokens, so
the model also learns to write the user's turns; with ``--plain`` they are plain text without markup. Documents end in
``<|endoftext|>`` and are packed into rows; every row begins with the beginning of a document, what does not fit at its
end is cut, and attention may look across documents. Set ``OMP_WAIT_POLICY=PASSIVE`` on a machine that does other work
as well: threads then wait without spinning.

    python scripts/demo_models/train.py --pairs pairs.jsonl --out demo-chat --minutes 40
    python scripts/demo_models/train.py --pairs pairs.jsonl --out demo-base --minutes 12 --plain --tokenizer demo-chat
"""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from tokenizers import AddedToken
from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen2Tokenizer, Qwen3Config, Qwen3ForCausalLM

from curate import load
from training import END_OF_TEXT, TURN_END, TURN_START, descend, keep_memory, save, write_json

THINKING = ("<think>", "</think>")
CONTEXT = 1024
TEMPLATE = Path(__file__).parent / "chat_template.jinja"
HEAD = 64  # width of an attention head
LENGTH, BATCH = 512, 8  # tokens of a row, rows of a step

Messages = list[dict[str, str]]


def read(path: Path) -> list[Messages]:
    """The conversations of a file; all of its lines must hold one, and it needs 100."""
    pool = load(path=str(path))
    if pool.dropped:
        line = pool.dropped[0]
        raise typer.BadParameter(f"{path}, line {line['line']}: {line['reason']}")
    if len(pool.kept) < 100:
        raise typer.BadParameter(f"{path}: {len(pool.kept)} conversations are too few to train on; 100 are the least")
    return [
        [{"role": message["role"], "content": message["content"]} for message in messages]
        for messages in pool.kept["messages"]
    ]


def prose(messages: Messages) -> str:
    """The conversation as prose: the turns of user and assistant, separated by blank lines."""
    return "\n\n".join(message["content"] for message in messages if message["role"] != "system")


def new_tokenizer(conversations: list[Messages], vocabulary: int = 4096) -> PreTrainedTokenizerFast:
    """Qwen's byte-level BPE trained on the conversations, with the ChatML tokens and the chat template."""
    texts = (f"{message['role']}\n{message['content']}" for messages in conversations for message in messages)
    added = {"new_special_tokens": [TURN_START, TURN_END], "show_progress": False}
    bpe = Qwen2Tokenizer().train_new_from_iterator(texts, vocabulary - len(THINKING), **added)
    bpe.add_tokens([AddedToken(mark, normalized=False) for mark in THINKING])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe.backend_tokenizer,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[TURN_START],
        clean_up_tokenization_spaces=False,
        model_max_length=CONTEXT,
    )
    tokenizer.chat_template = TEMPLATE.read_text(encoding="utf-8")
    return tokenizer


def encode(tokenizer: PreTrainedTokenizerFast, conversations: list[Messages], as_prose: bool) -> list[np.ndarray]:
    """Render and tokenize the conversations, each with ``<|endoftext|>`` at its end."""
    documents: list[np.ndarray] = []
    for start in range(0, len(conversations), 2000):
        part = conversations[start : start + 2000]
        texts = map(prose, part) if as_prose else tokenizer.apply_chat_template(part, tokenize=False)
        encoded = tokenizer([text + END_OF_TEXT for text in texts], add_special_tokens=False, verbose=False)
        documents += [np.asarray(ids, dtype=np.uint16) for ids in encoded["input_ids"]]
    return documents


def rows(documents: Sequence[np.ndarray], seed: int, once: bool = False) -> Iterator[np.ndarray]:
    """Packed rows of ``LENGTH + 1`` tokens, over shuffled documents, epoch after epoch (or one epoch only)."""
    rng = random.Random(seed)
    order = list(documents)
    row: list[np.ndarray] = []
    filled = 0
    while True:
        rng.shuffle(order)
        for document in order:
            row.append(document)
            filled += len(document)
            if filled > LENGTH:
                yield np.concatenate(row)[: LENGTH + 1].astype(np.int64)
                row, filled = [], 0
        if once:
            return


def new_model(
    tokenizer: PreTrainedTokenizerFast, *, width: int = 256, intermediate: int = 768, layers: int = 4, seed: int = 0
) -> Qwen3ForCausalLM:
    """A Qwen3 model with random weights."""
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=width // HEAD,
        num_key_value_heads=1,
        head_dim=HEAD,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        attention_dropout=0.0,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        use_cache=True,
    )
    return Qwen3ForCausalLM(config)


def loss_of(model: Qwen3ForCausalLM, batch: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of the next token over all positions, in nats."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), batch[:, 1:].flatten())


def losses(model: Qwen3ForCausalLM, documents: Sequence[np.ndarray], seed: int) -> Iterator[torch.Tensor]:
    """The loss of one batch of rows after another."""
    stream = rows(documents, seed)
    while True:
        yield loss_of(model, torch.from_numpy(np.stack([next(stream) for _ in range(BATCH)])))


@torch.no_grad()
def held_out_loss(model: Qwen3ForCausalLM, documents: Sequence[np.ndarray]) -> float:
    """Mean loss over packed rows of documents that were not trained on."""
    model.eval()
    found = [loss_of(model, torch.from_numpy(row)[None]).item() for row in rows(documents, 0, once=True)]
    return sum(found) / len(found)


def main(
    pairs: Annotated[Path, typer.Option(exists=True, help="a JSONL file of conversations")],
    out: Annotated[Path, typer.Option(help="the directory of the new model")],
    minutes: Annotated[float, typer.Option(help="how long to train; the rate follows the clock")] = 15,
    plain: Annotated[bool, typer.Option("--plain", help="plain text without chat markup: a base model")] = False,
    tokenizer: Annotated[
        Path | None, typer.Option(exists=True, help="use the tokenizer of this directory instead of a new one")
    ] = None,
    rate: Annotated[float, typer.Option(help="the highest learning rate")] = 3e-3,
    seed: int = 0,
) -> None:
    """Read, tokenize, train, measure, save."""
    keep_memory()
    torch.set_num_threads(2)
    conversations = read(pairs)
    random.Random(seed).shuffle(conversations)
    reader = AutoTokenizer.from_pretrained(tokenizer) if tokenizer else new_tokenizer(conversations[:50_000])
    reader.eos_token = END_OF_TEXT if plain else TURN_END
    apart = min(1000, len(conversations) // 50)
    held_out, documents = (encode(reader, part, plain) for part in (conversations[:apart], conversations[apart:]))
    model = new_model(reader, seed=seed)
    tokens = sum(map(len, documents))
    figures = {"parameters": model.num_parameters(), "documents": len(documents), "corpus_tokens": tokens}
    print(figures, flush=True)
    figures |= descend(model, losses(model, documents, seed), minutes, rate)
    figures |= {"tokens": figures["steps"] * BATCH * LENGTH, "held_out_loss": round(held_out_loss(model, held_out), 4)}
    save(model, reader, out)
    write_json(figures, out / "training.json")
    print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
