"""The formats by name: what each writes, and how it is read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from curate.chat import ChatTemplate
from curate.errors import CurateError, nearest
from curate.exports import axolotl, llama_factory, ms_swift, openai, preference, trl, verl
from curate.exports.conversation import Conversation
from curate.exports.rendered import Rendered

Rows = Callable[[Any, ChatTemplate | None], list[dict[str, Any]]]
Beside = Callable[[str, ChatTemplate, Mapping[str, str], int, int], dict[str, str]]


@dataclass(frozen=True)
class Format:
    """A trainer's format: see `curate.exports`. `render` is None where the trainer's tokenizer is not to be had.

    `last_turn` says that only the last turn of a row is learnt, `pairs` that rows are made of two candidates, and
    `beside` makes the files that stand beside the data: of the target, its template, the files, max_length and epochs.
    `settings` is the command or the options with which the trainer reads the data.
    """

    trainer: str
    rows: Rows
    restore: Callable[[Mapping[str, Any]], list[Conversation]]
    render: Callable[[Mapping[str, Any], ChatTemplate], list[Rendered]] | None
    suffix: str = ".jsonl"
    last_turn: bool = False
    pairs: bool = False
    beside: Beside | None = None
    leaves_out: tuple[str, ...] = ()  # keys of messages for which the format has no place
    settings: str = ""


FORMATS: dict[str, Format] = {
    "trl": Format("TRL", trl.rows, trl.restore, trl.render, leaves_out=("weight",)),
    "trl:prompt-completion": Format(
        "TRL", trl.prompt_completion_rows, trl.restore, trl.render, last_turn=True, leaves_out=("weight",)
    ),
    "axolotl": Format("Axolotl", axolotl.rows, axolotl.restore, axolotl.render, beside=axolotl.beside),
    "llama-factory": Format(
        "LLaMA-Factory",
        llama_factory.rows,
        llama_factory.restore,
        llama_factory.render,
        beside=llama_factory.beside,
        leaves_out=("weight", "name", "tool_call_id"),
    ),
    "ms-swift": Format(
        "ms-swift",
        ms_swift.rows,
        ms_swift.restore,
        ms_swift.render,
        leaves_out=("weight", "name", "tool_call_id"),
        settings="swift sft --model {target} --dataset {train} --max_length {length} --num_train_epochs {epochs}",
    ),
    "verl": Format(
        "verl",
        verl.rows,
        verl.restore,
        verl.render,
        suffix=".parquet",
        leaves_out=("weight",),
        settings="data.train_files={train} data.messages_key=messages data.max_length={length} "
        "trainer.total_epochs={epochs}",
    ),
    "openai": Format("OpenAI", openai.rows, openai.restore, None, leaves_out=("reasoning_content",)),
    "preference": Format(
        "TRL's DPOTrainer", preference.rows, preference.restore, preference.render, last_turn=True, pairs=True
    ),
    "preference:kto": Format(
        "TRL's KTOTrainer", preference.kto_rows, preference.restore, preference.render, last_turn=True, pairs=True
    ),
}


def get_format(to: str, form: str | None) -> Format:
    """The format of this name, in this form: `get_format("trl", "prompt-completion")`."""
    names = {name.partition(":")[0] for name in FORMATS}
    if to not in names:
        raise CurateError(f"export: there is no format {to!r}; {nearest(to, names)}")
    forms = {"trl": "messages", "preference": "dpo"}
    name = to if form in (None, forms.get(to)) else f"{to}:{form}"
    if name not in FORMATS:
        valid = [forms[to], *(n.partition(":")[2] for n in FORMATS if n.startswith(f"{to}:"))] if to in forms else []
        hint = nearest(str(form), valid) if valid else "leave it out"
        raise CurateError(f"export: {to} has no form {form!r}; {hint}")
    return FORMATS[name]
