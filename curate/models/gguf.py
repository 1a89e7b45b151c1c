"""Models in GGUF files: what a file must hold, and its conversion to a directory that every backend loads.

A file carries its tokenizer and chat template as metadata (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
Its weights are dequantised to bfloat16 safetensors, once: the directories lie where huggingface_hub keeps what is
derived from models (HF_ASSETS_CACHE, which is ~/.cache/huggingface/assets unless HF_HOME or it is set), under
`curate/gguf/HASH`, by the SHA-256 of the file's content. The tokenizer has a directory of its own, since a served
model needs nothing else.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from filelock import FileLock

from curate.errors import CurateError, first_line

MAGIC = b"GGUF"
VERSIONS = (2, 3)
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9

INSTALL = "pip install 'curate-sft[gguf]'"


def is_gguf(file: Path) -> bool:
    """Whether a file begins as a GGUF file does, whatever its name."""
    with file.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def check_gguf_tokenizer(file: Path) -> None:
    """Raises CurateError unless the file is whole and holds a tokenizer."""
    if "tokenizer.ggml.tokens" not in read_metadata(file):
        raise CurateError(f"{file} has no tokenizer; the GGUF file of a whole language model is expected")


def check_gguf_template(file: Path) -> None:
    """Raises CurateError unless the file holds a chat template."""
    if not read_metadata(file).get("tokenizer.chat_template"):
        raise CurateError(
            f"{file} has no chat template; use an instruct model's, or name a Jinja file with 'template_file'"
        )


def check_gguf_weights(file: Path) -> None:
    """Raises CurateError unless transformers can convert the file's weights, and has the package for it."""
    metadata = read_metadata(file)
    if (parts := metadata.get("split.count", 0)) > 1:
        raise CurateError(f"{file} is one of {parts} parts of a model; join them with llama-gguf-split --merge")
    architecture, known = metadata.get("general.architecture"), _architectures()
    if known and _plain(str(architecture)) not in map(_plain, known):
        raise CurateError(
            f"{file} has the architecture {architecture!r}, which transformers cannot convert; use the model's "
            f"directory or hub name, or a GGUF file of one of {', '.join(sorted(known))}"
        )
    if importlib.util.find_spec("gguf") is None:
        raise CurateError(f"{file} needs the package gguf, which is not installed; {INSTALL}")


def model_directory(file: Path) -> Path:
    """The directory with the file's weights in bfloat16 safetensors and its tokenizer, made at the first call.

    Raises CurateError when the file cannot be converted.
    """
    return _converted(file, "model", check_gguf_weights, _write_model)


def tokenizer_directory(file: Path) -> Path:
    """The directory with the file's tokenizer and chat template alone, made at the first call.

    Raises CurateError when the file cannot be converted.
    """
    return _converted(file, "tokenizer", check_gguf_tokenizer, _write_tokenizer)


def read_metadata(file: Path) -> dict[str, Any]:
    """The metadata of a GGUF file; of an array, its length. Raises CurateError unless the file is a whole one."""
    state = file.stat()
    return _metadata(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=16)
def _metadata(file: Path, size: int, _time: int) -> dict[str, Any]:
    with file.open("rb") as stream:
        reader = _Reader(stream)
        if stream.read(len(MAGIC)) != MAGIC:
            raise CurateError(f"{file} is no GGUF file: it does not begin with {MAGIC.decode()}")
        try:
            if (version := reader.number("I")) not in VERSIONS:
                raise CurateError(f"{file} has version {version} of the format GGUF; 2 or 3 is expected")
            tensors, pairs = reader.number("Q"), reader.number("Q")
            metadata = {reader.text(): reader.value(reader.number("I")) for _ in range(pairs)}
            farthest = max((reader.tensor_offset() for _ in range(tensors)), default=-1)
        except (struct.error, KeyError, UnicodeDecodeError, OverflowError, MemoryError) as error:
            raise CurateError(f"{file} is damaged: its header cannot be read; download it again") from error
        if stream.tell() + farthest >= size:
            raise CurateError(f"{file} is cut short at {size} bytes, before its last weights; download it again")
        return metadata


class _Reader:
    """Reads the values of a GGUF header one after another."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def number(self, form: str) -> Any:
        return struct.unpack(f"<{form}", self._stream.read(struct.calcsize(form)))[0]

    def text(self) -> str:
        return self._stream.read(self.number("Q")).decode("utf-8")

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.text()
        if kind != ARRAY:
            return self.number(NUMBERS[kind])
        kind, count = self.number("I"), self.number("Q")
        if kind in NUMBERS:
            self._stream.seek(count * struct.calcsize(NUMBERS[kind]), os.SEEK_CUR)
        else:
            for _ in range(count):
                self.value(kind)
        return count

    def tensor_offset(self) -> int:
        """Where the next tensor begins, from the start of all weights; its name, shape and type are passed over."""
        self.text()
        self._stream.seek(8 * self.number("I") + 4, os.SEEK_CUR)
        return int(self.number("Q"))


def _converted(file: Path, name: str, check: Callable[[Path], None], write: Callable[[Path, Path], None]) -> Path:
    """The directory `name` of this file's content in the cache, written by one process, whole or not at all."""
    from huggingface_hub import cached_assets_path, constants

    content = file.resolve()
    try:
        target = cached_assets_path("curate", "gguf", _sha256(content), assets_dir=constants.HF_ASSETS_CACHE) / name
        if target.is_dir():
            return target
        check(file)
        with FileLock(f"{target}.lock"):
            for left in target.parent.glob(f".{name}.*"):  # by a process that was killed: this one holds the lock
                shutil.rmtree(left)
            if not target.is_dir():
                with TemporaryDirectory(dir=target.parent, prefix=f".{name}.") as temporary:
                    link = Path(temporary, "model.gguf")  # transformers goes by the ending, which the file may not have
                    link.symlink_to(content)
                    write(link, Path(temporary, name))
                    Path(temporary, name).rename(target)
    except CurateError:
        raise
    except Exception as error:  # transformers raises whatever an odd file makes it stumble over
        raise CurateError(f"cannot convert {file}: {first_line(error)}") from error
    return target


def _write_tokenizer(file: Path, directory: Path) -> None:
    """Writes what the file says of its tokenizer; that of AutoTokenizer would need the architecture too."""
    from transformers import PreTrainedTokenizerFast

    metadata = read_metadata(file)
    context_length = metadata.get(f"{metadata.get('general.architecture')}.context_length")
    sentencepiece = metadata.get("tokenizer.ggml.model") == "llama"
    tokenizer = PreTrainedTokenizerFast.from_pretrained(
        str(file.parent),
        gguf_file=file.name,
        add_bos_token=metadata.get("tokenizer.ggml.add_bos_token", sentencepiece),  # as llama.cpp has it
        **({"model_max_length": context_length} if context_length else {}),
    )
    tokenizer.save_pretrained(directory)


def _write_model(file: Path, directory: Path) -> None:
    """Writes the weights, and the tokenizer beside them. Raises ValueError unless the weights fit the configuration."""
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    loaded: Any = AutoModelForCausalLM.from_pretrained(
        str(file.parent),
        gguf_file=file.name,
        dtype="bfloat16",
        quantization_config=GgufConfig(dequantize=True),
        output_loading_info=True,
    )
    model, loading = loaded
    if missing := sorted(loading["missing_keys"]):
        raise ValueError(f"it lacks the weights {', '.join(missing[:3])}")
    with torch.device("meta"):
        expected = AutoModelForCausalLM.from_config(model.config).state_dict()
    for name, weight in model.state_dict().items():  # which transformers takes from a GGUF file in any shape
        if weight.shape != expected[name].shape:
            shapes = f"{list(weight.shape)}, and by its configuration {list(expected[name].shape)}"
            raise ValueError(f"its weights {name} have the shape {shapes} as transformers reads it")
    model.save_pretrained(directory)
    shutil.copytree(tokenizer_directory(file.resolve()), directory, dirs_exist_ok=True)


def _architectures() -> set[str]:
    """What transformers converts, as it names them; empty where this version keeps its list elsewhere."""
    try:
        from transformers.integrations.gguf import GGUF_ARCHS
        from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES
    except ImportError:
        return set()
    return {*GGUF_SUPPORTED_ARCHITECTURES, *GGUF_ARCHS} - {"general", "tokenizer"}


def _plain(architecture: str) -> str:
    """An architecture as the format and transformers both write it: qwen3moe for qwen3_moe, gptoss for gpt-oss."""
    return architecture.replace("-", "").replace("_", "")


def _sha256(file: Path) -> str:
    state = file.stat()
    return _sha256_of(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=16)
def _sha256_of(file: Path, _size: int, _time: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
