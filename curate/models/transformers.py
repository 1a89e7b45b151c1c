"""The `transformers` backend: a language model in this process, on a CPU or a GPU."""

from __future__ import annotations

import datetime
import threading
from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from curate.models.backend import ModelSource, TemplatedBackend
from curate.models.context import check_scorable, context_length, room
from curate.models.grammar import Grammar
from curate.models.in_process.decoding import Memory, Row, decode
from curate.models.in_process.hardware import Device, Dtype, free_memory, pick_device, pick_dtype
from curate.models.locate import loadable_model
from curate.models.protocols import Again, Completion, Prompt, Sampling, TokenScores
from curate.models.tokenizer import to_texts
from curate.models.usage import Usage
from curate.models.weights import check_complete, loading

if TYPE_CHECKING:
    from curate.models.in_process.scoring import Scorer
    from curate.models.in_process.slots import Batch

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
        self._batch_class: type[Batch] | None = None
        self._packed = False
        self._lock = threading.Lock()  # for a whole call: threads that take turns leave each other's workers spinning
        self._inference_mode = torch.inference_mode
        self._grammars: dict[tuple[int, ...], Grammar] = {}

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, again: Again | None = None
    ) -> list[list[Completion]]:
        """`sampling.n` completions of each prompt, in the order of the prompts; `again` is asked in this thread.

        Raises CurateError for a prompt that is empty or leaves no room in the context; what is left limits
        `max_tokens`.
        """
        if not prompts:
            return []
        completions: list[list[Completion]] = [[]] * len(prompts)
        with self._lock, self._inference_mode():
            self._pack(True)
            grammar = self._grammar(sampling.stop_token_ids) if sampling.json_schema else None
            rows = [self._rows(number, prompt, sampling, grammar) for number, prompt in enumerate(prompts)]

            def ended(number: int) -> list[Row]:
                if not all(row.over for row in rows[number]):
                    return []
                completions[number] = self._completions(rows[number])
                prompt = again(number, completions[number]) if again else None
                if prompt is None:
                    return []
                rows[number] = self._rows(number, prompt, sampling, grammar)
                return rows[number]

            decode(
                self._batch(),
                deque(sorted(chain.from_iterable(rows), key=lambda row: -len(row.token_ids))),
                self._memory(),
                ended,
                stop={*sampling.stop_token_ids, *(grammar.stop if grammar else ())},
                temperature=sampling.temperature,
                top_p=sampling.top_p,
            )
        return completions

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
            self._pack(False)
            self._scorer = self._scorer or Scorer(self._model)
            return self._scorer.score(sequences, masks)

    def close(self) -> None:
        """Frees the weights, or lets a batch that is still running be the last to hold them."""
        self._model = self._scorer = None
        free_memory(self.device)

    def _rows(self, number: int, prompt: Prompt, sampling: Sampling, grammar: Grammar | None) -> list[Row]:
        limit = min(sampling.max_tokens, room(self, prompt.token_ids))
        schema = sampling.json_schema
        return [
            Row(
                number,
                prompt.token_ids,
                prompt.seed,
                sample,
                limit,
                grammar.matcher(schema) if grammar and schema else None,
            )
            for sample in range(sampling.n)
        ]

    def _completions(self, rows: Sequence[Row]) -> list[Completion]:
        """Of one prompt, all of whose rows are over."""
        written = sum(len(row.tokens) + row.finished for row in rows)
        self.meter.count(Usage(1, len(rows[0].token_ids), 0, written))
        texts = to_texts(self.chat.tokenizer, [row.tokens for row in rows])
        return [Completion(text, "stop" if row.finished else "length") for text, row in zip(texts, rows, strict=True)]

    def _pack(self, packed: bool) -> None:
        """Has the linear layers as decoding wants them on a CPU, or as they were loaded."""
        from curate.models.in_process.linear import pack_linear_layers, unpack_linear_layers

        if self.device.type == "cpu" and packed != self._packed:
            (pack_linear_layers if packed else unpack_linear_layers)(self._model)
            self._packed = packed

    def _batch(self) -> Batch:
        from curate.models.in_process.slots import batch_of

        self._batch_class = self._batch_class or batch_of(self._model)
        return self._batch_class(self._model)

    def _grammar(self, stop: tuple[int, ...]) -> Grammar:
        if stop not in self._grammars:
            self._grammars[stop] = Grammar(self.chat.tokenizer, self._config.vocab_size, stop)
        return self._grammars[stop]

    def _memory(self) -> Memory:
        import torch

        size = self._model.dtype.itemsize
        heads = getattr(self._config, "num_key_value_heads", None) or self._config.num_attention_heads
        width = getattr(self._config, "head_dim", None) or self._config.hidden_size // self._config.num_attention_heads
        return Memory(
            free=torch.cuda.mem_get_info(self.device)[0] // 2 if self.device.type == "cuda" else CPU_MEMORY,
            token=2 * size * self._config.num_hidden_layers * heads * width,
            prompt_token=16 * size * self._config.hidden_size,  # activations
            row=24 * self._config.vocab_size,  # logits, probabilities, their cumulative sum
        )


def _load(model: str, **options: Any) -> Any:
    from transformers import AutoModelForCausalLM

    with loading(model):
        both: Any = AutoModelForCausalLM.from_pretrained(
            loadable_model(model),
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            **options,
        )
    loaded, info = both
    check_complete(model, info)
    return loaded
