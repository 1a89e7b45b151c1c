"""What stands beside the exported data: what the trainer needs to read it, train.py, the card, and what was proven."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

from curate.chat import ChatTemplate
from curate.exports.conversation import Conversation, Message
from curate.exports.exported import MARK, Export, Item, write_rows, write_text
from curate.exports.formats import Format
from curate.exports.proof import as_rendered, read_back, token_rows, tokenized
from curate.exports.rendered import difference
from curate.exports.source import Source
from curate.exports.train_script import epochs_for, train_script
from curate.models.locate import display_name
from curate.records.files import write_json
from curate.runs.card import Card, card_of

Parts = Mapping[str, Sequence[Item]]


def write_beside(
    exported: Export, source: Source, to: str, chosen: Format, parts: Parts, files: Mapping[str, str]
) -> None:
    """Writes the files beside the data, and notes what the user should know."""
    directory, chat = exported.directory, source.chat
    exported.notes.extend(_losses(chosen, chat, parts))
    if chat and chosen.render:
        length, (epochs, origin) = exported.proof.longest, epochs_for(len(parts["train"]))
        exported.notes.append(f"the longest record has {length} tokens; {epochs} epochs, as {origin}")
        made = chosen.beside(source.target, chat, files, length, epochs) if chosen.beside else {}
        if to == "trl":
            made |= _train_script(exported, source, chat, chosen, parts, files)
        for name, text in made.items():
            write_text(directory / name, text)
            exported.beside.append(name)
            exported.notes.append(f"wrote {directory / name}")
        if chosen.settings:
            values = {"target": source.target, "train": files["train"], "length": length, "epochs": epochs}
            exported.notes.append(f"train with: {chosen.settings.format(**values)}")
    proof = exported.proof
    target = source.spec.model if source.spec else ""
    facts = {"to": to, "target": display_name(target) if target else None, "files": exported.files}
    said = {"compared": proof.compared, "differences": proof.differences, "left_out": exported.left_out}
    write_json({**facts, "beside": exported.beside, **said}, directory / MARK)
    card = Card(source.name, files, exported.files, source.manifest, source.pipeline, target)
    write_text(directory / "README.md", card_of(card))


def _losses(chosen: Format, chat: ChatTemplate | None, parts: Parts) -> Iterator[str]:
    """What of the conversations the format, or the target's template, has no place for."""
    items = [item for part in parts.values() for item in part]
    for key in chosen.leaves_out:
        if held := sum(any(key in message for message in _messages(item)) for item in items):
            yield f"{key} is left out of {held} records: {chosen.trainer} has no place for it"
    if chosen.render and chat and _prints_the_date(chat, _conversations(parts["train"])[0]):
        yield f"the template prints the date, proven as {chat.date}; a trainer that renders prints the day it runs on"
    reasoned = sum(any(message.get("reasoning_content") for message in _messages(item)) for item in items)
    if chosen.render and chat and chat.reasoning_key is None and reasoned:
        yield f"the target's template shows no reasoning, and {reasoned} records have some"


def _prints_the_date(chat: ChatTemplate, conversation: Conversation) -> bool:
    """Whether the template writes this conversation otherwise on another day."""
    earlier = ChatTemplate(chat.tokenizer, date=chat.date - datetime.timedelta(days=400), options=chat.options)
    return tokenized(earlier, conversation).text != tokenized(chat, conversation).text


def _messages(item: Item) -> Iterator[Message]:
    return (message for row in item.expected for conversation in row for message in conversation.messages)


def _conversations(part: Sequence[Item]) -> list[Conversation]:
    return [conversation for item in part for row in item.expected for conversation in row]


def _train_script(
    exported: Export,
    source: Source,
    chat: ChatTemplate,
    chosen: Format,
    parts: Parts,
    files: Mapping[str, str],
) -> dict[str, str]:
    """train.py; on tokens of our own where TRL does not make of the messages what was proven."""
    form = "prompt-completion" if chosen.last_turn else "messages"
    if form == "messages" and not exported.proof.same:
        form, files = "tokens", {name: f"{name}.tokens.parquet" for name in parts}
        for name, part in parts.items():
            _write_tokens(exported, files[name], _conversations(part), chat)
        exported.notes.append("so train.py trains on *.tokens.parquet: the text and the mask that prepare proves")
    own = source.spec is not None and source.spec.parameters.get("template_file") is not None
    template = {"chat_template.jinja": chat.tokenizer.get_chat_template()} if own else {}
    length, count = exported.proof.longest, len(parts["train"])
    script = train_script(form, source.target, files, length, count, next(iter(template), ""))
    return {**template, "train.py": script}


def _write_tokens(exported: Export, name: str, conversations: Sequence[Conversation], chat: ChatTemplate) -> None:
    """Writes the tokens and labels that `prepare` proves, and compares what is read back."""
    path = exported.directory / name
    write_rows(token_rows(conversations, chat), path)
    exported.files[name] = len(conversations)
    for row, conversation in zip(read_back(path), conversations, strict=True):
        if other := difference(chat, tokenized(chat, conversation), as_rendered(row)):
            exported.proof.note(f"{name}: {other.kind}", other.shown)
