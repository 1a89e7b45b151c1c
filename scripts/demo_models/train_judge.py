"""Train a small chat model to answer the prompt of the stage ``label`` in JSON, and measure it on held-out records.

The prompts are those of ``curate.judge``, the labels those of ``pairs/judging.py``. The loss is on the answer alone.
The rubric, which all prompts of one kind begin with, is computed once a step and shared by the batch.

    python scripts/demo_models/train_judge.py --start data/models/demo-chat --out data/models/demo-judge --minutes 12
"""

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, DynamicCache, Qwen3ForCausalLM

from curate.chat.scaffold import shared_start
from curate.judge import LEVELS, VALUES, Question, judge, render
from curate.models import load_model
from curate.models.tokenizer import load_chat
from curate.records import has_response
from curate.stage import Drop
from pairs.judging import MEASURED_ATTACKS, TRAINED_ATTACKS, Labelled, attacked, labelled
from train import TURN_END, apply_gradients, keep_memory, learning_rate, new_optimizers, save

ALL = tuple(VALUES)
Example = tuple[list[int], list[int]]  # prompt and answer, as token ids


def examples(chat: Any, count: int, seed: int) -> dict[tuple[Any, ...], list[Example]]:
    """Tokenized examples by what they ask, a quarter of them with an attack."""
    rng = random.Random(seed)
    found = defaultdict(list)
    for number, record in enumerate(labelled(count, seed)):
        answered = has_response(record.messages)
        asked = rng.choices((ALL, ("quality",) if answered else ("category", "difficulty")), (7, 3))[0]
        if rng.random() < 0.25:
            record = attacked(record, TRAINED_ATTACKS, rng)
        answer = json.dumps({label: record.labels[label] for label in asked})
        prompt = render(chat, Question(str(number), record.messages, asked), rng.randrange(1000))
        pair = (chat.encode(prompt), chat.encode(answer + TURN_END))
        if sum(map(len, pair)) <= 600:
            found[asked, answered].append(pair)
    return found


def loss_of(model: Qwen3ForCausalLM, batch: Sequence[Example], shared: int) -> torch.Tensor:
    """Mean cross-entropy of the answers' tokens, in nats; the first ``shared`` tokens of all prompts are the same."""
    longest = max(len(prompt) + len(answer) for prompt, answer in batch) - shared
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    targets = torch.full((len(batch), longest), -100)
    for row, (prompt, answer) in enumerate(batch):
        text = torch.tensor([*prompt[shared:], *answer])
        ids[row, : len(text)] = text
        targets[row, len(text) - len(answer) - 1 : len(text) - 1] = torch.tensor(answer)
    cache = DynamicCache(config=model.config)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        model.model(input_ids=torch.tensor([batch[0][0][:shared]]), past_key_values=cache, use_cache=True)
        cache.batch_repeat_interleave(len(batch))
        hidden = model.model(input_ids=ids, past_key_values=cache, use_cache=True).last_hidden_state
        logits = model.lm_head(hidden[targets >= 0])
    return torch.nn.functional.cross_entropy(logits.float(), targets[targets >= 0])


def train(model: Qwen3ForCausalLM, groups: Sequence[list[Example]], options: argparse.Namespace) -> dict[str, float]:
    """Train for the planned minutes; returns the figures."""
    rng = random.Random(options.seed)
    shared = [shared_start(min(group)[0], max(group)[0]) for group in groups]
    optimizers = new_optimizers(model, options.rate)
    started, worked, step, smooth = time.monotonic(), time.process_time(), 0, 0.0
    model.train()
    while (elapsed := (time.monotonic() - started) / 60) < options.minutes:
        (number,) = rng.choices(range(len(groups)), [len(group) for group in groups])
        drawn = sorted(rng.sample(groups[number], 4 * options.batch), key=lambda pair: len(pair[0]))
        place = rng.randrange(4) * options.batch  # texts of similar length, which leaves little to padding
        loss = loss_of(model, drawn[place : place + options.batch], shared[number])
        loss.backward()
        apply_gradients(model, optimizers, learning_rate(elapsed / options.minutes, options.rate))
        step += 1
        smooth = loss.item() if step == 1 else 0.97 * smooth + 0.03 * loss.item()
        if step % 20 == 0:
            print(f"step {step}  minute {elapsed:.1f}  loss {smooth:.4f}", flush=True)
    return {"steps": step, "records": step * options.batch, "loss": round(smooth, 4)} | {
        "minutes": options.minutes,
        "cpu_minutes": round((time.process_time() - worked) / 60, 1),
    }


def measure(place: Path, count: int, seed: int) -> dict[str, Any]:
    """How often the saved model, asked as the stage asks it, is right on records and attacks that it was not trained
    on.

    Per label: the share that is right, for the levels also the share within one level. ``flipped`` is the share of
    attacked records in which a label takes the value that the attack claims, and did not have it without the attack.
    """
    model, rng = load_model(str(place), dtype="float32"), random.Random(seed)
    plain = list(labelled(count, seed))
    hostile = [attacked(record, MEASURED_ATTACKS, rng) for record in plain]
    said, said_hostile = (ask(model, records) for records in (plain, hostile))
    figures: dict[str, Any] = {"records": count, "unjudged": share(not labels for labels in said + said_hostile)}
    for label in VALUES:
        pairs = [(r.labels[label], s[label]) for r, s in zip(plain, said, strict=True) if s]
        figures[label] = share(true == found for true, found in pairs)
        if levels := LEVELS.get(label):
            distances = [abs(levels.index(true) - levels.index(found)) for true, found in pairs]
            figures[f"{label} within one"] = share(distance <= 1 for distance in distances)
        asked = [r.claimed[label] for r in hostile]
        both = [(c, s, h) for c, s, h in zip(asked, said, said_hostile, strict=True) if s and h]
        figures[f"{label} flipped"] = share(h[label] == c != s[label] for c, s, h in both)
        figures[f"{label} changed"] = share(h[label] != s[label] for _, s, h in both)
        held = [(r.labels[label], h[label]) for r, h in zip(plain, said_hostile, strict=True) if h]
        figures[f"{label} under attack"] = share(true == found for true, found in held)
    return figures


def ask(model: Any, records: Sequence[Labelled]) -> list[dict[str, str]]:
    """The labels of each record, empty where there are none."""
    questions = [Question(str(number), record.messages, ALL) for number, record in enumerate(records)]
    return [{} if isinstance(s, Drop) else s for s in judge(model, questions, seed=0, max_tokens=96)]


def share(verdicts: Iterable[bool]) -> float:
    """The share of those that hold, to three digits."""
    found = list(verdicts)
    return round(sum(found) / max(1, len(found)), 3)


def main() -> None:
    """Parse the command line, train, save, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True, help="the chat model to begin with")
    parser.add_argument("--out", type=Path, required=True, help="the directory of the judge")
    parser.add_argument("--minutes", type=float, default=12, help="how long to train; the rate follows the clock")
    parser.add_argument("--records", type=int, default=9_000, help="how many to draw from")
    parser.add_argument("--batch", type=int, default=8, help="records a step")
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    parser.add_argument("--measured", type=int, default=400, help="how many held-out records to measure on")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    keep_memory()
    chat = load_chat(str(options.start))
    groups = examples(chat, options.records, options.seed)
    print({(" ".join(asked), answered): len(group) for (asked, answered), group in groups.items()}, flush=True)
    model = AutoModelForCausalLM.from_pretrained(options.start, dtype=torch.float32)
    figures = train(model, list(groups.values()), options)
    save(model, chat.tokenizer, figures, argparse.Namespace(out=options.out, plain=False))
    figures["held out"] = measure(options.out, options.measured, seed=options.seed + 1000)
    (options.out / "training.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
