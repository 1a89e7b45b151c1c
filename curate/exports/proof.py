"""The proof of an export: its files are read back as the trainer reads them, rendered by its rules, and compared."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq

from curate.chat import ChatTemplate, Tokenized
from curate.errors import CurateError
from curate.exports.conversation import Conversation, Message, as_object
from curate.exports.formats import Format
from curate.exports.rendered import Refused, Rendered, difference
from curate.models.locate import display_name
from curate.records.files import plain
from curate.records.texts import spoken

Expected = Sequence[Conversation]  # the conversations of one row


@dataclass
class Proof:
    """How many renderings were compared (conversations, where there is no tokenizer: `by_tokens`), and
    the kinds of what a trainer does otherwise, each with how often and an example."""

    compared: int = 0
    by_tokens: bool = True
    differences: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    longest: int = 0

    @property
    def same(self) -> bool:
        """Whether the trainer makes of every row the text and the mask that `prepare` proved."""
        return not self.differences

    def note(self, kind: str, name: str, shown: str = "") -> None:
        """The record of this id differs so."""
        self.differences[kind] += 1
        self.examples.setdefault(kind, f"{name}: {shown}" if shown else name)


def read_back(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of an exported file as trainers get them: by `datasets`, or of Parquet by Arrow."""
    if path.suffix == ".parquet":
        for batch in pq.ParquetFile(path).iter_batches(batch_size=1000):
            yield from batch.to_pylist()
        return
    shown = not datasets.are_progress_bars_disabled()
    with tempfile.TemporaryDirectory() as cache:
        datasets.disable_progress_bars()
        try:
            rows = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=cache)
        finally:
            if shown:
                datasets.enable_progress_bars()
        yield from rows


def prove(
    form: Format, rows: Iterable[dict[str, Any]], expected: Iterable[tuple[str, Expected]], chat: ChatTemplate | None
) -> Proof:
    """Compares the rows of a file with the conversations that they were made of; `expected` has an id for each row."""
    proof = Proof(by_tokens=form.render is not None)
    for row, (name, conversations) in zip(rows, expected, strict=True):
        for restored, wanted in zip(form.restore(row), conversations, strict=True):
            if changed := _changed(restored, wanted, form.leaves_out):
                proof.note(changed, name)
        proof.compared += len(conversations)
        if form.render is None or chat is None:
            continue
        proved = [tokenized(chat, wanted) for wanted in conversations]
        proof.longest = max([proof.longest, *(len(tokens.input_ids) for tokens in proved)])
        try:
            rendered = form.render(row, chat)
        except Refused as refusal:
            proof.note(str(refusal), name)
            continue
        for made, one in zip(rendered, proved, strict=True):
            proof.longest = max(proof.longest, len(made.input_ids))
            if other := difference(chat, one, made, last_turn=form.last_turn):
                proof.note(other.kind, name, other.shown)
    return proof


def merged(proofs: Sequence[Proof]) -> Proof:
    """The proof of several files together."""
    whole = Proof(by_tokens=proofs[0].by_tokens)
    for proof in proofs:
        whole.compared += proof.compared
        whole.longest = max(whole.longest, proof.longest)
        whole.differences += proof.differences
        whole.examples = {**proof.examples, **whole.examples}
    return whole


def tokenized(chat: ChatTemplate, conversation: Conversation) -> Tokenized:
    """What `prepare` proves of a conversation; raises CurateError as `ChatTemplate.tokenize` does."""
    return chat.tokenize(conversation.messages, conversation.tools or None)


def refusal(chat: ChatTemplate, conversation: Conversation) -> str | None:
    """Why `prepare` would not keep a conversation, whatever its length; None where it would."""
    texts = [t for m in conversation.messages for t in (spoken({"content": "", **m}), m.get("reasoning_content") or "")]
    if any(chat.control_tokens_in(texts)):
        return "a text holds control tokens of the template, which would take effect"
    try:
        proved = tokenized(chat, conversation)
    except CurateError as error:
        return str(error).replace(chat.name, display_name(chat.name))  # it is written to a file that may be uploaded
    return None if any(proved.assistant_mask) else "the loss mask covers no token"


def token_rows(conversations: Iterable[Conversation], chat: ChatTemplate) -> Iterator[dict[str, list[int]]]:
    """The tokens that `prepare` proved, and labels: -100 where the mask is 0."""
    for conversation in conversations:
        _, ids, mask = tokenized(chat, conversation)
        yield {"input_ids": ids, "labels": [token if bit else -100 for token, bit in zip(ids, mask, strict=True)]}


def as_rendered(row: dict[str, Any]) -> Rendered:
    """A row of `token_rows`, read back."""
    return Rendered(list(row["input_ids"]), [int(label != -100) for label in row["labels"]])


def _changed(restored: Conversation, wanted: Conversation, leaves_out: Sequence[str]) -> str | None:
    """Which part of a conversation comes back as another one, in words."""
    theirs, ours = (_canonical(conversation, leaves_out) for conversation in (restored, wanted))
    if theirs.tools != ours.tools:
        return "the tools come back changed"
    if len(theirs.messages) != len(ours.messages):
        return f"{len(ours.messages)} turns come back as {len(theirs.messages)}"
    for mine, its in zip(ours.messages, theirs.messages, strict=True):
        its = _without_new_ids(its, mine)
        keys = sorted(key for key in mine.keys() | its.keys() if mine.get(key) != its.get(key))
        if keys:
            return f"{' and '.join(keys)} of {mine['role']} turns come back changed"
    return None


def _without_new_ids(message: Message, before: Message) -> Message:
    """The message without the ids of calls that it did not have before: some formats give them."""
    kept = {key: value for key, value in message.items() if key != "tool_call_id" or key in before}
    if "tool_calls" in kept and all(call[2] is None for call in before.get("tool_calls", ())):
        kept["tool_calls"] = [(*call[:2], None) for call in kept["tool_calls"]]
    return kept


def _canonical(conversation: Conversation, leaves_out: Sequence[str]) -> Conversation:
    """The conversation without what the format has no place for; arguments as objects, an absent content empty."""
    messages = []
    for message in conversation.messages:
        kept = {key: value for key, value in plain(dict(message)).items() if key not in leaves_out}
        kept["content"] = kept.get("content") or ""
        if calls := kept.pop("tool_calls", None):
            kept["tool_calls"] = [
                (
                    call["function"]["name"],
                    as_object(call["function"].get("arguments", "{}")),
                    None if "tool_call_id" in leaves_out else call.get("id"),
                )
                for call in calls
            ]
        messages.append(kept)
    return Conversation(messages, plain(conversation.tools))
