"""A finished run that the tests of this directory look at."""

from __future__ import annotations

import json

import pytest

from curate.pipeline import Pipeline
from curate.runs.run import Run
from tests.conftest import BASE, MINILM

PAYLOADS = [
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</script><script>document.title='owned'</script>",
    "</textarea></style><svg onload=document.title='owned'>",
    "{{ 7 * 7 }} {% raw %}",
    "javascript:document.title='owned'",
]
TOPICS = ("bees", "bread", "rivers", "stars", "chess", "trees", "wool", "glass", "salt", "maps", "wind", "bells")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A pool with hostile texts, a copy, and an empty answer, of which eight records are chosen."""
    home = tmp_path_factory.mktemp("report")
    pairs = [(f"Tell me about {topic}.", f"There is a lot to say about {topic}. It is old.") for topic in TOPICS]
    pairs += [(f"What does this do? {payload}", f"It does nothing: {payload}") for payload in PAYLOADS]
    pairs += [pairs[0], ("And who are you?", "...")]
    pool = home / "pool.jsonl"
    rows = ({"id": f"r{n}", "instruction": q, "output": a} for n, (q, a) in enumerate(pairs))
    pool.write_text("".join(json.dumps(row) + "\n" for row in rows))
    content = {
        "models": {
            "base": {"model": str(BASE)},
            "embedder": {"backend": "sentence-transformers", "model": MINILM},
        },
        "stages": [
            {"load": {"path": str(pool)}},
            {"screen": {"markup_residue": "keep", "template_debris": "keep"}},
            {"deduplicate": {"on": "instruction"}},
            {"fit": {"model": "base", "scores": ["logprob"]}},
            {"embed": {"model": "embedder"}},
            {"prepare": {"target": "base", "max_length": 512}},
            {"diversify": {"count": 8}},
        ],
    }
    job = Run(Pipeline(content, name="</title><script>document.title='owned'</script>"), home / "run")
    job.execute()
    return job
