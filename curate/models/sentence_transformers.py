"""The `sentence-transformers` backend: a sentence embedder in this process."""

from __future__ import annotations

import datetime
import itertools
import threading
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from curate.models.backend import Backend, ModelSource, Precision, TrustRemoteCode
from curate.models.in_process.hardware import Device, free_memory, pick_device, pick_dtype
from curate.models.locate import locate
from curate.models.usage import Usage
from curate.models.weights import HEADS, POOLER, check_complete, loading

_TOKENS = 1024  # padded tokens in a batch on a CPU, where what a layer computes should stay in the caches

FAST_ON_CPU = ("amx_bf16", "avx512_bf16")  # with either of these, bfloat16 doubles an encoder's speed


class SentenceTransformersModel(Backend):
    """A sentence embedder of the sentence-transformers library.

    A text of more tokens than are read at once is embedded in parts: each is its head, a stretch of its middle and its
    tail, so that all of it is read, and every stretch with what is asked, at one end or the other. Its embedding is the
    mean of those of its parts, of unit length.
    """

    kind = "embedder"
    neutral = frozenset({"batch_size"})

    def __init__(
        self,
        model: ModelSource,
        date: datetime.date | None = None,
        *,
        dtype: Annotated[
            Precision,
            Field(description="auto: bfloat16 on a GPU, and on a CPU with AMX or AVX-512 bfloat16, else float32"),
        ] = "auto",
        device: Device = "auto",
        batch_size: Annotated[int, Field(gt=0, description="texts at a time, at most")] = 32,
        max_seq_length: Annotated[
            int | None, Field(gt=0, description="tokens that are read at once; the model's own limit by default")
        ] = None,
        prompt: Annotated[str | None, Field(description="put before every text, where a model asks for one")] = None,
        trust_remote_code: TrustRemoteCode = False,
    ) -> None:
        from sentence_transformers import SentenceTransformer

        super().__init__(model, date)
        self._device = pick_device(device)
        with loading(model):
            self._model: Any = SentenceTransformer(
                str(locate(model)),
                device=str(self._device),
                trust_remote_code=trust_remote_code,
                model_kwargs={
                    "dtype": pick_dtype(dtype, self._device, FAST_ON_CPU),
                    "use_safetensors": True,
                    "ignore_mismatched_sizes": True,  # `check_complete` names them
                },
            )
            info = _loading_info(self._model)
        if info:
            check_complete(model, info, may_lack=POOLER, may_hold=HEADS)
        if max_seq_length is not None:
            self._model.max_seq_length = max_seq_length
        self._batch_size, self._prompt = batch_size, prompt
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings of shape (n, d), float32, unit length, in the order of `texts`."""
        if not texts:
            return self.embed([""])[:0]
        with self._lock:
            parts = self._parts(texts)
            vectors = self._vectors(list(itertools.chain.from_iterable(parts)))
        if len(vectors) == len(texts):
            return vectors
        sums = np.add.reduceat(vectors, np.cumsum([0, *map(len, parts[:-1])]))
        several = np.array([len(own) > 1 for own in parts])
        sums[several] /= np.linalg.norm(sums[several], axis=1, keepdims=True).clip(1e-12)
        return sums

    def in_parts(self, texts: Sequence[str]) -> int:
        """How many of the texts are embedded in parts."""
        with self._lock:
            return sum(len(own) > 1 for own in self._parts(texts))

    def _parts(self, texts: Sequence[str]) -> list[list[str]]:
        """What is embedded of each text: the text itself, or its parts."""
        tokenizer, limit = self._model.tokenizer, self._model.max_seq_length
        parts = [[text] for text in texts]
        if limit is None or not tokenizer.is_fast:
            return parts
        prompt = tokenizer(self._prompt or "", add_special_tokens=False)["input_ids"]
        room = max(limit - tokenizer.num_special_tokens_to_add() - len(prompt), 1)
        for row, text in enumerate(texts):
            if len(text.encode("utf-8", "replace")) > room:  # no token is of less than a byte
                encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
                parts[row] = _parts_of(text, [start for start, _ in encoded["offset_mapping"]], room)
        return parts

    def _vectors(self, texts: Sequence[str]) -> np.ndarray:
        """One vector of unit length for each text, float32 (n, d)."""
        import torch

        vectors: list[Any] = [None] * len(texts)
        lengths = self._lengths(texts)
        self.meter.count(Usage(len(texts), sum(lengths)))
        for rows in self._batches(lengths):
            encoded = self._model.encode(
                [texts[row] for row in rows],
                prompt=self._prompt,
                batch_size=len(rows),
                convert_to_tensor=True,
                normalize_embeddings=False,
                show_progress_bar=False,
            )
            for row, vector in zip(rows, encoded, strict=True):
                vectors[row] = vector
        together = torch.stack(vectors).float()  # before the division, so that lengths are 1 to float32's precision
        unit: np.ndarray = (together / together.norm(dim=-1, keepdim=True).clamp(min=1e-12)).cpu().numpy()
        return unit

    def _lengths(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text, as far as the model reads it."""
        limit = self._model.max_seq_length
        ids = self._model.tokenizer(list(texts), truncation=limit is not None, max_length=limit)["input_ids"]
        return [len(tokens) for tokens in ids]

    def _batches(self, lengths: Sequence[int]) -> list[list[int]]:
        """The rows of each batch: texts of about the same number of tokens, the longest first, so little is padding."""
        token_limit = _TOKENS if self._device.type == "cpu" else None
        batches: list[list[int]] = []
        for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
            full = not batches or len(batches[-1]) == self._batch_size
            if full or (token_limit and (len(batches[-1]) + 1) * lengths[batches[-1][0]] > token_limit):
                batches.append([])
            batches[-1].append(row)
        return batches

    def close(self) -> None:
        """Frees the weights."""
        with self._lock:
            self._model = None
        free_memory(self._device)


def _loading_info(model: Any) -> Mapping[str, Any] | None:
    """What transformers says of the weights of the embedder's encoder, or None where it has none.

    The library does not pass it on, so the files are matched once more, on a device that holds no numbers.
    """
    encoder = getattr(model[0], "auto_model", None)
    if encoder is None or not encoder.name_or_path:
        return None
    where = {"device_map": {"": "meta"}, "use_safetensors": True, "ignore_mismatched_sizes": True}
    _, info = type(encoder).from_pretrained(
        encoder.name_or_path, config=encoder.config, output_loading_info=True, **where
    )
    matched: Mapping[str, Any] = info
    return matched


def _parts_of(text: str, starts: Sequence[int], room: int) -> list[str]:
    """The parts of a text whose tokens begin at the characters `starts`; one of at most `room` tokens is its only part.

    Others have at most half as many, in which the ends weigh more; an eighth of that is head, and an eighth is tail.
    The stretches of the middle are equally long.
    """
    if len(starts) <= room:
        return [text]
    part = room // 2
    end = max(part // 8, 1)
    stretch = max(part - 2 * end - part // 32, 1)  # less a few, for a cut inside a word can make a token more of it
    middle = len(starts) - 2 * end
    count = max(-(-middle // stretch), 1)
    cuts = [starts[end + middle * number // count] for number in range(count + 1)]
    head, tail = text[: cuts[0]], text[cuts[-1] :]
    return [f"{head.strip()} {text[begin:stop].strip()} {tail.strip()}" for begin, stop in itertools.pairwise(cuts)]
