"""The `sentence-transformers` backend: a sentence embedder in this process."""

from __future__ import annotations

import datetime
import gc
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from curate.errors import CurateError, first_line
from curate.models.fields import Model, TrustRemoteCode
from curate.models.in_process.hardware import Device, pick_device, pick_dtype
from curate.models.locate import display_name, locate

if TYPE_CHECKING:
    import torch

_TOKENS = 1024  # padded tokens in a batch on a CPU, where what a layer computes should stay in the caches

Dtype = Annotated[
    Literal["auto", "float32", "bfloat16", "float16"],
    Field(description="auto: bfloat16 on a GPU, and on a CPU with AMX or AVX-512 bfloat16, else float32"),
]


class SentenceTransformersModel:
    """A sentence embedder of the sentence-transformers library."""

    NEUTRAL: ClassVar[frozenset[str]] = frozenset({"batch_size"})

    def __init__(
        self,
        model: Model,
        date: datetime.date | None = None,  # no template prints it here; every backend is constructed alike
        *,
        dtype: Dtype = "auto",
        device: Device = "auto",
        batch_size: Annotated[int, Field(gt=0, description="texts at a time, at most")] = 32,
        max_seq_length: Annotated[
            int | None, Field(gt=0, description="tokens after which a text is cut; the model's own limit by default")
        ] = None,
        prompt: Annotated[str | None, Field(description="put before every text, where a model asks for one")] = None,
        trust_remote_code: TrustRemoteCode = False,
    ) -> None:
        from sentence_transformers import SentenceTransformer

        self.name = display_name(model)
        torch_device = pick_device(device)
        try:
            self._model: Any = SentenceTransformer(
                str(locate(model)),
                device=str(torch_device),
                trust_remote_code=trust_remote_code,
                model_kwargs={"dtype": _pick_dtype(dtype, torch_device), "use_safetensors": True},
            )
        except (OSError, ValueError, ImportError) as error:
            raise CurateError(f"cannot load {model}: {first_line(error)}") from error
        if max_seq_length is not None:
            self._model.max_seq_length = max_seq_length
        self._batch_size, self._prompt = batch_size, prompt
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings of shape (n, d), float32, unit length, in the order of `texts`."""
        import torch

        if not texts:
            return self.embed([""])[:0]
        vectors: list[Any] = [None] * len(texts)
        with self._lock:
            for rows in self._batches(texts):
                found = self._model.encode(
                    [texts[row] for row in rows],
                    prompt=self._prompt,
                    batch_size=len(rows),
                    convert_to_tensor=True,
                    normalize_embeddings=False,
                    show_progress_bar=False,
                )
                for row, vector in zip(rows, found, strict=True):
                    vectors[row] = vector
        together = torch.stack(vectors).float()  # before the division, so that lengths are 1 to float32's precision
        unit: np.ndarray = (together / together.norm(dim=-1, keepdim=True).clamp(min=1e-12)).cpu().numpy()
        return unit

    def _batches(self, texts: Sequence[str]) -> list[list[int]]:
        """The rows of each batch: texts of about the same number of tokens, the longest first, so little is padding."""
        limit = self._model.max_seq_length
        ids = self._model.tokenizer(list(texts), truncation=limit is not None, max_length=limit)["input_ids"]
        lengths = [len(tokens) for tokens in ids]
        most = _TOKENS if self._model.device.type == "cpu" else None
        batches: list[list[int]] = []
        for row in sorted(range(len(texts)), key=lambda row: -lengths[row]):
            full = not batches or len(batches[-1]) == self._batch_size
            if full or (most and (len(batches[-1]) + 1) * lengths[batches[-1][0]] > most):
                batches.append([])
            batches[-1].append(row)
        return batches

    def close(self) -> None:
        """Frees the weights."""
        with self._lock:
            self._model = None
        gc.collect()


def _pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """As for every model, but `auto` is bfloat16 on a CPU with AVX-512 bfloat16 too: it doubles an encoder's speed."""
    import torch

    fast = device.type == "cpu" and torch.cpu.get_capabilities().get("avx512_bf16", False)
    return torch.bfloat16 if name == "auto" and fast else pick_dtype(name, device)
