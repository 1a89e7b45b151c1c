"""A tiny language model with random weights, and real vLLM engines where vLLM is installed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from curate.models import endpoint as endpoints
from curate.models.protocols import LanguageModel
from curate.models.spec import load_model
from tests.models.endpoints import Endpoint

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT = [
    "Name three primary colours, and say how they mix.",
    "The primary colours are red, yellow and blue. Red and yellow make orange.",
    "Write a Python function that adds two numbers: def add(a, b): return a + b",
    "How many apples are left when 3 of 12 are eaten? 12 - 3 = 9, so 9 apples are left.",
]


@pytest.fixture(scope="session")
def tiny_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen3 model of two layers, grouped key heads and a context of 256 tokens, with a ChatML tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    directory = tmp_path_factory.mktemp("models") / "tiny"
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    bpe.train_from_iterator(TEXT, trainer)
    special = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, **special)
    tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(directory)
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        initializer_range=0.3,  # so that some tokens are much likelier than others
        eos_token_id=2,
    )
    Qwen3ForCausalLM(config).save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def tiny(tiny_directory: Path) -> Iterator[LanguageModel]:
    """The tiny model in transformers, float32."""
    model = load_model(str(tiny_directory), dtype="float32", device="cpu")
    assert isinstance(model, LanguageModel)
    yield model
    model.close()


@pytest.fixture(scope="session")
def vllm_tiny(needs_vllm: None, tiny_directory: Path) -> Iterator[LanguageModel]:
    """The tiny model in a vLLM engine, float32, whose prefix cache keeps what fills 32 tokens."""
    options = {"dtype": "float32", "enforce_eager": True, "engine": {"block_size": 32}}
    model = load_model(str(tiny_directory), backend="vllm", **options)
    assert isinstance(model, LanguageModel)
    yield model
    model.close()


@pytest.fixture(scope="session")
def vllm_server(needs_vllm: None, tiny_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a real vLLM server that serves the tiny model as `tiny`."""
    log = tmp_path_factory.mktemp("server") / "log"
    with serve_vllm(tiny_directory, "tiny", log, "--dtype", "float32") as url:
        yield url


@contextmanager
def serve_vllm(directory: Path, name: str, log: Path, *more: str) -> Iterator[str]:
    """The base URL of a real vLLM server that serves the model in `directory` under `name`, and writes to `log`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(directory)]
    command += ["--served-model-name", name, "--enforce-eager", "--port", str(port), *more]
    command += ["--host", "127.0.0.1", "--no-enable-prefix-caching", "--generation-config", "vllm"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="session")
def served_tiny(vllm_server: str, tiny_directory: Path) -> Iterator[LanguageModel]:
    """The tiny model behind the real vLLM server."""
    model = load_model("tiny", backend="server", base_url=vllm_server, tokenizer=str(tiny_directory))
    assert isinstance(model, LanguageModel)
    yield model
    model.close()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A server of a test's own, which serves `tiny` and answers properly until it is told otherwise."""
    monkeypatch.setattr(endpoints, "FIRST_WAIT", 0.05)
    served = Endpoint({"data": [{"id": "tiny", "max_model_len": 100}]})
    yield served
    served.close()


@pytest.fixture
def connect(endpoint: Endpoint, tiny_directory: Path) -> Iterator[Callable[..., LanguageModel]]:
    """The model `tiny` behind that server, with these parameters."""
    made: list[LanguageModel] = []

    def load(**more: Any) -> LanguageModel:
        values = {"base_url": endpoint.url, "tokenizer": str(tiny_directory), **more}
        model = load_model("tiny", backend="server", **values)
        assert isinstance(model, LanguageModel)
        made.append(model)
        return model

    yield load
    for model in made:
        model.close()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    pytest.fail(f"the vLLM server did not start:\n{log.read_text(errors='replace')[-3000:]}")
