import json
import re

import pytest

from curate import CurateError, Pipeline
from curate.pipeline import pipeline_schema
from curate.yaml_files import read_yaml, yaml_text
from tests.conftest import BASE, CHAT, MINILM, ROOT

MODELS = {
    "teacher": {"model": str(CHAT)},
    "base": {"model": str(BASE)},
    "embedder": {"backend": "sentence-transformers", "model": MINILM},
}
SYNTHESIZE = {"synthesize": {"model": "teacher", "count": 10}}
RESPOND = {"respond": {"models": ["teacher"], "candidates": 2}}


def pipeline(*stages, **top):
    return Pipeline({"models": MODELS, "stages": list(stages), **top}, origin="p.yaml")


@pytest.mark.parametrize("recipe", sorted((ROOT / "pipelines").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_is_valid(recipe, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert Pipeline.from_yaml(recipe).steps


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "p.yaml: the key 'stages' is missing; it is required"),
        ({"stages": []}, "p.yaml: stages: list should have at least 1 item"),
        ({"stages": [SYNTHESIZE], "sead": 1}, "p.yaml: unknown key 'sead'; did you mean 'seed'?"),
        (
            {"stages": [{"synthesise": {}}]},
            "p.yaml: stage 1: there is no stage 'synthesise'; did you mean 'synthesize'?",
        ),
        (
            {"stages": [{"synthesize": {"model": "teacher", "cuont": 5}}]},
            "p.yaml: stage 1 (synthesize): ",
        ),
        (
            {"stages": [{"synthesize": {"model": "teacher", "count": 5, "tmperature": 1}}]},
            "p.yaml: stage 1 (synthesize): unknown key 'tmperature'; did you mean 'temperature'?",
        ),
        (
            {"stages": [{"synthesize": {"model": "teacher", "count": "ten"}}]},
            "p.yaml: stage 1 (synthesize): count: input should be a valid integer",
        ),
        (
            {"stages": [{"synthesize": {"model": "teacher", "count": 5, "top_p": 1.5}}]},
            "p.yaml: stage 1 (synthesize): top_p: input should be less than or equal to 1, found 1.5",
        ),
        (
            {"stages": [{"synthesize": {"model": "techer", "count": 5}}]},
            "p.yaml: stage 1 (synthesize): model: there is no model 'techer' under 'models'; did you mean 'teacher'?",
        ),
        (
            {"stages": [SYNTHESIZE, {"respond": {"models": ["teacher"]}}, {"reward": {"model": "teacher"}}]},
            "p.yaml: stage 3 (reward): model: needs a model of the kind reward, 'teacher' is not one",
        ),
        (
            {"stages": [SYNTHESIZE, {"embed": {"model": "teacher"}}]},
            "p.yaml: stage 2 (embed): model: needs a model of the kind embedder, 'teacher' is not one",
        ),
        (
            {"stages": [SYNTHESIZE, {"fit": {"model": "base"}}]},
            "p.yaml: stage 2 (fit): needs 'candidates' or 'response', which the records do not have; "
            "put one of these stages before it: respond, choose",
        ),
        (
            {"stages": [RESPOND]},
            "p.yaml: stage 1 (respond): the first stage must make records: load, synthesize or instruct",
        ),
        ({"stages": [SYNTHESIZE, RESPOND, SYNTHESIZE]}, "p.yaml: stage 3 (synthesize): it can only be first"),
        ({"stages": [{"load": {"path": "no/such.jsonl"}}]}, "no/such.jsonl (looked for "),
    ],
)
def test_a_mistake_is_named_before_anything_loads(content, message):
    with pytest.raises(CurateError) as error:
        Pipeline({"models": MODELS, **content}, origin="p.yaml")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_model_directory_that_is_not_there_is_named():
    with pytest.raises(CurateError, match=r"p.yaml: .*teacher.*data/models/no-such"):
        Pipeline({"models": {"teacher": {"model": "data/models/no-such"}}, "stages": [SYNTHESIZE]}, origin="p.yaml")


def write(tmp_path, text):
    path = tmp_path / "p.yaml"
    path.write_text(text)
    return path


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CurateError, match=r"there is no pipeline file .*nowhere.yaml \(looked for /"):
        Pipeline.from_yaml(tmp_path / "nowhere.yaml")


def test_broken_yaml_says_where(tmp_path):
    with pytest.raises(CurateError, match=r"p.yaml: not readable as YAML: .*line 2"):
        Pipeline.from_yaml(write(tmp_path, "stages:\n  - [load\n"))


def test_a_key_that_stands_twice_is_an_error(tmp_path):
    with pytest.raises(CurateError, match="line 2: the key 'seed' stands twice"):
        Pipeline.from_yaml(write(tmp_path, "seed: 1\nseed: 2\nstages: []\n"))


CONTENT = yaml_text({"models": MODELS, "stages": [SYNTHESIZE, {"deduplicate": {}}, RESPOND, {"deduplicate": {}}]})


def test_set_changes_stages_models_and_the_pipeline_itself(tmp_path):
    overrides = ["deduplicate.threshold=0.6", "deduplicate#2.threshold=0.7", "seed=3", f"models.teacher.model={BASE}"]
    changed = Pipeline.from_yaml(write(tmp_path, CONTENT), overrides)
    assert [step.config["threshold"] for step in changed.steps if step.stage.name == "deduplicate"] == [0.6, 0.7]
    assert changed.seed == 3
    assert changed.steps[0].config["seed"] == 3
    assert changed.models["teacher"].to_dict()["model"] == str(BASE)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trim.by=x", "--set trim.by=x: the pipeline has no stage 'trim'; valid: "),
        ("dedupliate.threshold=0.6", "has no stage 'dedupliate'; did you mean 'deduplicate'?"),
        ("nonsense", "STAGE.KEY=VALUE is expected"),
        ("models.techer.model=x", "there is no model 'techer'; did you mean 'teacher'?"),
        ("deduplicate.treshold=0.6", "stage 2 (deduplicate): unknown key 'treshold'; did you mean 'threshold'?"),
    ],
)
def test_a_wrong_set_is_named(tmp_path, override, message):
    with pytest.raises(CurateError) as error:
        Pipeline.from_yaml(write(tmp_path, CONTENT), [override])
    assert message in str(error.value)


def test_a_changed_parameter_changes_the_keys_from_there_on():
    before = pipeline(SYNTHESIZE, RESPOND, {"screen": {}}).keys
    after = pipeline(SYNTHESIZE, {"respond": {"models": ["teacher"], "candidates": 3}}, {"screen": {}}).keys
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert before[2] != after[2]


def test_a_changed_model_and_a_changed_input_file_change_the_key(tmp_path):
    pool = tmp_path / "pool.jsonl"
    pool.write_text('{"prompt": "a", "response": "b"}\n')
    before = pipeline({"load": {"path": str(pool)}}).keys
    pool.write_text('{"prompt": "a", "response": "c"}\n')
    assert pipeline({"load": {"path": str(pool)}}).keys != before
    other = Pipeline({"models": {"teacher": {"model": str(BASE)}}, "stages": [SYNTHESIZE]})
    assert other.keys != pipeline(SYNTHESIZE).keys


def test_a_file_that_is_added_to_an_input_directory_changes_the_key(tmp_path):
    def keys():
        return Pipeline({"stages": [{"load": {"path": str(tmp_path)}}]}).keys

    (tmp_path / "a.jsonl").write_text('{"prompt": "x"}\n')
    before = keys()
    (tmp_path / "notes.txt").write_text("not data")
    assert keys() == before
    (tmp_path / "b.jsonl").write_text('{"prompt": "x"}\n')
    assert keys() != before


def test_the_resolved_pipeline_is_a_pipeline_with_every_value():
    resolved = pipeline(SYNTHESIZE, RESPOND, seed=5).to_dict()
    assert resolved["stages"][0]["synthesize"]["seed"] == 5
    again = Pipeline(read_yaml(yaml_text(resolved), "p.yaml"))
    assert again.to_dict() == resolved
    assert again.keys == pipeline(SYNTHESIZE, RESPOND, seed=5).keys


def test_a_loaded_pool_offers_the_columns_of_its_records(tmp_path):
    pool = tmp_path / "pool.jsonl"
    pool.write_text(json.dumps({"prompt": "a", "response": "b"}) + "\n")
    assert pipeline({"load": {"path": str(pool)}}, {"fit": {"model": "base"}}).steps
    pool.write_text(json.dumps({"prompt": "a"}) + "\n")
    with pytest.raises(CurateError, match="needs 'candidates' or 'response'"):
        pipeline({"load": {"path": str(pool)}}, {"fit": {"model": "base"}})


def test_an_empty_pool_is_told_before_anything_loads(tmp_path):
    pool = tmp_path / "pool.jsonl"
    pool.write_text("\n")
    with pytest.raises(CurateError) as error:
        pipeline({"load": {"path": str(pool)}}, {"embed": {"model": "embedder"}})
    assert str(error.value) == f"p.yaml: stage 1 (load): path: {pool} holds no records: 0 unreadable lines"


def test_the_schema_knows_every_stage_and_its_bounds():
    schema = pipeline_schema()
    stages = {
        next(iter(s["properties"])): s for s in schema["properties"]["stages"]["items"]["anyOf"] if "properties" in s
    }
    assert stages["deduplicate"]["properties"]["deduplicate"]["properties"]["threshold"]["anyOf"][0]["minimum"] == 0.1


def test_every_reference_in_the_schema_leads_somewhere():
    text = json.dumps(pipeline_schema())
    named = set(re.findall(r'"#/\$defs/(\w+)"', text))
    assert named
    assert named <= pipeline_schema()["$defs"].keys()


def test_domains_and_grid_come_back_from_the_resolved_pipeline():
    steered = {
        "system": {"math": 1, "law": {"prompt": "You are a lawyer.", "share": 2}},
        "grid": [[1.0, 1.0, 3], [1.2, 0.99, 1]],
    }
    made = pipeline({"synthesize": {**SYNTHESIZE["synthesize"], **steered}}).to_dict()
    assert Pipeline(read_yaml(yaml_text(made), "p.yaml")).to_dict() == made


def test_a_grid_beside_a_temperature_is_refused_before_anything_is_loaded():
    both = {"temperature": 0.8, "grid": [[1.0, 1.0, 1]]}
    with pytest.raises(CurateError, match=r"stage 1 \(synthesize\): grid: temperature 0.8 and top_p 1.0 are given too"):
        pipeline({"synthesize": {**SYNTHESIZE["synthesize"], **both}})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"models": None, "stages": ["screen"]}, "p: models: input should be a valid dictionary, found None"),
        ({"stages": [{1: 2}]}, "p: stages.0.1: input should be a valid string, found 1"),
        ({"stages": ["...:x"]}, "p: stage 1: ...:x: the module '...' has no 'x'"),
        (
            {"stages": [{"load": {"path": ""}}]},
            "p: stage 1 (load): path: an empty path names no file; write . for the current directory, found ''",
        ),
        *(
            ({"models": {"m": {"model": model}}, "stages": [{"synthesize": {"model": "m", "count": 1}}]}, sentence)
            for model, sentence in (
                ("package:os/..", "p: models.m: the Python package 'os' is not installed; pip install"),
                ("package:.x/y", "p: models.m: the Python package '.x' is not installed; pip install"),
                ("package:datasets/../x", "p: models.m: 'package:datasets/../x' leads out of the package 'datasets'"),
            )
        ),
    ],
)
def test_odd_names_and_nothings_are_told_in_one_sentence(content, sentence):
    with pytest.raises(CurateError) as error:
        Pipeline(content, origin="p")
    assert str(error.value).startswith(sentence)
