"""The `sentence-transformers` backend: a sentence embedder in this process."""

from __future__ import annotations

import datetime
import gc
import threading
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from curate.errors import CurateError
from curate.models.fields import Model, TrustRemoteCode
from curate.models.hardware import Device, Dtype, pick_device, pick_dtype
from curate.models.locate import display_name, locate
from curate.models.tokenizer import first_line


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
        batch_size: Annotated[int, Field(gt=0, description="texts at a time")] = 32,
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
                model_kwargs={"dtype": pick_dtype(dtype, torch_device), "use_safetensors": True},
            )
        except (OSError, ValueError, ImportError) as error:
            raise CurateError(f"cannot load {model}: {first_line(error)}") from error
        if max_seq_length is not None:
            self._model.max_seq_length = max_seq_length
        self._batch_size, self._prompt = batch_size, prompt
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings of shape (n, d), float32, unit length, in the order of `texts`."""
        if not texts:
            return self.embed([""])[:0]
        with self._lock:
            vectors = self._model.encode(
                list(texts),
                prompt=self._prompt,
                batch_size=self._batch_size,
                convert_to_tensor=True,
                normalize_embeddings=False,
                show_progress_bar=False,
            )
        vectors = vectors.float()  # before the division, so that lengths are 1 to float32's precision in any dtype
        unit: np.ndarray = (vectors / vectors.norm(dim=-1, keepdim=True).clamp(min=1e-12)).cpu().numpy()
        return unit

    def close(self) -> None:
        """Frees the weights."""
        with self._lock:
            self._model = None
        gc.collect()
