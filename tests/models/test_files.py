"""What a model's directory must hold, and must not ask for: each fault is a sentence before anything is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from curate import Pipeline, Run
from curate.errors import CurateError
from curate.models.locate import locate
from curate.models.spec import parse_spec
from tests.conftest import BASE, CHAT, MINILM


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    directory = Path(shutil.copytree(BASE, tmp_path / "m"))
    (directory / "modeling_mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    code = {"AutoConfig": "modeling_mine.Config", "AutoModelForCausalLM": "modeling_mine.Model"}
    change(directory / "config.json", auto_map=code, model_type="mine")
    spec = parse_spec("models.m", {"model": str(directory)})
    with pytest.raises(CurateError) as error:
        spec.check()
    assert str(error.value).startswith(
        f"models.m: {directory}/config.json names code that comes with the model (auto_map"
    )
    assert "modeling_mine.Model" in str(error.value)
    with pytest.raises(CurateError, match="cannot load .* contains custom code which must be executed"):
        spec.load()
    assert not (tmp_path / "ran").exists()
    parse_spec("models.m", {"model": str(directory), "trust_remote_code": True}).check()


def test_a_model_of_a_known_type_does_without_the_code_that_comes_with_it(tmp_path: Path) -> None:
    directory = Path(shutil.copytree(BASE, tmp_path / "m"))
    (directory / "modeling_mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    change(directory / "config.json", auto_map={"AutoModelForCausalLM": "modeling_mine.Model"})
    spec = parse_spec("models.m", {"model": str(directory)})
    spec.check()
    spec.load().close()
    assert not (tmp_path / "ran").exists()


def test_an_embedders_module_that_is_not_the_librarys_is_not_imported(tmp_path: Path) -> None:
    directory = Path(shutil.copytree(locate(MINILM), tmp_path / "m"))
    modules = json.loads((directory / "modules.json").read_text())
    modules[1]["type"] = "subprocess.Popen"
    (directory / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(CurateError, match=r"modules.json names code that .* \(type: subprocess.Popen\), and it is not"):
        parse_spec("models.m", {"model": str(directory), "backend": "sentence-transformers"}).check()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.json", b"{", "config.json is damaged: Expecting property name"),
        ("config.json", b"[]", "config.json holds a list where a dict is expected"),
        ("config.json", b"\xff\xfe\x00", "config.json is damaged: "),
        ("tokenizer_config.json", b"", "tokenizer_config.json is damaged: Expecting value"),
    ],
)
def test_a_configuration_that_is_none_is_told(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    directory = Path(shutil.copytree(BASE, tmp_path / "m"))
    (directory / name).write_bytes(content)
    if name == "tokenizer_config.json":
        (directory / "chat_template.jinja").unlink()  # so that the template would be in it
    with pytest.raises(CurateError, match=f"models.m: {directory}/{said}"):
        parse_spec("models.m", {"model": str(directory)}).check()


def test_a_run_says_at_its_start_which_model_runs_its_own_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = {"teacher": {"model": str(CHAT), "trust_remote_code": True}}
    stages = [{"synthesize": {"model": "teacher", "count": 1, "max_tokens": 8}}]
    Run(Pipeline({"models": models, "stages": stages}), tmp_path / "run").execute()
    said = capsys.readouterr().err
    assert "the model teacher runs the code that comes with it (trust_remote_code)" in said.splitlines()[0]
