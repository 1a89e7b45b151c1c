"""The stages from Python: whatever holds records, models by their paths, and what a person sees of it."""

import inspect
import json
import pydoc
import re
import subprocess
import sys

import pandas as pd
import pytest
from datasets import Dataset

import curate
from curate import CurateError, Outcome, Pipeline, Run, close_models, deduplicate, fit, load, prepare, screen
from curate.registry import own_stages
from tests.conftest import BASE, ROOT

ALPACA = [
    {"instruction": "Name a colour.", "input": "", "output": "Blue."},
    {"instruction": "Add the numbers.", "input": "2 and 3", "output": "5"},
    {"instruction": "name a COLOUR.", "input": "", "output": "Red is one."},
]


def texts(outcome):
    return [[turn["content"] for turn in messages] for messages in outcome.kept["messages"]]


EXPECTED = [["Add the numbers.\n\n2 and 3", "5"], ["name a COLOUR.", "Red is one."]]


@pytest.mark.parametrize(
    "convert",
    [
        list,
        pd.DataFrame,
        Dataset.from_list,
        lambda rows: load(rows),
        lambda rows: load(rows).kept,
        lambda rows: load(pd.DataFrame(rows)).kept.to_pandas(),
    ],
    ids=["list", "DataFrame", "Dataset", "Outcome", "pool", "pool as DataFrame"],
)
def test_a_stage_takes_whatever_holds_records_in_any_shape_that_load_reads(convert):
    assert texts(deduplicate(convert(ALPACA))) == EXPECTED


def test_a_json_table_of_pandas_works_as_it_is(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(ALPACA))
    assert texts(deduplicate(pd.read_json(tmp_path / "a.json"))) == EXPECTED


def test_missing_values_of_a_table_are_no_texts():
    table = pd.DataFrame([{**ALPACA[0], "system": "Be brief."}, ALPACA[1]])
    assert [len(messages) for messages in screen(table).kept["messages"]] == [3, 2]


def test_load_takes_a_path_a_table_or_a_list(tmp_path):
    (tmp_path / "pool.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ALPACA))
    by_path = load(str(tmp_path / "pool.jsonl"))
    for outcome in (load(tmp_path / "pool.jsonl"), load(path=tmp_path / "pool.jsonl"), load(ALPACA)):
        assert outcome.kept["messages"][:] == by_path.kept["messages"][:]
    assert load(ALPACA).stats == {"shape alpaca": 3}


def test_what_cannot_be_read_is_named_with_its_row_or_put_aside_by_load():
    rows = [*ALPACA, {"instruction": 7}]
    with pytest.raises(CurateError, match="deduplicate: row 4: instruction must be a text, found 7; curate.load puts"):
        deduplicate(rows)
    assert [(row["line"], row["reason"]) for row in load(rows).dropped] == [(4, "instruction must be a text, found 7")]


@pytest.mark.parametrize("wrong", [7, "pool.jsonl", [1, 2]])
def test_what_holds_no_records_is_refused(wrong):
    with pytest.raises(CurateError, match="deduplicate: (records are a datasets.Dataset, a pandas|row 1: a dict)"):
        deduplicate(wrong)


def test_a_model_is_given_by_its_path_loaded_once_and_freed(monkeypatch):
    from curate.models import spec

    loads = []
    load_spec = spec.ModelSpec.load
    monkeypatch.setattr(spec.ModelSpec, "load", lambda self, *rest: loads.append(self.model) or load_spec(self, *rest))
    close_models()
    first = fit(ALPACA, model=str(BASE)).kept
    second = fit(ALPACA, model=str(BASE)).kept
    assert first["scores"][:] == second["scores"][:]
    assert loads == [str(BASE)]
    close_models()
    fit(ALPACA, model=str(BASE))
    assert len(loads) == 2
    close_models()
    assert len(prepare(ALPACA, target=str(BASE)).kept) == 3


def test_help_shows_the_parameters_with_plain_types_and_their_meanings():
    shown = pydoc.render_doc(fit, renderer=pydoc.plaintext)
    assert "model : LanguageModel | str" in shown
    assert "the base model that will be trained" in shown
    assert "template : Literal['chat', 'question-answer'] = 'chat'" in shown
    assert "Annotated" not in shown
    assert "FieldInfo" not in shown


@pytest.mark.parametrize("name", own_stages())
def test_the_signature_of_every_stage_is_that_of_a_function(name):
    stage = getattr(curate, name)
    signature = inspect.signature(stage)
    assert [p for p in signature.parameters if p != "records"] == list(stage.parameters)
    assert signature.return_annotation is Outcome
    assert "Annotated" not in str(signature)


def test_an_outcome_shows_its_funnel_and_first_rows():
    shown = repr(deduplicate(ALPACA))
    assert shown.startswith("kept 2, dropped 1: 1 near duplicate\n")
    assert "Red is one." in shown
    markup = deduplicate([{"instruction": "<script>alert(1)</script>", "output": "<b>No.</b>"}])._repr_html_()
    assert "<script>" not in markup
    assert "&lt;script&gt;" in markup
    assert "kept 1, dropped 0: none" in markup


def test_an_outcome_reports_what_the_command_line_prints(tmp_path, capsys):
    deduplicate(load(ALPACA)).report()
    shown = capsys.readouterr().out
    (tmp_path / "pool.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ALPACA))
    files = [str(tmp_path / "pool.jsonl"), "-o", str(tmp_path / "out.jsonl")]
    command = [sys.executable, "-m", "curate", "apply", "deduplicate", *files]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown == "kept 2, dropped 1: 1 near duplicate\n"
    assert shown in printed


def test_a_run_tells_how_it_goes_on(tmp_path, capsys):
    (tmp_path / "pool.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ALPACA))
    Run(Pipeline({"stages": [{"load": {"path": str(tmp_path / "pool.jsonl")}}, "screen"]}), tmp_path / "run").execute()
    assert "screen: kept 3" in capsys.readouterr().err


def test_the_version_is_told_everywhere():
    shown = subprocess.run([sys.executable, "-m", "curate", "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == f"curate {curate.__version__}\n"
    assert (ROOT / "curate/py.typed").exists()


def test_the_apis_list_of_stages_is_the_registrys():
    source = (ROOT / "curate/__init__.py").read_text()
    assert [name for name in own_stages() if f"from curate.stages.{name} import {name} as {name}" not in source] == []
    assert source.count("from curate.stages.") == len(own_stages())
    assert set(own_stages()) <= set(curate.__all__)
    assert all(getattr(curate, name) is not None for name in curate.__all__)


def test_the_readme_names_every_stage():
    readme = (ROOT / "README.md").read_text()
    assert [name for name in own_stages() if f"`{name}`" not in readme and f"`{name}:" not in readme] == []


@pytest.mark.slow
def test_the_readmes_example_runs_and_prints_a_funnel_what_was_dropped_and_what_was_chosen(tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "example.py").write_text(example)
    command = [sys.executable, str(tmp_path / "example.py")]
    shown = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert re.search(r"^kept \d+, dropped [1-9]\d*: [1-9]", shown)
    assert "{'candidates': {" in shown
    assert re.search(r"^kept 10, dropped \d+: \d+ not chosen$", shown, re.MULTILINE)
