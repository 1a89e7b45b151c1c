"""The `reward` backend: a reward model of Hugging Face transformers in this process, on a CPU or a GPU."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.errors import CurateError
from curate.models.backend import Backend, ModelSource, TemplatedBackend
from curate.models.context import context_length
from curate.models.files import read_config
from curate.models.in_process.hardware import Device, Dtype, free_memory, pick_device, pick_dtype
from curate.models.locate import locate
from curate.models.usage import Usage
from curate.models.weights import HEADS, check_complete, loading

if TYPE_CHECKING:
    from curate.records.schema import Message

BATCH_TOKENS = 8192  # in one forward pass
NO_TOKEN = -1  # as the id of a padding token: none is padding


class RewardTransformersModel(TemplatedBackend):
    """A sequence classifier with one output, which reads a whole conversation in its own chat template.

    A batch holds conversations of equal length in tokens, so there is no padding and no mask to go wrong: a model
    without a padding token works like any other, and a reward is that of the conversation alone, to 1e-5 in float32
    (the last bits depend on the shape of the batch; in bfloat16, which `auto` picks where the hardware has it, they
    are some of the second decimal).
    """

    kind = "reward"

    def __init__(
        self,
        model: ModelSource,
        date: datetime.date | None = None,
        *,
        dtype: Dtype = "auto",
        device: Device = "auto",
        **template: Any,
    ) -> None:
        import torch

        super().__init__(model, date, **template)
        self.device = pick_device(device)
        self._model = _load(model, dtype=pick_dtype(dtype, self.device), trust_remote_code=self.trust_remote_code)
        self._model.to(self.device).eval().requires_grad_(False)
        config = self._model.config.get_text_config()
        config.use_cache = False
        if config.pad_token_id is None:
            config.pad_token_id = NO_TOKEN  # or transformers refuses batches
        self.context_length = context_length(config, self.chat.tokenizer)
        self._lock = threading.Lock()
        self._inference_mode = torch.inference_mode

    @classmethod
    def check_directory(cls, directory: Path, parameters: Mapping[str, Any]) -> None:
        """As for every model with a template, and the configuration is of a sequence classifier with one output."""
        super().check_directory(directory, parameters)
        config = read_config(directory / "config.json")
        classes = config.get("architectures") or []
        if not any("SequenceClassification" in name for name in classes):
            raise CurateError(
                f"{directory} is no reward model but {', '.join(classes) or 'unknown'}; a model for sequence "
                "classification with one output is expected"
            )
        if (labels := len(config.get("id2label") or "01")) != 1:  # transformers leaves out its default, which is two
            raise CurateError(f"{directory} classifies into {labels} labels; a reward model has one output")

    @classmethod
    def check_gguf(cls, file: Path, parameters: Mapping[str, Any]) -> None:
        """Refuses it: transformers reads no classifier from a GGUF file."""
        Backend.check_gguf(file, parameters)

    def reward(self, conversations: Sequence[Sequence[Message]]) -> np.ndarray:
        """The reward of each conversation, float32, shape (n,). Raises CurateError for one that exceeds the context."""
        import torch

        rows = [self.chat.encode(self.chat.render(messages)) for messages in conversations]
        for row in rows:
            if len(row) > self.context_length:
                raise CurateError(
                    f"a conversation has {len(row)} tokens, more than the context of {self.name} "
                    f"({self.context_length} tokens)"
                )
        self.meter.count(Usage(len(rows), sum(map(len, rows))))
        rewards = np.empty(len(rows), np.float32)
        with self._lock, self._inference_mode():
            for batch in _batches(rows):
                ids = torch.tensor([rows[n] for n in batch], device=self.device)
                rewards[batch] = self._model(input_ids=ids).logits[:, 0].float().cpu().numpy()
        return rewards

    def close(self) -> None:
        """Frees the weights."""
        with self._lock:
            self._model = None
        free_memory(self.device)


def _batches(rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The numbers of rows of equal length, as many as `BATCH_TOKENS` allow; the longest come first."""
    order = sorted(range(len(rows)), key=lambda n: -len(rows[n]))
    for length, group in groupby(order, key=lambda n: len(rows[n])):
        same, size = list(group), max(1, BATCH_TOKENS // max(1, length))
        yield from (same[begin : begin + size] for begin in range(0, len(same), size))


def _load(model: str, **options: Any) -> Any:
    """The classifier. Raises CurateError when it has more than one output, or weights that are not in its files."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    source = str(locate(model))
    with loading(model):
        config = AutoConfig.from_pretrained(source, trust_remote_code=options["trust_remote_code"])
        if config.num_labels != 1:
            raise CurateError(f"{model} classifies into {config.num_labels} labels; a reward model has one output")
        loaded, info = AutoModelForSequenceClassification.from_pretrained(
            source, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True, **options
        )
    check_complete(model, info, may_hold=HEADS)
    return loaded
