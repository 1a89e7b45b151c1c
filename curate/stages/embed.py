"""Adds an embedding to each record, which `diversify` measures distances by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from datasets import Dataset
from pydantic import Field

from curate.declaration import stage
from curate.models.protocols import Embedder, EmbedsInParts
from curate.outcome import Drop, Outcome, partition
from curate.records.pool import set_embeddings
from curate.records.texts import Text, texts_of

NOT_FINITE = "not finite"
IN_PARTS = "texts embedded in parts"


def _needs(config: Mapping[str, Any]) -> list[str]:
    return ["messages"] if config["on"] == "instruction" else ["messages", "response"]


@stage(
    sees="each",
    needs=_needs,
    makes=("embedding",),
    reasons={NOT_FINITE: "the embedder gave a vector with values that are not finite numbers"},
    version=2,
)
def embed(
    records: Dataset,
    *,
    model: Annotated[Embedder, Field(description="the embedder")],
    on: Annotated[Text, Field(description="the text that is embedded")] = "instruction",
) -> Outcome:
    """Adds `embedding`, a vector of unit length.

    The instruction is the first user turn, the response the last assistant turn; `both` embeds one after the other.
    A text that is longer than the embedder reads at once is embedded in parts, each with its head and its tail, and
    counted.
    """
    texts = texts_of(records, on)
    embeddings = model.embed(texts)
    long = model.in_parts(texts) if isinstance(model, EmbedsInParts) else 0
    broken = (~np.isfinite(embeddings)).sum(axis=1)
    verdicts = [Drop(NOT_FINITE, {"values": int(count)}) if count else None for count in broken]
    return partition(set_embeddings(records, embeddings), verdicts, {IN_PARTS: long} if long else None)
