"""`export`: a run's or a file's records in the format of a trainer, proven by reading them back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curate.chat import ChatTemplate
from curate.errors import CurateError, nearest
from curate.exports import preference
from curate.exports.beside import write_beside
from curate.exports.conversation import Conversation, conversation_of
from curate.exports.exported import MARK, Export, Item, write_rows
from curate.exports.formats import Format, get_format
from curate.exports.proof import Proof, merged, prove, read_back, refusal
from curate.exports.source import NEEDS_TARGET, Source, open_source
from curate.exports.split import validation_rows
from curate.records.schema import candidate_scores


def export(
    source: Any,
    *,
    to: str,
    output: str | Path,
    form: str | None = None,
    target: str | None = None,
    split: float | None = None,
    by: str | None = None,
    margin: float = 0.0,
    seed: int = 0,
) -> Export:
    """Writes the records of `source` (a run's directory, a `Run`, or what `load` reads) in the format `to`.

    `form` is another form of it: `prompt-completion` of trl, `kto` of preference. `target` is the model to be trained,
    by default the one of the run's `prepare`. `split` is the share of records for validation. `by` names the score of
    candidates by which preference pairs are made, at least `margin` apart. The files are read back, rendered as the
    trainer does it, and compared with what `prepare` proves: `Export.proof`.

    Raises CurateError when the arguments do not fit, before anything is read, and when nothing is left to write.
    """
    chosen, directory = get_format(to, form), Path(output)
    _check(chosen, directory, split, by)
    opened = open_source(source, target, candidates=chosen.pairs)
    if chosen.pairs and by not in (names := candidate_scores(opened.records)):
        hint = nearest(str(by), names) if names else "its records have no candidates with scores"
        raise CurateError(f"export: by: there is no score {by!r}; {hint}")
    if opened.chat is None and chosen.render is not None:
        raise CurateError(f"export: {NEEDS_TARGET}")
    left_out = Counter({"the line could not be read": opened.unreadable} if opened.unreadable else {})
    validation = validation_rows(opened.records, split, seed) if split else np.zeros(len(opened.records), dtype=bool)
    items = list(_items(opened, chosen, left_out, by or "", margin))
    parts = {"train": [item for row, item in items if not validation[row]]}
    if split:
        parts["validation"] = [item for row, item in items if validation[row]]
    if empty := [name for name, part in parts.items() if not part]:
        raise CurateError(f"export: no record is left for {empty[0]}: {_why(left_out)}")
    _clear(directory)
    files = {name: f"{name}{chosen.suffix}" for name in parts}
    for name, part in parts.items():
        write_rows((row for item in part for row in item.rows), directory / files[name])
    proof = merged([_prove(chosen, directory / files[name], part, opened.chat) for name, part in parts.items()])
    counts = {files[name]: sum(len(item.rows) for item in part) for name, part in parts.items()}
    exported = Export(directory, counts, proof, left_out=left_out)
    write_beside(exported, opened, to, chosen, parts, files)
    return exported


def _check(chosen: Format, directory: Path, split: float | None, by: str | None) -> None:
    if chosen.pairs and not by:
        raise CurateError("export: preference pairs are made by a score of the candidates; name it: --by reward")
    if split is not None and not 0 < split < 1:
        raise CurateError(f"export: split must lie between 0 and 1, found {split:g}")
    if directory.is_file():
        raise CurateError(f"export: {directory} is a file; name a directory")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MARK).is_file():
        raise CurateError(f"export: {directory} holds files that no export made; name another directory")


def _clear(directory: Path) -> None:
    """Removes the data of an earlier export, of which files may be left that this one does not write."""
    if (directory / MARK).is_file():
        facts = json.loads((directory / MARK).read_text(encoding="utf-8"))
        for name in [*facts["files"], *facts["beside"]]:
            (directory / name).unlink(missing_ok=True)


def _items(
    source: Source, chosen: Format, left_out: Counter[str], score: str, margin: float
) -> Iterator[tuple[int, Item]]:
    """The records that can be written, with their row numbers; the others are counted in `left_out`."""
    for row, record in enumerate(source.records):
        try:
            conversations = _conversations(record, chosen, score, margin)
        except preference.NoPair as none:
            left_out[str(none)] += 1
            continue
        reasons = (refusal(source.chat, conversation) for conversation in conversations) if source.chat else ()
        if reason := next(filter(None, reasons), None):
            left_out[reason] += 1
            continue
        rows = chosen.rows(tuple(conversations) if chosen.pairs else conversations[0], source.chat)
        yield row, Item(record["id"], rows, [_held(chosen, item, conversations) for item in range(len(rows))])


def _conversations(record: dict[str, Any], chosen: Format, score: str, margin: float) -> list[Conversation]:
    """The conversation of a record, or for preference the chosen one and the rejected one."""
    if not chosen.pairs:
        return [conversation_of(record)]
    prompt, *answers = preference.pair_of(record, score, margin)
    tools = conversation_of(record).tools
    return [Conversation([*prompt, answer], tools) for answer in answers]


def _held(chosen: Format, row: int, conversations: Sequence[Conversation]) -> Sequence[Conversation]:
    """The conversations that a record's row of this number holds."""
    if chosen.pairs:
        return conversations if chosen.rows is preference.rows else conversations[row : row + 1]
    if not chosen.last_turn:
        return conversations
    (conversation,) = conversations
    turns = [place for place, message in enumerate(conversation.messages) if message["role"] == "assistant"]
    return [Conversation(conversation.messages[: turns[row] + 1], conversation.tools)]


def _prove(chosen: Format, path: Path, part: Sequence[Item], chat: ChatTemplate | None) -> Proof:
    expected = [(item.id, held) for item in part for held in item.expected]
    return prove(chosen, read_back(path), expected, chat)


def _why(left_out: Counter[str]) -> str:
    return "; ".join(f"{count} left out, {reason}" for reason, count in left_out.most_common(3)) or "none left out"
