"""A pipeline of every kind of stage on the demo models, and one uninterrupted run of it."""

import pytest

from curate import Pipeline, Run
from tests.conftest import BASE, CHAT, MINILM

CONTENT = {
    "seed": 7,
    "shard_rows": 8,
    "models": {
        "teacher": {"model": str(CHAT)},
        "base": {"model": str(BASE)},
        "embedder": {"backend": "sentence-transformers", "model": MINILM},
    },
    "stages": [
        {"synthesize": {"model": "teacher", "count": 32, "max_tokens": 96}},
        {"deduplicate": {"on": "instruction", "threshold": 0.7}},
        {"respond": {"models": ["teacher"], "candidates": 2, "max_tokens": 96}},
        {"screen": {}},
        {"fit": {"model": "base"}},
        {"choose": {"by": "fit"}},
        {"trim": {"by": "perplexity", "keep": [0.05, 0.95]}},
        {"embed": {"model": "embedder"}},
        {"prepare": {"target": "base", "max_length": 512}},
        {"diversify": {"count": 5}},
    ],
}


SHORT = {  # a few seconds of work, in many shards
    **CONTENT,
    "shard_rows": 4,
    "stages": [
        {"synthesize": {"model": "teacher", "count": 16, "max_tokens": 48}},
        {"respond": {"models": ["teacher"], "candidates": 2, "max_tokens": 48}},
        {"fit": {"model": "base"}},
        {"choose": {"by": "fit"}},
    ],
}


@pytest.fixture(scope="package")
def finished(tmp_path_factory):
    """An uninterrupted run."""
    run = Run(Pipeline(CONTENT), tmp_path_factory.mktemp("run"))
    run.execute()
    return run


@pytest.fixture(scope="package")
def short(tmp_path_factory):
    """The dataset of an uninterrupted run of the short pipeline."""
    run = Run(Pipeline(SHORT), tmp_path_factory.mktemp("short"))
    run.execute()
    return run.outputs["dataset"].read_bytes()
