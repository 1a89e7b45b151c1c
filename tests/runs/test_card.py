"""The dataset card: metadata that the Hub reads, and text of others that cannot become markup."""

import json

import pytest
import yaml
from huggingface_hub import DatasetCard

from curate import Pipeline, Run
from curate.models.licence import licence_of
from curate.runs.card import PLACEHOLDER, Card, card_of, escaped, fenced
from tests.conftest import BASE, CHAT

NASTY = "<script>alert(1)</script> [x](http://evil) **b** `c` | d\n# e ![i](j)"


def test_a_run_ends_with_its_card(finished):
    text = (finished.directory / "README.md").read_text()
    card = DatasetCard(text)
    assert card.data.license == "other"
    assert card.data.license_name == PLACEHOLDER
    assert card.data.tags == ["curate", "sft", "synthetic"]
    assert card.data.size_categories == ["n<1K"]
    assert card.data.configs[0]["data_files"] == [{"split": "train", "path": "dataset.jsonl"}]
    for said in ("## Licence", "demo-chat | apache-2.0", "| synthesize | ", "demo-base", "arXiv 2406.08464"):
        assert said in text
    assert "with seed 7" in text
    assert str(CHAT) not in text


def test_the_card_loads_the_data_as_the_hub_would(finished):
    from datasets import load_dataset

    data = load_dataset(str(finished.directory), split="train", cache_dir=str(finished.directory / "cache"))
    assert len(data) == len(finished.dataset)


def test_the_pipeline_in_the_card_is_a_pipeline(finished):
    text = (finished.directory / "README.md").read_text()
    block = text.partition("```yaml\n")[2].partition("\n```")[0]
    assert [next(iter(stage)) for stage in yaml.safe_load(block)["stages"]] == [
        step.name for step in finished.pipeline.steps
    ]


def test_text_of_others_is_shown_and_takes_no_effect():
    shown = escaped(NASTY)
    assert "<" not in shown
    assert "\n" not in shown
    assert shown.startswith("&lt;script&gt;alert\\(1\\)&lt;/script&gt; \\[x\\]\\(http\\://evil\\) \\*\\*b\\*\\*")
    assert fenced("a ``` b").startswith("````")


def test_names_from_a_manifest_cannot_become_markup():
    manifest = {
        "stages": [{"label": NASTY, "came": 2, "kept": 1, "dropped": {NASTY: 1}}],
        "packages": {"numpy": "2"},
        "seed": 1,
        "date": "2026-01-02",
    }
    pipeline = {"models": {NASTY: {"model": "a/b"}}, "stages": [{"load": {"path": f"{NASTY}.jsonl"}}]}
    text = card_of(Card(NASTY, {"train": "x.jsonl"}, {"x.jsonl": 1}, manifest, pipeline, "a/b"))
    body = text.split("---\n", 2)[2].partition("```yaml")[0]
    assert "<script>" not in body
    assert "](http" not in body
    assert DatasetCard(text).data.pretty_name == NASTY


def test_directories_and_addresses_of_this_machine_are_left_out():
    models = {"teacher": {"model": "/home/me/models/chat", "base_url": "http://10.0.0.1:8000/v1"}}
    pipeline = {"models": models, "stages": [{"load": {"path": ["/home/me/pool.jsonl", "data/other.jsonl"]}}]}
    manifest = {"packages": {}, "seed": 1, "date": "2026-01-02"}
    text = card_of(Card("x", {"train": "x.jsonl"}, {"x.jsonl": 1}, manifest, pipeline))
    assert "/home" not in text
    assert "10.0.0.1" not in text
    assert "data/other.jsonl" in text


def test_a_file_that_no_run_made_has_a_card_that_claims_nothing():
    text = card_of(Card("x", {"train": "x.jsonl"}, {"x.jsonl": 1500}))
    assert "is not known here" in text
    assert DatasetCard(text).data.size_categories == ["1K<n<10K"]


@pytest.mark.parametrize(
    ("model", "licence"), [(str(BASE), "apache-2.0"), ("no/such-model", None), ("./nowhere", None)]
)
def test_a_licence_is_what_the_models_own_card_says(model, licence):
    assert licence_of(model) == licence


def test_a_card_of_a_model_that_is_no_card_says_nothing(tmp_path):
    (tmp_path / "README.md").write_text("---\n[broken\n---\n")
    assert licence_of(str(tmp_path)) is None


def test_a_finished_run_that_is_executed_again_keeps_its_card(tmp_path):
    pool = tmp_path / "pool.jsonl"
    pool.write_text(json.dumps({"prompt": "Name a river.", "response": "The Ebro."}) + "\n")
    run = Run(Pipeline({"stages": [{"load": {"path": str(pool)}}]}), tmp_path / "run")
    run.execute()
    before = (tmp_path / "run/README.md").read_text()
    run.execute()
    assert (tmp_path / "run/README.md").read_text() == before
    assert "Records came from pool.jsonl" in before
