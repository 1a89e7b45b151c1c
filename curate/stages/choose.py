"""`choose`: one candidate per instruction, by a score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from datasets import Dataset, Value
from pydantic import Field

from curate.errors import CurateError
from curate.records import MESSAGES, candidate_scores, derive_seed, digest, set_column, set_scores
from curate.stage import Drop, Outcome, partition, stage


@stage(
    sees="each",
    needs=lambda config: ["messages", "candidates", *(["candidates.scores.logprob"] if config["by"] == "fit" else [])],
    makes=("response", "generator", "scores", "scores.logprob", "scores.perplexity", "scores.tokens"),
    reasons={"no candidates": "there is nothing to choose from"},
)
def choose(
    records: Dataset,
    *,
    by: Annotated[
        Literal["fit", "longest", "shortest", "random"],
        Field(description="fit: highest log-probability per token under the base model (GRAPE); the others: baselines"),
    ] = "fit",
    seed: Annotated[int, Field(description="of the choice at random; a run gives its own")] = 0,
) -> Outcome:
    """Keeps one candidate of each record: it becomes the assistant turn, and its scores the record's.

    With `fit`, the highest mean log-probability per response token under the base model (GRAPE, arXiv 2502.04194).
    `longest` and `shortest` count characters. Ties are broken by the hash of the candidate's content. The candidates
    stay with the record.
    """
    chosen = [
        max(row, key=lambda candidate: _rank(candidate, by, seed, name), default=None)
        for name, row in zip(records["id"], records["candidates"], strict=True)
    ]
    conversations = [
        [*messages, _turn(candidate)] if candidate else list(messages)
        for messages, candidate in zip(records["messages"], chosen, strict=True)
    ]
    complete = set_column(records, "messages", conversations, MESSAGES)
    complete = set_column(complete, "generator", [(c or {}).get("generator") for c in chosen], Value("string"))
    scores = [(candidate or {}).get("scores") or {} for candidate in chosen]
    complete = set_scores(complete, {name: [s.get(name) for s in scores] for name in candidate_scores(records)})
    return partition(complete, [None if candidate else Drop("no candidates") for candidate in chosen])


def _rank(candidate: Mapping[str, Any], by: str, seed: int, name: str) -> tuple[float, str]:
    content = digest(candidate["content"], candidate.get("reasoning_content"))
    match by:
        case "fit":
            score = (candidate.get("scores") or {}).get("logprob")
            if score is None:
                raise CurateError(f"choose: record {name!r} has a candidate without the score 'logprob'; run fit on it")
            return score, content
        case "longest":
            return len(candidate["content"]), content
        case "shortest":
            return -len(candidate["content"]), content
        case _:
            return derive_seed(seed, "choose", name, content), content


def _turn(candidate: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": candidate["content"],
        "reasoning_content": candidate.get("reasoning_content"),
    }
