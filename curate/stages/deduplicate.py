"""Removes what repeats; the better record survives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset
from pydantic import Field

from curate.algorithms.exact_duplicates import ExactDuplicates, first_copies
from curate.algorithms.near_duplicates import VERSION, NearDuplicates, Sketches, sketch
from curate.algorithms.semantic_duplicates import SemanticDuplicates
from curate.algorithms.star_clusters import Likeness, Stars, star_clusters
from curate.declaration import stage
from curate.outcome import Drop, Outcome, partition
from curate.records.cache import cached
from curate.records.embeddings import Embeddings
from curate.records.pool import scores_of, set_scores
from curate.records.texts import Text, iter_column, iter_texts

EXACT = "exact duplicate"
NEAR = "near duplicate"
SEMANTIC = "semantic duplicate"
_SCORES = {"fit": "logprob", "quality": "quality", "reward": "reward"}


def _needs(config: Mapping[str, Any]) -> list[str]:
    needs = ["messages"] if config["on"] == "instruction" else ["messages", "response"]
    needs += [f"scores.{_SCORES[config['keep_best']]}"] if config["keep_best"] in _SCORES else []
    return [*needs, "embedding"] if config["cosine"] else needs


@stage(
    sees="all",
    needs=_needs,
    makes=lambda config: ["scores", "scores.neighbour_distance"] if config["cosine"] else [],
    reasons={
        EXACT: "the same text as a record that stays, in composed form (Unicode NFC) and with single white space",
        NEAR: "the Jaccard index of its shingles and those of a record that stays reaches the threshold",
        SEMANTIC: "the cosine of its embedding and that of a record that stays reaches the threshold",
    },
    version=3,
)
def deduplicate(
    records: Dataset,
    *,
    on: Annotated[Text, Field(description="the text that is compared")] = "instruction",
    threshold: Annotated[
        float | None,
        Field(ge=0.1, le=1, description="the Jaccard index of shingles from which texts are duplicates; null: any"),
    ] = 0.8,
    cosine: Annotated[
        float | None,
        Field(gt=0, le=1, description="the cosine of embeddings from which records are duplicates; null: any"),
    ] = None,
    keep_best: Annotated[
        Literal["longest", "fit", "quality", "reward"],
        Field(description="which one stays: the one with the most characters in its messages, or with the best score"),
    ] = "longest",
) -> Outcome:
    """Drops exact, near and semantic duplicates, each because of a record that stays, which `detail` names.

    Shingles are three words, or five characters in scripts without spaces (Chinese, Japanese, Thai ...), and fewer at
    the end of a text, so that its last word, often the topic of a short request, counts as much as any other. MinHash
    proposes pairs and the true Jaccard index decides, so nothing is dropped that does not reach the threshold; of the
    pairs that do, at most 0.5% are missed. With `cosine`, embeddings are compared as well, whatever text they are of:
    by an exhaustive search up to 50,000 records, beyond by an inverted file, whose recall is measured on a sample and
    reported in percent.

    The best record stays, ties go to the smaller id, and what resembles it goes (star clusters); the order of the
    records does not matter. `fit` is the score `logprob`. With `cosine`, each record that stays gets the score
    `neighbour_distance`: the squared Euclidean distance 2 - 2 * cosine to the nearest other record that stays, as
    MAGPIE measures it (arXiv 2406.08464) but after its copies have gone, so it does not count against the better one.
    """
    order = _best_first(records, keep_best)
    name = f"sketches-{on}-{VERSION}"
    sketches = Sketches(**cached(name, lambda: sketch(iter_texts(records, on), len(records))._asdict()))
    first = first_copies(sketches.digests, order)
    likenesses: list[Likeness] = [ExactDuplicates(first)]
    if threshold:
        likenesses.append(NearDuplicates(sketches, first, threshold, lambda rows: iter_texts(records.select(rows), on)))
    semantic = SemanticDuplicates(Embeddings(records, np.arange(len(records))), order, cosine) if cosine else None
    stars = star_clusters(order, [*likenesses, semantic] if semantic else likenesses)
    outcome = partition(records, _verdicts(records, stars, {EXACT: 1.0, NEAR: threshold, SEMANTIC: cosine}))
    return _with_distances(records, outcome, semantic) if semantic else outcome


def _verdicts(records: Dataset, stars: Stars, thresholds: Mapping[str, float | None]) -> Iterator[Drop | None]:
    """What is said of each record; `thresholds` are those of each likeness that there is, in order."""
    reasons = [reason for reason, threshold in thresholds.items() if threshold]
    survivors = iter(records.select_columns("id").select(stars.centre[stars.likeness >= 0])["id"])
    for likeness, similarity in zip(stars.likeness.tolist(), stars.similarity.tolist(), strict=True):
        if likeness < 0:
            yield None
        else:
            reason = reasons[likeness]
            detail = {"survivor": next(survivors), "similarity": similarity, "threshold": thresholds[reason]}
            yield Drop(reason, detail)


def _with_distances(records: Dataset, outcome: Outcome, semantic: SemanticDuplicates) -> Outcome:
    """`outcome` with the score `neighbour_distance`, and the recall of a search that was not exhaustive."""
    rows, cosines = semantic.nearest_other()
    distances = np.full(len(records), np.nan)
    distances[rows] = 2 - 2 * cosines.astype(np.float64)
    values = [distance if len(rows) > 1 else None for distance in distances[np.sort(rows)].tolist()]
    stats = {}
    if not semantic.exact:
        dropped = sum(reason == SEMANTIC for reason in outcome.dropped["reason"])
        stats["percent of semantic duplicates found"] = round(100 * dropped / max(dropped + semantic.missed(), 1), 2)
    return Outcome(set_scores(outcome.kept, {"neighbour_distance": values}), outcome.dropped, stats)


def _best_first(records: Dataset, keep_best: str) -> np.ndarray:
    """The row numbers, the best record first, ties by id."""
    if keep_best == "longest":
        parts = [_characters(messages) for messages in iter_column(records, "messages")]
        quality = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    else:
        quality = scores_of(records, _SCORES[keep_best])
    table = pa.table({"quality": quality, "id": pa.chunked_array(list(iter_column(records, "id")))})
    order = pc.sort_indices(table, sort_keys=[("quality", "descending"), ("id", "ascending")])
    return order.to_numpy().astype(np.int64)


def _characters(messages: pa.ListArray) -> np.ndarray:
    """The characters of each conversation, int64 (n,)."""
    lengths = pc.fill_null(pc.utf8_length(messages.flatten().field("content")), 0).to_numpy()
    reach = np.concatenate(([0], np.cumsum(lengths)))
    bounds = messages.offsets.to_numpy()
    return reach[bounds[1:] - bounds[0]] - reach[bounds[:-1] - bounds[0]]
