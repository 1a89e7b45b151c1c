"""What the command line prints: progress, the funnel, plans, stages and templates."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from datasets import Dataset
from rich.console import Console
from rich.table import Table
from rich.text import Text

from curate.chat import ChatTemplate
from curate.declaration import Stage
from curate.errors import CurateError
from curate.exports.conversation import conversation_of
from curate.exports.exported import Export
from curate.exports.proof import tokenized
from curate.models.usage import Usage, total
from curate.outcome import Outcome, counter_lines, counts
from curate.records.reserved import RESERVED
from curate.registry import all_stages, get_stage
from curate.report.examples import example_lines
from curate.report.masks import inspect_masks, painted, visible
from curate.runs.run import Run
from curate.runs.spending import merged
from curate.shown import lines, one_line
from curate.signatures import kinds_of

MONEY = ("cost", "a record")
SAMPLE = [
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "Paris."},
    {"role": "user", "content": "And of Italy?"},
    {"role": "assistant", "content": "Rome."},
]


class Terminal(Console):
    """A console on which a text is a text: nothing in it is markup, an emoji or a control character."""

    def render_str(self, text: str, **options: Any) -> Text:
        """The text of a line, a paragraph or a cell, as it may be shown; all of them come through here."""
        return super().render_str(lines(text), **options)


console = Terminal(highlight=False, markup=False, emoji=False)


def print_funnel(run: Run, page: Path | None = None) -> None:
    """What every stage took in, kept and dropped, and what the run left behind; `page` is its report."""
    _print_stages(run)
    print_usage(run)
    print_examples(run.dropped)
    _print_outputs(run, page)
    if run.reserved:
        names = ", ".join(run.reserved)
        line = f"under {RESERVED!r} in dataset.jsonl, for trainers take these names as their own: {names}"
        console.print(line, soft_wrap=True)


def print_failed(run: Run, page: Path) -> None:
    """What the stages did that came before one that failed, and what the run left behind."""
    _print_stages(run)
    print_examples(run.dropped)
    _print_outputs(run, page)


def _print_stages(run: Run) -> None:
    table = Table("stage", "in", "kept", "dropped by reason", "seconds", box=None, header_style="bold")
    for column in (1, 2, 4):
        table.columns[column].justify = "right"
    for report in run.reports:
        seconds = f"{report.seconds:.1f}" + (" cached" if report.cached else "")
        came = str(report.came) if report.came else ""
        table.add_row(report.label, came, str(report.kept), counts(report.dropped), seconds)
    console.print(table)
    for report in run.reports:
        for line in counter_lines(report.label, report.stats):
            console.print(line, soft_wrap=True)


def _print_outputs(run: Run, page: Path | None) -> None:
    for name, path in run.outputs.items():
        count = _lines(path) if path.exists() else 0
        if count or (name == "dataset" and path.exists()):
            what = "unreadable lines" if name == "quarantine" else "records"
            console.print(one_line(f"{path}: {count} {what}"), soft_wrap=True)
    if page:
        console.print(one_line(f"{page}: to look at, in a browser"), soft_wrap=True)


def print_lines(lines: Iterable[str]) -> None:
    """Lines as they are, of any length."""
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def print_examples(dropped: Iterable[tuple[str, Dataset]]) -> None:
    """For each reason, a few of the records that went."""
    examples = [line for stage, records in dropped for line in example_lines(stage, records)]
    if examples:
        console.print("for each reason, the first that went:")
    for line in examples:
        console.print(line, soft_wrap=True)


def print_usage(run: Run) -> None:
    """What every stage asked of its models, for each record that it kept, and what that cost at the models' prices."""
    asked = [report for report in run.reports if report.usage]
    if not asked:
        return
    priced = any(report.cost is not None for report in asked)
    columns = ("model", "requests", "prompt", "cached", "completion", "a record", *(MONEY if priced else ()))
    table = Table("stage", *columns, box=None, header_style="bold")
    for column in table.columns[2:]:
        column.justify = "right"
    for report in asked:
        for name, usage in report.usage.items():
            table.add_row(report.label, name, *_usage_cells(run, {name: usage}, report.kept, priced))
    everything = merged(report.usage for report in asked)
    table.add_row("all", "", *_usage_cells(run, everything, run.reports[-1].kept, priced), style="bold")
    console.print("tokens that models read and wrote, in all and for each record that the stage kept:", soft_wrap=True)
    console.print(table)


def _usage_cells(run: Run, asked: Mapping[str, Usage], kept: int, priced: bool) -> list[str]:
    usage, cost = total(asked.values()), run.pipeline.cost(asked)
    counted = (usage.requests, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens)
    cells = [f"{count:,}" for count in counted] + [f"{usage.tokens / kept:,.0f}" if kept else ""]
    if usage.uncounted:
        cells[1] += f" ({usage.uncounted:,} requests not counted)"
    if not priced:
        return cells
    return cells + ([f"{cost:,.4f}", f"{cost / kept:,.4g}" if kept else ""] if cost is not None else ["", ""])


def print_plan(run: Run) -> None:
    """The stages of a pipeline, with their models and whether their results are there already."""
    pipeline = run.pipeline
    table = Table("stage", "models", "parameters", "state", box=None, header_style="bold")
    for step, cached in zip(pipeline.steps, run.cached(), strict=True):
        config = pipeline_parameters(step.config, step.stage)
        table.add_row(step.label, ", ".join(step.models()), config, "cached" if cached else "to do")
    console.print(table)
    for name, spec in pipeline.models.items():
        console.print(f"model {name}: {_parameters(spec.to_dict())}", soft_wrap=True)
    valid = f"{pipeline.origin} is valid; curate run would write to {run.directory}"
    console.print(one_line(valid), soft_wrap=True)


def pipeline_parameters(config: Mapping[str, Any], stage: Stage[Any]) -> str:
    """The parameters of a step, without its models."""
    return _parameters({key: value for key, value in config.items() if key not in stage.roles})


def print_stages() -> None:
    """Every stage, what it sees, and its first line."""
    table = Table("stage", "sees", "what it does", box=None, header_style="bold")
    for stage in all_stages():
        table.add_row(stage.name, stage.sees, stage.description.partition("\n\n")[0].replace("\n", " "))
    console.print(table)


def print_stage(name: str) -> None:
    """One stage: its documentation, its parameters and the reasons that it drops records for."""
    stage = get_stage(name)
    console.print(Text(name, style="bold"), f"(sees {stage.sees})\n")
    paragraphs = stage.description.split("\n\n")
    console.print("\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs))
    schema = stage.config.model_json_schema()
    table = Table("parameter", "type", "default", "meaning", box=None, header_style="bold")
    for key, parameter in stage.parameters.items():
        entry = schema["properties"][key]
        default = "required" if parameter.default is inspect.Parameter.empty else _value(parameter.default)
        kind = f"model ({_wanted(stage, key)})" if key in stage.roles else _kind(entry)
        table.add_row(key, kind, default, entry.get("description", ""))
    console.print("\n", table)
    reasons = [(("reason", "a record is dropped when"), *stage.reasons.items())] if stage.reasons else []
    for header, *rows in [*stage.tables, *reasons]:
        told = Table(*header, box=None, header_style="bold")
        for row in rows:
            told.add_row(*row)
        console.print("\n", told)


def print_template(chat: ChatTemplate) -> None:
    """What is derived from a chat template, and a sample conversation with its mask."""
    for finding in chat.check():
        console.print(f"note: {finding}")
    console.print(f"pre-query prefix    {chat.pre_query_prefix()!r}")
    for turn, ids in (("user", chat.user_stop_token_ids), ("assistant", chat.assistant_stop_token_ids)):
        tokens = ", ".join(f"{chat.tokenizer.decode([token])!r} ({token})" for token in ids)
        console.print(f"{turn + ' turn ends':<20}{tokens}")
    console.print("assistant mask (1: the model writes it, and training learns it)")
    sample = chat.tokenize(SAMPLE)
    for bit, run in groupby(zip(sample.assistant_mask, sample.input_ids, strict=True), key=lambda pair: pair[0]):
        text = chat.tokenizer.decode([token for _, token in run])
        console.print(Text(f"  {bit} {text!r}", style="green" if bit else "dim"))


def print_export(exported: Export) -> None:
    """What an export wrote, left out and proved."""
    for line in exported.lines():
        console.print(visible(line), markup=False, soft_wrap=True)


def print_masks(read: Outcome, chat: ChatTemplate, max_length: int, number: int | None) -> bool:
    """What the records would train, or the one of this number, from 1, with its mask; whether none is at fault."""
    records = read.kept
    if number is not None:
        if not 1 <= number <= len(records):
            raise CurateError(f"mask: record: there are records 1 to {len(records)}, found {number}")
        records = records.select([number - 1])
        for row in painted(chat, tokenized(chat, conversation_of(records[0]))):
            console.print(row, soft_wrap=True)
    report = inspect_masks(records, chat, max_length)
    for line in report.lines(max_length):
        console.print(visible(line), markup=False, soft_wrap=True)
    if unreadable := len(read.dropped):
        console.print(
            f"{unreadable} lines could not be read; the first: {visible(read.dropped[0]['reason'])}", markup=False
        )
    return not report.at_fault and not unreadable


def _wanted(stage: Stage[Any], parameter: str) -> str:
    """Which models a parameter takes."""
    role = stage.roles[parameter]
    return role if role == "chat" else " or ".join(kinds_of(stage.parameters[parameter].annotation))


def print_applied(read: Outcome, outcome: Outcome, written: Mapping[Path, int]) -> None:
    """What was read, and what one stage did to it."""
    console.print(f"read {len(read.kept)}: {counts(read.stats)}", soft_wrap=True)
    console.print(outcome.funnel, soft_wrap=True)
    for line in counter_lines("stats", outcome.stats):
        console.print(line, soft_wrap=True)
    print_examples([("unreadable", read.dropped), ("dropped", outcome.dropped)])
    for path, rows in written.items():
        console.print(one_line(f"{path}: {rows} rows"), soft_wrap=True)


def _kind(entry: Mapping[str, Any]) -> str:
    """A parameter's type and bounds, from its JSON Schema."""
    if "anyOf" in entry:
        return " or ".join(_kind(option) for option in entry["anyOf"])
    if "enum" in entry:
        return " | ".join(map(str, entry["enum"]))
    if "prefixItems" in entry:
        return f"[{', '.join(map(_kind, entry['prefixItems']))}]"
    if entry.get("type") == "array":
        return f"list of {_kind(entry['items'])}"
    kind = "path" if entry.get("format") == "path" else str(entry.get("type", "any"))
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return " ".join([kind, *(f"{sign} {entry[bound]}" for bound, sign in bounds.items() if bound in entry)])


def _parameters(values: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={_value(value)}" for key, value in values.items() if value is not None)


def _value(value: Any) -> str:
    """A value as YAML has it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
