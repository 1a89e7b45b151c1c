"""Train a small Qwen3 model and its tokenizer from scratch on a CPU, on instruction-response pairs.

Each line of the pairs is a JSON object with ``messages`` or with ``instruction`` and ``response``. Conversations are
rendered in ChatML with the loss on all tokens, so the model also learns to write the user's turns; with ``--plain``
they are plain text without markup. Documents end in ``<|endoftext|>`` and are packed into rows; every row begins with
the beginning of a document, what does not fit at its end is cut, and attention may look across documents. Set
``OMP_WAIT_POLICY=PASSIVE`` on a machine that does other work as well: threads then wait without spinning.

    python scripts/demo_models/train.py --pairs pairs.jsonl --out demo-chat --minutes 40
    python scripts/demo_models/train.py --pairs pairs.jsonl --out demo-base --minutes 12 --plain --tokenizer demo-chat
"""

import argparse
import ctypes
import json
import math
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
THINKING = ("<think>", "</think>")
CONTEXT = 1024
TEMPLATE = Path(__file__).parent / "chat_template.jinja"
# Qwen's pattern: single digits, words with the space before them, runs of punctuation, line breaks.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
ROLES = ("system", "user", "assistant")

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Corpus:
    """Documents as one array of token ids, and where each of them starts and ends."""

    tokens: np.ndarray
    bounds: np.ndarray

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def document(self, index: int) -> np.ndarray:
        """The token ids of one document."""
        return self.tokens[self.bounds[index] : self.bounds[index + 1]]


def keep_memory() -> None:
    """Let the allocator of Linux reuse large blocks: giving them back after every step takes as long as the step."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        trim_threshold, top_pad, mmap_max, arena_max = -1, -2, -4, -8
        for option, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 2**28), (arena_max, 1)):
            libc.mallopt(option, value)


def fail(sentence: str) -> None:
    """End the program with one line and exit code 2."""
    print(f"error: {sentence}", file=sys.stderr)
    raise SystemExit(2)


def conversation(line: str, place: str) -> Messages:
    """The messages of one line of JSON."""
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        fail(f"{place} is not JSON: {error}")
    if not isinstance(entry, dict):
        fail(f"{place} is not a JSON object")
    if "messages" not in entry and {"instruction", "response"} <= entry.keys():
        pair = zip(("user", "assistant"), (entry["instruction"], entry["response"]), strict=True)
        entry = {"messages": [{"role": role, "content": content} for role, content in pair]}
    messages = entry.get("messages")
    if not isinstance(messages, list) or not messages:
        fail(f"{place} has neither 'messages' nor 'instruction' and 'response'; it has {', '.join(entry) or 'no keys'}")
    for message in messages:
        if message.get("role") not in ROLES or not isinstance(message.get("content"), str):
            fail(f"{place} has a message without a text or with a role other than {', '.join(ROLES)}: {message}")
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def read(paths: list[Path]) -> list[Messages]:
    """Every conversation of the files."""
    found = []
    for path in paths:
        if not path.is_file():
            fail(f"there is no file {path}")
        with path.open(encoding="utf-8") as file:
            found += [conversation(line, f"{path}, line {n},") for n, line in enumerate(file, 1) if line.strip()]
    if len(found) < 100:
        fail(f"{len(found)} conversations are too few to train on; 100 are the least")
    return found


def plain(messages: Messages) -> str:
    """The conversation as prose: the turns of user and assistant, separated by blank lines."""
    return "\n\n".join(message["content"] for message in messages if message["role"] != "system")


def new_tokenizer(conversations: list[Messages], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on the conversations, with the ChatML tokens and the chat template."""
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    special = [END_OF_TEXT, TURN_START, TURN_END]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(THINKING),
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (f"{message['role']}\n{message['content']}" for messages in conversations for message in messages)
    bpe.train_from_iterator(texts, trainer)
    bpe.add_tokens([AddedToken(mark, normalized=False) for mark in THINKING])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[TURN_START],
        clean_up_tokenization_spaces=False,
        model_max_length=CONTEXT,
    )
    tokenizer.chat_template = TEMPLATE.read_text(encoding="utf-8")
    return tokenizer


def encode(tokenizer: PreTrainedTokenizerFast, conversations: list[Messages], as_prose: bool) -> Corpus:
    """Render, tokenize and concatenate the conversations, each with ``<|endoftext|>`` at its end."""
    documents: list[np.ndarray] = []
    for start in range(0, len(conversations), 2000):
        part = conversations[start : start + 2000]
        texts = (
            [plain(messages) for messages in part] if as_prose else tokenizer.apply_chat_template(part, tokenize=False)
        )
        encoded = tokenizer([text + END_OF_TEXT for text in texts], add_special_tokens=False, verbose=False)
        documents += [np.asarray(ids, dtype=np.uint16) for ids in encoded["input_ids"]]
    return Corpus(np.concatenate(documents), np.cumsum([0] + [len(document) for document in documents]))


def rows(corpus: Corpus, length: int, seed: int, once: bool = False) -> Iterator[np.ndarray]:
    """Packed rows of ``length + 1`` tokens, over shuffled documents, epoch after epoch (or one epoch only)."""
    rng = random.Random(seed)
    order = list(range(len(corpus)))
    row: list[np.ndarray] = []
    filled = 0
    while True:
        rng.shuffle(order)
        for index in order:
            document = corpus.document(index)
            row.append(document)
            filled += len(document)
            if filled > length:
                yield np.concatenate(row)[: length + 1].astype(np.int64)
                row, filled = [], 0
        if once:
            return


def new_model(tokenizer: PreTrainedTokenizerFast, options: argparse.Namespace) -> Qwen3ForCausalLM:
    """A Qwen3 model with random weights."""
    if options.width % options.head_dim:
        fail(f"--width {options.width} is not a multiple of --head-dim {options.head_dim}")
    torch.manual_seed(options.seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=options.width,
        intermediate_size=options.intermediate,
        num_hidden_layers=options.layers,
        num_attention_heads=options.width // options.head_dim,
        num_key_value_heads=1,
        head_dim=options.head_dim,
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


def learning_rate(progress: float, peak: float) -> float:
    """Linear warm-up over the first 2% of the time, then a cosine to zero."""
    warm = min(progress / 0.02, 1.0)
    return peak * warm * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def new_optimizers(model: Qwen3ForCausalLM, rate: float) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the matrices and AdamW for the rest."""
    matrices = [weight for weight in model.model.layers.parameters() if weight.ndim == 2]
    others = [model.model.embed_tokens.weight, *(weight for weight in model.parameters() if weight.ndim == 1)]
    return (
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    )


def apply_gradients(model: Qwen3ForCausalLM, optimizers: tuple[torch.optim.Optimizer, ...], rate: float) -> None:
    """One step of the optimizers at this learning rate."""
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def train(model: Qwen3ForCausalLM, corpus: Corpus, options: argparse.Namespace) -> dict[str, float]:
    """Train for the planned minutes; returns the figures."""
    optimizers = new_optimizers(model, options.rate)
    stream = rows(corpus, options.length, options.seed)
    started, step, smooth = time.monotonic(), 0, 0.0
    model.train()
    while (elapsed := (time.monotonic() - started) / 60) < options.minutes:
        batch = torch.from_numpy(np.stack([next(stream) for _ in range(options.batch)]))
        loss = loss_of(model, batch)
        loss.backward()
        apply_gradients(model, optimizers, learning_rate(elapsed / options.minutes, options.rate))
        step += 1
        smooth = loss.item() if step == 1 else 0.98 * smooth + 0.02 * loss.item()
        if step % 20 == 0:
            tokens = step * options.batch * options.length
            rate = tokens / (time.monotonic() - started)
            print(f"step {step}  minute {elapsed:.1f}  loss {smooth:.3f}  {rate:.0f} tokens/s", flush=True)
    minutes = (time.monotonic() - started) / 60
    tokens = step * options.batch * options.length
    return {"steps": step, "tokens": tokens, "minutes": round(minutes, 1), "training_loss": round(smooth, 4)}


@torch.no_grad()
def held_out_loss(model: Qwen3ForCausalLM, corpus: Corpus, options: argparse.Namespace) -> float:
    """Mean loss over packed rows of documents that were not trained on."""
    model.eval()
    losses = [loss_of(model, torch.from_numpy(row)[None]).item() for row in rows(corpus, options.length, 0, once=True)]
    return sum(losses) / len(losses)


def save(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, figures: dict, options: argparse.Namespace
) -> None:
    """Write weights in bfloat16, tokenizer, generation settings and ``training.json``."""
    ends = [tokenizer.pad_token_id] if options.plain else [tokenizer.eos_token_id, tokenizer.pad_token_id]
    model.generation_config.eos_token_id = ends[0] if len(ends) == 1 else ends
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.to(torch.bfloat16).save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    settings = options.out / "tokenizer_config.json"
    described = json.loads(settings.read_text(encoding="utf-8"))
    # The names that every version of transformers reads.
    described["tokenizer_class"] = "PreTrainedTokenizerFast"
    described["additional_special_tokens"] = described.pop("extra_special_tokens", [TURN_START])
    for name in ("backend", "is_local", "local_files_only"):
        described.pop(name, None)
    settings.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (options.out / "training.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, nargs="+", required=True, help="JSONL files of conversations")
    parser.add_argument("--out", type=Path, required=True, help="the directory of the new model")
    parser.add_argument("--minutes", type=float, default=15, help="how long to train; the rate follows the clock")
    parser.add_argument("--plain", action="store_true", help="plain text without chat markup: a base model")
    parser.add_argument("--tokenizer", type=Path, help="use the tokenizer of this directory instead of a new one")
    parser.add_argument("--vocabulary", type=int, default=4096, help="size of a new tokenizer")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--intermediate", type=int, default=768)
    parser.add_argument("--head-dim", type=int, default=64)
    parser.add_argument("--length", type=int, default=512, help="tokens per row")
    parser.add_argument("--batch", type=int, default=8, help="rows per step")
    parser.add_argument("--rate", type=float, default=3e-3, help="the highest learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Read, tokenize, train, measure, save."""
    options = parse()
    keep_memory()
    if options.tokenizer and not options.tokenizer.is_dir():
        fail(f"there is no directory {options.tokenizer} to take a tokenizer from")
    torch.set_num_threads(options.threads)
    conversations = read(options.pairs)
    random.Random(options.seed).shuffle(conversations)
    if options.tokenizer:
        tokenizer = AutoTokenizer.from_pretrained(options.tokenizer)
    else:
        tokenizer = new_tokenizer(conversations[:50_000], options.vocabulary)
    tokenizer.eos_token = END_OF_TEXT if options.plain else TURN_END
    apart = min(1000, len(conversations) // 50)
    held_out, corpus = (
        encode(tokenizer, part, options.plain) for part in (conversations[:apart], conversations[apart:])
    )
    model = new_model(tokenizer, options)
    size = sum(weight.numel() for weight in model.parameters())
    print(f"{size:,} parameters, {len(corpus):,} documents, {len(corpus.tokens):,} tokens", flush=True)
    figures = {"parameters": size, "documents": len(corpus), "corpus_tokens": len(corpus.tokens)}
    figures |= train(model, corpus, options)
    figures["held_out_loss"] = round(held_out_loss(model, held_out, options), 4)
    save(model, tokenizer, figures, options)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
