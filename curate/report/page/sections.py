"""What the report says, as plain values for its template: each function is a section of the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import numpy as np
from datasets import Dataset

from curate.errors import CurateError
from curate.models.spec import parse_spec
from curate.outcome import BOUNDS, COVERAGE, MEDIANS, NEIGHBOURS, reasons_of
from curate.records.pool import known_scores
from curate.records.texts import response_lengths, shortened, texts_of
from curate.report.examples import plainly
from curate.runs.finished import FinishedRun, FinishedStage

SHOWN = 5  # records as chat, and examples of a reason
SIDE_BY_SIDE = 10  # instructions with what was chosen and what was not
KEPT, DROPPED = 1000, 5000  # records in the table
TURN, ASKED, ANSWERED = 4000, 300, 500  # characters of a turn as chat, and of a text in the table
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
CHECKS = {
    "label": "no judge has graded the responses",
    "moderate": "nothing has looked for harmful requests",
    "decontaminate": "nothing has looked for benchmark items",
    "vet": "nothing has compared answers with their questions",
    "prepare": "nothing has proven that the records train",
}


def views(run: FinishedRun) -> dict[str, Any]:
    """Everything that the template shows, but for the charts and the table of records."""
    return {
        "name": run.manifest["pipeline"],
        "whole": run.is_whole,
        "came_out": came_out(run),
        "funnel": funnel(run),
        "coverage": coverage(run),
        "fit": fit(run),
        "training": training(run),
        "provenance": provenance(run),
    }


def came_out(run: FinishedRun) -> dict[str, Any]:
    """How many records, of what kinds, and five of them."""
    records = run.result
    columns = [f"labels.{name}" for name in records.features.get("labels", {})]
    columns += [name for name in ("domain", "generator", "language") if name in records.column_names]
    kinds = {name.removeprefix("labels."): _counted(records, name) for name in columns}
    if "source" in records.column_names:
        kinds["source"] = Counter(_source(value) for value in records["source"])
    tokens = known_scores(records, "length") if "length" in records.features.get("scores", {}) else np.zeros(0)
    return {
        "records": len(records),
        "turns": sum(len(messages) for messages in records["messages"]),
        "tokens": int(np.nansum(tokens)) if len(tokens) else None,
        "kinds": {name: counted.most_common(12) for name, counted in kinds.items() if len(counted) > 1},
        "examples": [_chat(row) for row in records.select(range(min(SHOWN, len(records)))).to_list()],
    }


def _counted(records: Dataset, column: str) -> Counter[str]:
    name, _, field = column.partition(".")
    return Counter(str((value or {}).get(field) if field else value) for value in records[name])


def _source(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(
            value.get("name") or value.get("file") or value.get("generator") or value.get("dataset") or "unknown"
        )
    return str(value)


def _chat(row: Mapping[str, Any]) -> dict[str, Any]:
    turns = [{**turn, "content": _cut(turn.get("content") or "")} for turn in row["messages"]]
    scores = {name: value for name, value in (row.get("scores") or {}).items() if value is not None}
    return {"id": row["id"], "turns": turns, "scores": scores}


def _cut(text: str) -> str:
    return text if len(text) <= TURN else f"{text[:TURN]}…"


# --- how it got there -------------------------------------------------------------------------------------------------


def funnel(run: FinishedRun) -> list[dict[str, Any]]:
    """Each stage with what came and stayed, its counters, and examples of each reason that it dropped for."""
    most = max(max(stage.facts["came"], stage.facts["kept"]) for stage in run.stages)
    return [
        {
            **stage.facts,
            "share": stage.facts["kept"] / most if most else 0,
            "counters": {
                name: value for name, value in stage.facts["stats"].items() if not name.startswith((COVERAGE, MEDIANS))
            },
            "reasons": _reasons(run, stage),
        }
        for stage in run.stages
    ]


def _reasons(run: FinishedRun, stage: FinishedStage) -> list[dict[str, Any]]:
    reasons = reasons_of(stage.dropped)
    rows_of = {
        reason: [row for row, other in enumerate(reasons) if other == reason][:SHOWN]
        for reason, _ in Counter(reasons).most_common(30)
    }
    examples = {reason: stage.dropped.select(rows).to_list() for reason, rows in rows_of.items()}
    details = [row.get("detail") or {} for rows in examples.values() for row in rows]
    others = run.rows(detail[key] for detail in details for key in NEIGHBOURS if key in detail)
    counts = Counter(reasons)
    return [
        {"reason": reason, "count": counts[reason], "examples": [_example(row, others) for row in rows]}
        for reason, rows in examples.items()
    ]


def _example(row: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A record that went, why, and the record that stays for it."""
    detail = row.get("detail") or {}
    if not row.get("messages"):
        return {"id": row.get("source", ""), "turns": [], "why": plainly({**row, "detail": None}), "other": None}
    other = next((others[detail[key]] for key in NEIGHBOURS if detail.get(key) in others), None)
    return {**_chat(row), "why": plainly(detail), "other": _chat(other) if other else None}


# --- is it diverse, does it fit ---------------------------------------------------------------------------------------


def coverage(run: FinishedRun) -> dict[str, Any]:
    """What share of the pool the choice covers, beside its baselines; and how it differs from the pool."""
    stage = run.last("diversify")
    stats = stage.facts["stats"] if stage else {}
    shares: dict[str, dict[str, float]] = {}
    for name, value in stats.items():
        if name.startswith(COVERAGE):
            cosine, _, baseline = name.removeprefix(COVERAGE).partition(" ")
            shares.setdefault(baseline or "the choice", {})[cosine] = value
    medians: dict[str, dict[str, float]] = {}
    for name, value in stats.items():
        if name.startswith(MEDIANS):
            score, _, choice = name.removeprefix(MEDIANS).rpartition(": ")
            medians.setdefault(score, {})[choice] = value
    return {"shares": shares, "medians": medians}


def fit(run: FinishedRun) -> dict[str, Any] | None:
    """Which teachers' responses the base model prefers, how likelihood goes with length, and what was not chosen."""
    stage = run.last("choose")
    if stage is None or "candidates" not in stage.kept.column_names:
        return None
    rows = stage.kept.to_list()
    offered = Counter(c.get("generator") or "unknown" for row in rows for c in row["candidates"] or ())
    chosen = Counter(row.get("generator") or "unknown" for row in rows)
    lengths, likelihoods = response_lengths(stage.kept), _likelihoods(stage.kept)
    both = np.isfinite(likelihoods) & (lengths > 0)
    return {
        "teachers": [
            (name, count / offered.total(), chosen[name] / max(len(rows), 1)) for name, count in offered.items()
        ],
        "correlation": float(np.corrcoef(lengths[both], likelihoods[both])[0, 1]) if both.sum() > 2 else None,
        "pairs": [pair for pair in map(_pair, rows) if pair][:SIDE_BY_SIDE],
    }


def _likelihoods(records: Dataset) -> np.ndarray:
    known = "logprob" in records.features.get("scores", {})
    return known_scores(records, "logprob") if known else np.full(len(records), np.nan)


def _pair(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The chosen response of a record beside the candidate that the base model finds least likely."""
    response = row["messages"][-1]["content"]
    others = [c for c in row["candidates"] or () if c["content"] != response]
    scored = [c for c in others if (c.get("scores") or {}).get("logprob") is not None]
    if not scored:
        return None
    worst = min(scored, key=lambda candidate: candidate["scores"]["logprob"])
    chosen = {"content": _cut(response), "generator": row.get("generator"), "logprob": row["scores"].get("logprob")}
    rejected = {
        "content": _cut(worst["content"]),
        "generator": worst.get("generator"),
        "logprob": worst["scores"]["logprob"],
    }
    return {"asked": _cut(row["messages"][-2]["content"]), "chosen": chosen, "rejected": rejected}


# --- will it train, where it came from --------------------------------------------------------------------------------


def training(run: FinishedRun) -> dict[str, Any] | None:
    """Lengths under the target's template against its limit, the share that is learnt, and a record with its mask."""
    stage = run.last("prepare")
    if stage is None:
        return None
    lengths, learnt = known_scores(run.result, "length"), known_scores(run.result, "supervised")
    parameters = run.parameters(stage)
    return {
        "max_length": parameters["max_length"],
        "target": parameters["target"],
        "quantiles": [(f"{quantile:.0%}", int(np.nanquantile(lengths, quantile))) for quantile in QUANTILES],
        "share": float(np.nansum(learnt) / np.nansum(lengths)),
        "mask": _mask(run, parameters["target"]),
    }


def _mask(run: FinishedRun, target: str) -> list[tuple[bool, str]] | None:
    """The first record as the target's template renders it, in spans that are learnt and spans that are not."""
    try:
        chat = parse_spec(target, run.pipeline["models"][target]).load_chat()
        tokens = chat.tokenize(run.result[0]["messages"])
    except (CurateError, KeyError):
        return None
    pairs = zip(tokens.assistant_mask, tokens.input_ids, strict=True)
    return [
        (bool(bit), str(chat.tokenizer.decode([token for _, token in span]))[:TURN])
        for bit, span in groupby(pairs, key=lambda pair: pair[0])
    ]


def provenance(run: FinishedRun) -> dict[str, Any]:
    """Models, versions, seeds, tokens, money and seconds, and the checks that were not made."""
    made = {stage.name for stage in run.stages}
    missing = [said for name, said in CHECKS.items() if name not in made]
    if "moderate" in made and not any(run.parameters(s).get("guard") for s in run.stages if s.name == "moderate"):
        missing.append("harmful requests were looked for by phrases alone, without a guard model")
    facts = {
        name: run.manifest[name]
        for name in ("started", "finished", "seed", "python", "platform", "cost")
        if run.manifest.get(name) is not None
    }
    return {
        "facts": facts,
        "models": run.manifest["models"],
        "packages": run.manifest["packages"],
        "usage": run.manifest.get("usage", {}),
        "seconds": sum(stage.facts["seconds"] for stage in run.stages),
        "missing": missing,
        "bounds": {
            name.removeprefix(BOUNDS): value
            for stage in run.stages
            for name, value in stage.facts["stats"].items()
            if name.startswith(BOUNDS)
        },
    }


# --- the table of records ---------------------------------------------------------------------------------------------


def table(run: FinishedRun) -> list[dict[str, Any]]:
    """The first records that were kept, and some of those that each stage dropped, shortened."""
    kept = run.result.select(range(min(KEPT, len(run.result))))
    rows = list(_table_rows("kept", kept, [""] * len(kept)))
    gone = [stage for stage in run.stages if "messages" in stage.dropped.column_names and len(stage.dropped)]
    for stage in gone:
        some = stage.dropped.select(range(min(max(DROPPED // len(gone), SHOWN), len(stage.dropped))))
        rows += _table_rows(stage.label, some, [plainly(detail or {}) for detail in some["detail"]])
    return rows


def _table_rows(fate: str, records: Dataset, whys: Iterable[str]) -> Iterable[dict[str, Any]]:
    asked, answered = texts_of(records, "instruction"), texts_of(records, "response")
    reasons = reasons_of(records)
    for name, question, answer, reason, why in zip(records["id"], asked, answered, reasons, whys, strict=True):
        yield {
            "id": name,
            "fate": f"{fate}: {reason}" if reason else fate,
            "asked": shortened(question, ASKED),
            "answered": shortened(answer, ANSWERED if fate == "kept" else ASKED),
            "why": shortened(why, ASKED),
        }
