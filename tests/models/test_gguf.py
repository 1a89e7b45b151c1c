"""Models in GGUF files: what is converted, what a check finds without converting, and what a fingerprint depends on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError
from curate.models.gguf import model_directory, read_metadata
from curate.models.kept import close_models, kept_model
from curate.models.locate import display_name, locate
from curate.models.protocols import LanguageModel, Prompt, Sampling
from curate.models.spec import ModelSpec, load_model, parse_spec
from tests.models.conftest import CHATML
from tests.models.test_vllm import with_curate

SERVER = {"backend": "server", "model": "tiny", "base_url": "http://localhost:8000/v1"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of converted files."""
    directory = tmp_path / "assets"
    monkeypatch.setenv("HF_ASSETS_CACHE", str(directory))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(directory))
    return directory


@pytest.fixture(scope="session")
def qwen2(tiny_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen2 model of two layers and a context of 256 tokens, with the tokenizer of the tiny model."""
    import torch
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

    directory = tmp_path_factory.mktemp("models") / "qwen2"
    tokenizer = AutoTokenizer.from_pretrained(tiny_directory)
    tokenizer.save_pretrained(directory)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        initializer_range=0.1,
        eos_token_id=2,
    )
    Qwen2ForCausalLM(config).save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def written(qwen2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Qwen2 model as a GGUF file, its weights as they are."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.F32.gguf"
    write_gguf(qwen2, path, CHATML)
    return path


@pytest.fixture
def file(written: Path, tmp_path: Path) -> Path:
    """A copy of the file, which a test may change."""
    return Path(shutil.copy(written, tmp_path / written.name))


def write_gguf(
    directory: Path, path: Path, template: str | None, architecture: str = "qwen2", width: int | None = None
) -> None:
    """Writes a directory's Qwen2 model as llama.cpp's converter does; `width` is what to say of its inner layers."""
    gguf = pytest.importorskip("gguf", reason="gguf is not installed")
    from safetensors.numpy import load_file
    from transformers import AutoConfig, AutoTokenizer

    config, tokenizer = AutoConfig.from_pretrained(directory), AutoTokenizer.from_pretrained(directory)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(width or config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    special = set(tokenizer.added_tokens_encoder)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in special else 1 for token in tokens])
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    if template:
        writer.add_chat_template(template)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config.num_hidden_layers)
    for name, tensor in load_file(directory / "model.safetensors").items():
        stem, _, suffix = name.rpartition(".")
        writer.add_tensor(f"{names.get_name(stem)}.{suffix}", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def spec(file: Path, **more: Any) -> ModelSpec:
    return parse_spec("models.teacher", {"model": str(file), **more})


def converted(cache: Path) -> set[str]:
    return {path.name for path in cache.glob("curate/gguf/*/*") if path.is_dir()}


def test_it_writes_and_scores_what_the_model_does_that_it_was_made_from(file: Path, qwen2: Path, cache: Path) -> None:
    models = [load_model(str(source), dtype="float32", device="cpu") for source in (file, qwen2)]
    for model in models:
        assert isinstance(model, LanguageModel)
    one, other = models
    assert (one.name, one.context_length, one.chat.name) == ("tiny.F32", other.context_length, str(file))
    messages = [{"role": "user", "content": "How many apples are left?"}, {"role": "assistant", "content": "9."}]
    tokens = one.chat.tokenize(messages)
    assert tokens == other.chat.tokenize(messages)
    assert one.chat.user_stop_token_ids == other.chat.user_stop_token_ids
    scored, expected = (model.score([tokens.input_ids], [tokens.assistant_mask])[0].logprobs for model in models)
    assert scored == pytest.approx(expected, abs=0.05)  # bfloat16 weights
    assert converted(cache) == {"model", "tokenizer"}
    assert one.complete([Prompt([5, 6, 7], 0)], Sampling((), 4))[0][0].finish_reason == "length"


def test_a_check_and_a_fingerprint_convert_nothing(file: Path, cache: Path) -> None:
    assert spec(file).check() is None
    assert spec(file).fingerprint()
    assert not cache.exists()


def test_a_served_model_and_a_template_take_the_tokenizer_alone(file: Path, cache: Path) -> None:
    served = parse_spec("models.teacher", {**SERVER, "tokenizer": str(file)})
    served.check()
    assert served.load_chat().pre_query_prefix() == "<|im_start|>user\n"
    assert served.load_chat().tokenizer.model_max_length == 256
    assert converted(cache) == {"tokenizer"}


@pytest.mark.parametrize("backend", ["sentence-transformers", "reward"])
def test_an_embedder_or_a_reward_model_is_no_gguf_file(backend: str, file: Path) -> None:
    with pytest.raises(CurateError) as error:
        spec(file, backend=backend).check()
    assert str(error.value) == (
        f"models.teacher: {file} is a GGUF file, and only language models are read from those; name a directory or a "
        "hub name"
    )


def test_without_a_template_it_needs_one(qwen2: Path, tmp_path: Path) -> None:
    file, template = tmp_path / "bare.gguf", tmp_path / "mine.jinja"
    write_gguf(qwen2, file, None)
    with pytest.raises(CurateError, match=r"bare.gguf has no chat template; use an instruct model's, or name a Jinja"):
        spec(file).check()
    with pytest.raises(CurateError, match=r"bare.gguf has no chat template"):
        parse_spec("models.teacher", {**SERVER, "tokenizer": str(file)}).check()
    template.write_text(CHATML)
    spec(file, template_file=str(template)).check()
    assert spec(file, template_file=str(template)).load_chat().pre_query_prefix() == "<|im_start|>user\n"


def test_an_architecture_that_transformers_does_not_know_is_told_before_anything_is_loaded(
    qwen2: Path, tmp_path: Path
) -> None:
    write_gguf(qwen2, tmp_path / "odd.gguf", CHATML, architecture="rwkv99")
    with pytest.raises(CurateError, match=r"odd.gguf has the architecture 'rwkv99', which transformers cannot convert"):
        spec(tmp_path / "odd.gguf").check()
    parse_spec("models.teacher", {**SERVER, "tokenizer": str(tmp_path / "odd.gguf")}).check()


def test_a_missing_package_is_told_with_its_pip_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(CurateError, match=r"needs the package gguf, .*; pip install 'curate-sft\[gguf\]'"):
        spec(file).check()


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (lambda content: b"PK" + content[2:], "{file} is a file, but no GGUF; a model is a directory"),
        (lambda content: content[:4] + b"\x01" + content[5:], "{file} has version 1 of the format GGUF; 2 or 3 is"),
        (lambda content: content[:3000], "{file} is damaged: its header cannot be read; download it again"),
        (lambda content: content[: len(content) // 2], "{file} is cut short at "),
    ],
)
def test_a_file_that_is_none_or_not_whole_is_told(kept: Any, message: str, file: Path) -> None:
    file.write_bytes(kept(file.read_bytes()))
    with pytest.raises(CurateError) as error:
        spec(file).check()
    assert str(error.value).startswith(f"models.teacher: {message.format(file=file)}")


def test_a_missing_file_is_no_hub_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CurateError, match=f"models.teacher: there is no file {tmp_path}/models/tiny.gguf"):
        parse_spec("models.teacher", {"model": "models/tiny.gguf"}).check()


def test_a_file_needs_no_ending(file: Path, cache: Path) -> None:
    """As in the stores of the hub and of Ollama, which name files by their hashes."""
    blob = file.rename(file.with_name("sha256-0123"))
    assert spec(blob).load_chat().pre_query_prefix() == "<|im_start|>user\n"
    assert display_name(str(blob)) == "sha256-0123"
    assert (model_directory(blob) / "model.safetensors").is_file()


def test_a_package_carries_a_file_and_its_code_is_not_run(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "carries_tiny"
    package.mkdir()
    (package / "__init__.py").write_text("import no_such_module")
    shutil.copy(file, package / "tiny.gguf")
    monkeypatch.syspath_prepend(tmp_path)
    name = "package:carries_tiny/tiny.gguf"
    assert locate(name) == package / "tiny.gguf"
    assert display_name(name) == "tiny"
    with pytest.raises(CurateError, match=r"'carries_tiny' has no directory or file 'other.gguf' \(looked for"):
        locate("package:carries_tiny/other.gguf")


def test_the_fingerprint_is_that_of_the_file_wherever_it_is(file: Path, tmp_path: Path) -> None:
    original = spec(file).fingerprint()
    (tmp_path / "elsewhere").mkdir()
    copy = Path(shutil.copy(file, tmp_path / "elsewhere" / file.name))
    assert spec(copy).fingerprint() == original
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    assert spec(copy).fingerprint() != original


def test_two_contents_have_two_directories_and_one_content_has_one(file: Path, tmp_path: Path) -> None:
    same = Path(shutil.copy(file, tmp_path / "same.gguf"))
    first = model_directory(file)
    assert model_directory(same) == first
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert model_directory(file) != first


def test_a_changed_file_is_loaded_again_where_a_call_names_it(file: Path, qwen2: Path) -> None:
    first = kept_model(str(file), "chat")
    assert kept_model(str(file), "chat") is first
    write_gguf(qwen2, file, CHATML.replace("user", "human"))
    assert kept_model(str(file), "chat") is not first
    close_models()


def test_a_conversion_that_fails_leaves_nothing(file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("transformers.PreTrainedModel.save_pretrained", full)
    with pytest.raises(CurateError, match=rf"cannot convert {file}: No space left on device"):
        model_directory(file)
    assert not converted(cache)
    assert not list(cache.glob("curate/gguf/*/.*"))


def test_weights_that_the_configuration_does_not_fit_are_told(qwen2: Path, tmp_path: Path, cache: Path) -> None:
    """transformers loads them without a word, and the directory that it would write could not be loaded."""
    write_gguf(qwen2, tmp_path / "wide.gguf", CHATML, width=64)
    with pytest.raises(CurateError, match=r"_proj.weight have the shape \[.*192.*\], and by its .* \[.*64.*\] as"):
        model_directory(tmp_path / "wide.gguf")
    assert not converted(cache)


def test_what_a_killed_process_left_is_removed(file: Path, cache: Path) -> None:
    directory = model_directory(file)
    shutil.rmtree(directory)
    left = directory.with_name(".model.killed")
    (left / "model").mkdir(parents=True)
    assert model_directory(file) == directory
    assert not left.exists()


SCRIPT = """
import sys
from pathlib import Path
from curate.models.gguf import model_directory
print(model_directory(Path(sys.argv[1])))
"""


def test_two_processes_at_once_make_one_directory(file: Path, cache: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(file)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=with_curate()) for _ in range(2)]
    assert len({process.communicate()[0].strip() for process in both}) == 1
    assert [process.returncode for process in both] == [0, 0]
    assert converted(cache) == {"model", "tokenizer"}
    load_model(str(file)).close()


def test_metadata_is_read_as_it_was_written(file: Path) -> None:
    metadata = read_metadata(file)
    assert metadata["general.architecture"] == "qwen2"
    assert metadata["qwen2.context_length"] == 256
    assert metadata["tokenizer.ggml.tokens"] == 385
    assert metadata["tokenizer.chat_template"] == CHATML
