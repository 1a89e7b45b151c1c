"""One record's life in a run: where it came from, what each stage decided, and what it looks like now."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from curate.errors import CurateError
from curate.outcome import NEIGHBOURS
from curate.records.files import plain
from curate.records.texts import shortened, texts_of
from curate.runs.finished import FinishedRun, FinishedStage, of_ids

WIDTH = 240  # characters of a candidate
FEW = 3  # records that are shown where none is named


def records(run: FinishedRun, wanted: str | None = None) -> list[dict[str, Any]]:
    """The record of the result that has this id, or else those that hold this text; without either, some at random.

    Raises CurateError where there is none.
    """
    result = run.result
    if wanted is None:
        rows = sorted(random.sample(range(len(result)), min(FEW, len(result))))
    elif wanted in (names := list(result["id"])):
        rows = [names.index(wanted)]
    else:
        texts = zip(texts_of(result, "instruction"), texts_of(result, "response"), strict=True)
        rows = [row for row, text in enumerate(texts) if wanted.casefold() in "\n".join(text).casefold()][:FEW]
    if not rows:
        raise CurateError(
            f"{run.directory}: no record of the result has the id or the text {wanted!r}; "
            "curate trace finds those that were dropped, by their id"
        )
    return [_bare(row) for row in result.select(rows).to_list()]


def trace(run: FinishedRun, name: str) -> dict[str, Any]:
    """What every stage did with the record `name`: the values that it added, and why it went if it did.

    Raises CurateError where no stage had it.
    """
    stages: list[dict[str, Any]] = []
    before: dict[str, Any] = {}
    for stage in run.stages:
        for fate, part in (("kept", stage.kept), ("dropped", stage.dropped)):
            row = next(iter(of_ids(part, {name})), None)
            if row is not None:
                stages.append(_step(run, stage, fate, row, before))
                before = row
    if not stages:
        raise CurateError(f"{run.directory}: no stage of the run had a record {name!r}")
    return {"id": name, "record": _bare(before), "stages": stages}


def _step(
    run: FinishedRun, stage: FinishedStage, fate: str, row: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    step: dict[str, Any] = {"stage": stage.label, "fate": fate}
    if fate == "dropped":
        step |= {"reason": row["reason"], "detail": row["detail"]}
        others = run.rows(row["detail"][key] for key in NEIGHBOURS if key in (row["detail"] or {}))
        step |= {"stands for it": [_bare(other) for other in others.values()]} if others else {}
    added = {name: value for name, value in row.items() if value is not None and value != before.get(name)}
    for name in ("reason", "detail", "embedding", "id"):
        added.pop(name, None)
    for name in ("scores", "labels"):
        old = before.get(name) or {}
        added[name] = {key: value for key, value in (added.get(name) or {}).items() if value != old.get(key)}
    return step | {"added": plain({name: value for name, value in added.items() if value})}


def _bare(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what is too long to look at."""
    return {
        name: value for name, value in plain(dict(row)).items() if name not in ("embedding", "candidates", "rejected")
    }


# --- as text ----------------------------------------------------------------------------------------------------------


def as_chat(row: Mapping[str, Any]) -> list[str]:
    """A record as a conversation, a line or paragraph each, and its scores and labels."""
    lines = [f"— {row['id']}"]
    for turn in row.get("messages", ()):
        lines += [f"{turn['role']}:", *(f"    {line}" for line in (turn.get("content") or "").splitlines())]
    for name in ("scores", "labels", "generator", "source"):
        if row.get(name):
            lines.append(f"{name}: {_in_words(row[name])}")
    return lines


def as_steps(traced: Mapping[str, Any]) -> list[str]:
    """A trace, a stage at a time."""
    lines = []
    for step in traced["stages"]:
        why = f": {step['reason']} ({_in_words(step['detail'] or {})})" if "reason" in step else ""
        lines.append(f"{step['stage']}: {step['fate']}{why}")
        for other in step.get("stands for it", ()):
            lines += ["    stands for it:", *(f"    {line}" for line in as_chat(other))]
        for name, value in step["added"].items():
            match name, value:
                case "messages", _:
                    lines += [f"    {line}" for line in as_chat({"id": traced["id"], "messages": value})[1:]]
                case "candidates" | "rejected", _:
                    lines.append(f"    {name}:")
                    lines += [f"      - {_in_words(candidate)}" for candidate in value]
                case _:
                    lines.append(f"    {name}: {_in_words(value)}")
    return lines


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_in_words(item)}" for name, item in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return shortened(str(value), WIDTH)
