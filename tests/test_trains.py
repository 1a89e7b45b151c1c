"""What comes out trains in TRL: of every stage and every recipe, also where the user's columns bear trainers' names."""

import json

import pytest

from curate import Pipeline, Run, export
from curate.apply import apply_stage
from curate.records.reserved import NAMES
from curate.registry import all_stages
from curate.yaml_files import read_yaml
from tests.conftest import BASE, CHAT, JUDGE, MINILM, ROOT
from tests.exports.conftest import bpe, small_model, target_of, template_of, tokenizer_for
from tests.training import train_a_step, train_by_script

__all__ = ["bpe", "small_model", "target_of", "template_of", "tokenizer_for"]  # fixtures

FAMILIES = ("qwen2_5", "llama3", "gemma", "qwen3")  # ChatML, Llama 3, Gemma, and one that thinks

ROWS = [
    {
        "messages": [
            {"role": "user", "content": f"Name a river in {country}, and say where it ends."},
            {"role": "assistant", "content": f"The {river} is a river in {country}, and it ends in the sea."},
        ],
        "tag": tag,
    }
    for country, river, tag in [("Spain", "Ebro", "a"), ("Italy", "Po", 3), ("France", "Loire", {"k": 1})]
]
THEIRS = {
    "prompt": "Name a river.",
    "completion": "The Ebro.",
    "images": ["a.png"],
    "input_ids": [1, 2, 3],
    "labels": [1, 2, 3],
    "label": True,
    "rejected": "The Danube.",
    "conversations": [{"from": "human", "value": "Hi"}],
    "text": "x",
}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", sorted(THEIRS))
def test_a_users_column_that_trainers_reserve_stands_aside_and_is_named(tmp_path, name, capsys):
    from curate.report.console import print_funnel

    pool = write(tmp_path / "pool.jsonl", [{**row, name: THEIRS[name]} for row in ROWS])
    run = Run(Pipeline({"stages": [{"load": {"path": str(pool)}}, "screen"]}), tmp_path / "run")
    run.execute()
    for row in rows(run.outputs["dataset"]):
        assert row["reserved"] == {name: THEIRS[name]}
        assert not NAMES.intersection(row)
    print_funnel(run)
    assert name in capsys.readouterr().out


def test_columns_that_stand_aside_are_read_back(tmp_path):
    pool = write(tmp_path / "pool.jsonl", [{**row, "prompt": "p"} for row in ROWS])
    for source, target in ((pool, "a.jsonl"), (tmp_path / "a.jsonl", "b.jsonl")):
        apply_stage("screen", str(source), tmp_path / target, {"languages": ["[en]"]})
    (first, *_), (again, *_) = rows(tmp_path / "a.jsonl"), rows(tmp_path / "b.jsonl")
    assert first == again
    assert again["reserved"] == {"prompt": "p", "labels": {"language": "en"}}


def test_labels_and_users_columns_train(tmp_path):
    pool = write(tmp_path / "pool.jsonl", [{**row, **THEIRS} for row in ROWS])
    models = {"judge": {"model": str(JUDGE)}, "base": {"model": str(BASE)}}
    stages = [{"load": {"path": str(pool)}}, {"screen": {"languages": ["en"]}}, {"label": {"model": "judge"}}]
    run = Run(Pipeline({"models": models, "stages": [*stages, {"prepare": {"target": "base"}}]}), tmp_path / "run")
    run.execute()
    assert {row["reserved"]["labels"]["language"] for row in rows(run.outputs["dataset"])} == {"en"}
    train_a_step(run.outputs["dataset"], tmp_path)


# Every stage, on a file with reserved columns


def parameters(reward_directory):
    """What each stage takes on the command line, where it takes anything."""
    teacher, base = ["--model", str(CHAT)], ["--model", str(BASE)]
    return {
        "choose": ["--by", "longest"],
        "decontaminate": ["--benchmarks", str(ROOT / "data/pools/smollm2-pool.jsonl")],
        "deduplicate": ["--threshold", "0.9"],
        "diversify": ["--count", "2", "--model", MINILM],
        "embed": ["--model", MINILM],
        "extend": [*teacher, "--max-tokens", "48", "--response-max-tokens", "48"],
        "fit": base,
        "gate": ["--reward", "-100"],
        "label": ["--model", str(JUDGE)],
        "prepare": ["--target", str(BASE)],
        "respond": ["--models", str(CHAT), "--candidates", "2", "--max-tokens", "24"],
        "reward": ["--model", str(reward_directory)],
        "screen": ["--languages", "[en]"],
        "trim": ["--by", "reward"],
        "vet": ["--embedder", MINILM],
    }


@pytest.mark.slow
@pytest.mark.parametrize("stage", [stage.name for stage in all_stages() if stage.sees != "nothing"])
def test_the_output_of_every_stage_trains(tmp_path, stage, reward_directory):
    from curate.cli import options_of

    row_of = {
        "choose": lambda row: {**row, "messages": row["messages"][:1], "candidates": [{"content": "The Ebro."}]},
        "gate": lambda row: {**row, "scores": {"reward": 1.0}},
        "trim": lambda row: {**row, "scores": {"reward": 1.0}},
    }
    pool = write(tmp_path / "pool.jsonl", [row_of.get(stage, dict)({**row, **THEIRS}) for row in ROWS])
    given = options_of(parameters(reward_directory).get(stage, []))
    apply_stage(stage, str(pool), tmp_path / "out.jsonl", given)
    kept = rows(tmp_path / "out.jsonl")
    assert kept
    train_a_step(tmp_path / "out.jsonl", tmp_path, assistant_only=kept[0]["messages"][-1]["role"] == "assistant")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", sorted(path.name for path in (ROOT / "pipelines").glob("*.yaml")))
def test_the_output_of_every_recipe_trains(tmp_path, recipe, reward_directory, small_model, monkeypatch):
    """The recipe as it is, but with the shipped models in the parts of those that it names, and few records."""
    content = read_yaml((ROOT / "pipelines" / recipe).read_text(), recipe)
    own = {"judge": JUDGE, "guard": None, "preference": reward_directory, "embedder": MINILM}
    for name, spec in content["models"].items():
        model = own.get(name, BASE if "base" in name else CHAT)
        backend = {"reward": "reward", "sentence-transformers": "sentence-transformers"}.get(spec.get("backend"))
        content["models"][name] = {"model": str(model), **({"backend": backend} if backend else {})}
    pool = write(tmp_path / "pool.jsonl", ROWS)
    stages = [entry if isinstance(entry, dict) else {entry: {}} for entry in content["stages"]]
    for entry in stages:
        for name, values in entry.items():
            entry[name] = values = dict(values or {})
            scaled = {"load": {"path": str(pool)}, "diversify": {"count": 2}}
            scaled |= {key: {"count": 24} for key in ("synthesize", "instruct")}
            values.update(scaled.get(name, {}))
            if "max_tokens" in values:
                values["max_tokens"] = min(values["max_tokens"], 96)
            if name == "gate":  # the bounds of the preset are on another reward model's scale
                values["reward"] = -1000.0
            if name == "choose":
                values.pop("where", None)
    content["models"].pop("guard", None)
    content["stages"] = [entry for entry in stages if "moderate" not in entry]
    monkeypatch.chdir(ROOT)
    run = Run(Pipeline(content, name=recipe), tmp_path / "run")
    run.execute()
    train_a_step(run.outputs["dataset"], tmp_path)
    for family in FAMILIES:
        target = small_model(family)
        export(run.directory, to="trl", output=tmp_path / family, target=str(target))
        train_by_script(tmp_path / family, target, tmp_path / f"{family}-model")
