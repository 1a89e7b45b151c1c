"""Stages of a user's own: docs/own-stage.md as it stands, from a module and from an installed package."""

import json
import re
import subprocess
import sys

import pytest

from curate import CurateError, Pipeline, Run
from curate.pipeline import pipeline_schema
from curate.registry import get_stage, stage_names
from tests.conftest import ROOT

DOC = (ROOT / "docs/own-stage.md").read_text()
MODULE, SCRIPT = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)
(YAML,) = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)
(TOML,) = re.findall(r"```toml\n(.*?)```", DOC, re.DOTALL)


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A directory with the document's module, its pipeline and its pool, which is the current one."""
    (tmp_path / "my_stages.py").write_text(MODULE)
    (tmp_path / "p.yaml").write_text(YAML)
    (tmp_path / "script.py").write_text(SCRIPT)
    pool = tmp_path / "data/pools"
    pool.mkdir(parents=True)
    asked = ["Who? And why?", "Say hello.", "Why is the sky blue? And the sea?"]
    rows = [{"id": str(n), "prompt": text, "response": "Well."} for n, text in enumerate(asked)]
    (pool / "smollm2-pool.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("my_stages", None)
    get_stage.cache_clear()


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_documents_pipeline_runs_from_the_command_line(beside):
    command = [sys.executable, "-m", "curate", "run", "p.yaml", "--set", "questions.least=1"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=beside, check=False)
    assert result.returncode == 0, result.stderr
    assert {row["id"] for row in rows(beside / "runs/p/dataset.jsonl")} == {"0", "2"}
    (gone,) = rows(beside / "runs/p/dropped.jsonl")
    assert (gone["stage"], gone["reason"], gone["detail"]) == ("questions", "quiet", {"marks": 0})


def test_the_documents_script_prints_what_was_kept(beside):
    result = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, cwd=beside, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("kept 2, dropped 1: 1 quiet")


def test_a_wrong_key_is_found_as_for_a_stage_of_ours(beside):
    with pytest.raises(CurateError, match=r"p.yaml: stage 2 \(questions\): unknown key 'leest'; did you mean 'least'"):
        Pipeline.from_yaml("p.yaml", ["questions.leest=3"])


def test_what_the_module_says_is_part_of_the_key(beside):
    before = Pipeline.from_yaml("p.yaml").keys
    (beside / "my_stages.py").write_text(MODULE.replace('count("?")', 'count("!")'))
    sys.modules.pop("my_stages")
    get_stage.cache_clear()
    after = Pipeline.from_yaml("p.yaml").keys
    assert before[0] == after[0]
    assert before[1:] != after[1:]


FAULTY = """
from datasets import Dataset
from curate import Drop, Outcome, partition, set_scores, stage

@stage(sees="each", version=1)
def lose(records: Dataset) -> Outcome:
    return partition(records.select(range(1, len(records))), [None] * (len(records) - 1))

@stage(sees="each", version=1)
def shrug(records: Dataset) -> Outcome:
    return Outcome(records.select([]), records)

@stage(sees="each", version=1)
def whisper(records: Dataset) -> Outcome:
    return partition(set_scores(records, {"volume": [0.0] * len(records)}), [None] * len(records))

@stage(sees="each", makes=("messages",), version=1)
def garble(records: Dataset) -> Outcome:
    return partition(records.map(lambda row: {"messages": "x"}), [None] * len(records))

@stage(sees="each", version=1)
def forget(records: Dataset) -> Outcome:
    return records
"""


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("lose", "lose lost records: 3 came in, 2 kept and 0 dropped"),
        ("shrug", r"shrug drops for reasons that it does not declare: \['None'\]"),
        ("whisper", r"whisper makes columns that it does not declare: \['scores'\]"),
        ("garble", "garble breaks the schema of records: the column 'messages' holds"),
        ("forget", "forget returned Dataset; a stage returns an Outcome"),
    ],
)
def test_a_fault_of_the_stage_is_found_as_for_ours(beside, name, fault):
    (beside / "my_stages.py").write_text(FAULTY)
    stages = [{"load": {"path": "data/pools/smollm2-pool.jsonl"}}, f"my_stages:{name}"]
    with pytest.raises((RuntimeError, TypeError), match=fault):
        Run(Pipeline({"stages": stages}), beside / "run").execute()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere:questions", "p: stage 2: nowhere:questions: there is no module 'nowhere'"),
        ("my_stages:qestions", "p: stage 2: my_stages:qestions: the module 'my_stages' has no 'qestions'"),
        ("my_stages:Drop", "p: stage 2: my_stages:Drop: it is no stage but type; declare it with @curate.stage"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(beside, name, message):
    stages = [{"load": {"path": "data/pools/smollm2-pool.jsonl"}}, name]
    with pytest.raises(CurateError, match=message):
        Pipeline({"stages": stages}, origin="p")


@pytest.fixture
def installed(beside):
    """The document's module as an installed distribution with its entry point."""
    about = beside / "shouting-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    entry_points = TOML.replace('[project.entry-points."curate.stages"]', "[curate.stages]").replace('"', "")
    (about / "entry_points.txt").write_text(entry_points)
    return beside


def test_an_installed_package_registers_its_stage_by_a_short_name(installed):
    assert "questions" in stage_names()
    stages = [{"load": {"path": "data/pools/smollm2-pool.jsonl"}}, {"questions": {"least": 2}}]
    kept = Run(Pipeline({"stages": stages}), installed / "run").execute()
    assert kept["id"][:] == ["0", "2"]


def test_a_registered_stage_is_listed_and_in_the_schema(installed):
    listed = subprocess.run(
        [sys.executable, "-m", "curate", "stages"], capture_output=True, text=True, cwd=installed, check=True
    ).stdout
    assert "questions" in listed
    assert "Keeps the conversations in which something is asked." in " ".join(listed.split())
    assert any(
        "questions" in option.get("properties", {})
        for option in pipeline_schema()["properties"]["stages"]["items"]["anyOf"]
    )


def test_a_name_that_two_packages_take_names_both(installed):
    (installed / "shouting-1.0.dist-info/entry_points.txt").write_text(
        "[curate.stages]\nscreen = my_stages:questions\n"
    )
    with pytest.raises(CurateError, match="the stage 'screen' is registered twice, by curate and by shouting"):
        Pipeline({"stages": [{"load": {"path": "data/pools/smollm2-pool.jsonl"}}, "screen"]})
