"""The `transformers` backend: a language model in this process, on a CPU or a GPU."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from curate.errors import CurateError, first_line
from curate.models.backend import ModelSource, TemplatedBackend
from curate.models.context import check_scorable, context_length, room
from curate.models.grammar import Grammar
from curate.models.in_process.decoding import Row, decode
from curate.models.in_process.hardware import Device, Dtype, free_memory, pick_device, pick_dtype
from curate.models.locate import loadable_model
from curate.models.protocols import Completion, Prompt, Sampling, TokenScores
from curate.models.tokenizer import to_texts
from curate.models.usage import Usage

if TYPE_CHECKING:
    from curate.models.in_process.scoring import Scorer

CPU_MEMORY = 2**30  # bytes that the rows of one batch may take on a CPU; on a GPU, half of what is free


class TransformersModel(TemplatedBackend):
    """A causal language model of Hugging Face transformers.

    Sampling gives each prompt and sample its own random stream, so that the text of a prompt does not depend on the
    batch, as far as floating point allows: the last bits of a logit can depend on the shape of the batch, and a draw
    that falls between two tokens by that little then takes the other one. The same call always gives the same text.
    """

    kind = "language"

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

        from curate.models.in_process.attention import use_grouped_attention

        super().__init__(model, date, **template)
        self.device = pick_device(device)
        self._model = _load(model, dtype=pick_dtype(dtype, self.device), trust_remote_code=self.trust_remote_code)
        self._model.to(self.device).eval().requires_grad_(False)
        use_grouped_attention(self._model)
        self._config = self._model.config.get_text_config()
        self.context_length = context_length(self._config, self.chat.tokenizer)
        self._scorer: Scorer | None = None
        self._lock = threading.Lock()  # for a whole call: threads that take turns leave each other's workers spinning
        self._inference_mode = torch.inference_mode
        self._grammars: dict[tuple[int, ...], Grammar] = {}

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Completion]]:
        """`sampling.n` completions of each prompt, in the order of the prompts.

        Raises CurateError for a prompt that is empty or leaves no room in the context; what is left limits
        `max_tokens`.
        """
        stop = set(sampling.stop_token_ids)
        with self._lock, self._inference_mode():
            grammar = self._grammar(sampling.stop_token_ids) if sampling.json_schema else None
            stop |= grammar.stop if grammar else set()
            rows = [row for prompt in prompts for row in self._rows(prompt, sampling, grammar)]
            for batch in self._batches(rows):
                decode(self._model, batch, stop, sampling.temperature, sampling.top_p)
        written = sum(len(row.tokens) + row.finished for row in rows)
        self.meter.count(Usage(len(prompts), sum(len(prompt.token_ids) for prompt in prompts), 0, written))
        texts = iter(to_texts(self.chat.tokenizer, [row.tokens for row in rows]))
        ends: Iterator[Literal["stop", "length"]] = ("stop" if row.finished else "length" for row in rows)
        return [[Completion(next(texts), next(ends)) for _ in range(sampling.n)] for _ in prompts]

    def score(self, sequences: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> list[TokenScores]:
        """Log-probability (nats, float32) and rank of each token at which the mask is 1, given all tokens before it.

        Sequences with the same tokens before the first scored one share their computation. Scores do not depend on what
        else is in the call: to 1e-5 in float32, to 2e-2 a token in bfloat16. Raises CurateError for a mask that does
        not fit its sequence, and for what exceeds the context.
        """
        from curate.models.in_process.scoring import Scorer

        check_scorable(self, sequences, masks)
        self.meter.count(Usage(len(sequences), sum(map(len, sequences))))
        with self._lock, self._inference_mode():
            self._scorer = self._scorer or Scorer(self._model)
            return self._scorer.score(sequences, masks)

    def close(self) -> None:
        """Frees the weights, or lets a batch that is still running be the last to hold them."""
        self._model = self._scorer = None
        free_memory(self.device)

    def _rows(self, prompt: Prompt, sampling: Sampling, grammar: Grammar | None) -> list[Row]:
        limit = min(sampling.max_tokens, room(self, prompt.token_ids))
        rows = [Row(prompt.token_ids, prompt.seed, sample, limit, []) for sample in range(sampling.n)]
        if grammar and sampling.json_schema:
            for row in rows:
                row.matcher = grammar.matcher(sampling.json_schema)
        return rows

    def _grammar(self, stop: tuple[int, ...]) -> Grammar:
        if stop not in self._grammars:
            self._grammars[stop] = Grammar(self.chat.tokenizer, self._config.vocab_size, stop)
        return self._grammars[stop]

    def _batches(self, rows: Sequence[Row]) -> Iterator[list[Row]]:
        """Batches of rows of similar length that fit the memory, the longest first."""
        import torch

        free = torch.cuda.mem_get_info(self.device)[0] // 2 if self.device.type == "cuda" else CPU_MEMORY
        size = self._model.dtype.itemsize
        heads = getattr(self._config, "num_key_value_heads", None) or self._config.num_attention_heads
        width = getattr(self._config, "head_dim", None) or self._config.hidden_size // self._config.num_attention_heads
        cached = 2 * size * self._config.num_hidden_layers * heads * width  # bytes a token
        transient = 16 * size * self._config.hidden_size  # bytes a prompt token: activations of the prefill
        drawing = 24 * self._config.vocab_size  # bytes a row: logits, probabilities, their cumulative sum
        batch: list[Row] = []
        for row in sorted(rows, key=lambda row: -len(row.token_ids)):
            longest = len(batch[0].token_ids if batch else row.token_ids)
            limit = max(row.limit, max((other.limit for other in batch), default=0))
            per_row = cached * (longest + limit) + transient * longest + drawing
            if batch and (len(batch) + 1) * per_row > free:
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch


def _load(model: str, **options: Any) -> Any:
    from transformers import AutoModelForCausalLM

    try:
        return AutoModelForCausalLM.from_pretrained(loadable_model(model), use_safetensors=True, **options)
    except (OSError, ValueError, ImportError) as error:
        raise CurateError(f"cannot load {model}: {first_line(error)}") from error
