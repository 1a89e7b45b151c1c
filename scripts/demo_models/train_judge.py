"""Train a small chat model to answer the prompt of the stage ``label`` in JSON, and measure it on held-out records.

The prompts are those of ``curate.stages.label.judge``, the labels those of ``pairs/judging.py``. The loss is on the
answer alone. The rubric, which all prompts of one kind begin with, is computed once a step and shared by the batch.

    python scripts/demo_models/train_judge.py --start data/models/demo-chat --out data/models/demo-judge --minutes 12
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from transformers import AutoModelForCausalLM, DynamicCache, Qwen3ForCausalLM

from curate.chat.scaffold import shared_start
from curate.models.spec import load_model
from curate.models.tokenizer import load_chat
from curate.outcome import Drop
from curate.records.labels import LEVELS, VALUES
from curate.records.schema import has_response
from curate.stages.label.judge import Question, judge, render
from pairs.judging import MEASURED_ATTACKS, TRAINED_ATTACKS, Labelled, attacked, labelled
from training import TURN_END, descend, keep_memory, save, write_json

BATCH = 8  # records of a step
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


def losses(model: Qwen3ForCausalLM, groups: Sequence[list[Example]], seed: int) -> Iterator[torch.Tensor]:
    """The loss of one batch after another, each of one group."""
    rng = random.Random(seed)
    shared = [shared_start(min(group)[0], max(group)[0]) for group in groups]
    while True:
        (number,) = rng.choices(range(len(groups)), [len(group) for group in groups])
        drawn = sorted(rng.sample(groups[number], 4 * BATCH), key=lambda pair: len(pair[0]))
        place = rng.randrange(4) * BATCH  # texts of similar length, which leaves little to padding
        yield loss_of(model, drawn[place : place + BATCH], shared[number])


def measure(place: Path, count: int, seed: int) -> dict[str, Any]:
    """How often the saved model, asked as the stage asks it, is right on records and attacks that are new to it.

    Per label: the share that is right, for the levels also the share within one level. ``flipped`` is the share of
    attacked records in which a label takes the value that the attack claims, and did not have it without the attack.
    """
    model, rng = load_model(str(place), dtype="float32"), random.Random(seed)
    plain = list(labelled(count, seed))
    hostile = [attacked(record, MEASURED_ATTACKS, rng) for record in plain]
    said, said_hostile = (ask(model, records) for records in (plain, hostile))
    figures: dict[str, Any] = {"records": count, "unjudged": share(not labels for labels in said + said_hostile)}
    for label in VALUES:
        found = [(record.labels[label], labels[label]) for record, labels in zip(plain, said, strict=True) if labels]
        figures[label] = share(true == value for true, value in found)
        if levels := LEVELS.get(label):
            distances = [abs(levels.index(true) - levels.index(value)) for true, value in found]
            figures[f"{label} within one"] = share(distance <= 1 for distance in distances)
        attacks = [(r, h[label], s.get(label)) for r, s, h in zip(hostile, said, said_hostile, strict=True) if h]
        both = [(r.claimed[label], after, before) for r, after, before in attacks if before]
        figures[f"{label} flipped"] = share(after == claimed != before for claimed, after, before in both)
        figures[f"{label} changed"] = share(after != before for _, after, before in both)
        figures[f"{label} under attack"] = share(r.labels[label] == after for r, after, _ in attacks)
    return figures


def ask(model: Any, records: Sequence[Labelled]) -> list[dict[str, str]]:
    """The labels of each record, empty where there are none."""
    questions = [Question(str(number), record.messages, ALL) for number, record in enumerate(records)]
    return [{} if isinstance(s, Drop) else s for s in judge(model, questions, seed=0, max_tokens=96)]


def share(verdicts: Iterable[bool]) -> float:
    """The share of those that hold, to three digits."""
    found = list(verdicts)
    return round(sum(found) / max(1, len(found)), 3)


def main(
    start: Annotated[Path, typer.Option(exists=True, help="the chat model to begin with")],
    out: Annotated[Path, typer.Option(help="the directory of the judge")],
    minutes: Annotated[float, typer.Option(help="how long to train; the rate follows the clock")] = 12,
    records: Annotated[int, typer.Option(help="how many to draw from")] = 9_000,
    rate: Annotated[float, typer.Option(help="the highest learning rate")] = 2e-3,
    measured: Annotated[int, typer.Option(help="how many held-out records to measure on")] = 400,
    seed: int = 1,
) -> None:
    """Train, save, measure."""
    keep_memory()
    chat = load_chat(str(start))
    groups = examples(chat, records, seed)
    print({(" ".join(asked), answered): len(group) for (asked, answered), group in groups.items()}, flush=True)
    model = AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32)
    figures: dict[str, Any] = descend(model, losses(model, list(groups.values()), seed), minutes, rate)
    save(model, chat.tokenizer, out)
    figures |= {"records": figures["steps"] * BATCH, "held out": measure(out, measured, seed=seed + 1000)}
    write_json(figures, out / "training.json")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    typer.run(main)
