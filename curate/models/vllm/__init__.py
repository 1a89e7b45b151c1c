"""The `vllm` backend: vLLM's engines, started by this process."""

from __future__ import annotations

import datetime
import importlib.util
import queue
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Annotated, Any

from pydantic import Field

from curate.errors import CurateError
from curate.models.backend import ModelSource, Precision, TemplatedBackend
from curate.models.context import check_scorable, room
from curate.models.contract import schema_of
from curate.models.locate import loadable_model
from curate.models.protocols import Again, Completion, Prompt, Sampling, TokenScores
from curate.models.tokenizer import to_texts
from curate.models.vllm.engine import Engine
from curate.models.vllm.options import check_engine, shares
from curate.models.vllm.worker import Sample


class VllmModel(TemplatedBackend):
    """A causal language model in vLLM engines, each with processes of its own.

    An engine takes the requests of all callers, so that shards in flight at the same time share its batches; several
    replicas divide them. Batches have vLLM's own sizes and completions its prefix cache, which scores do not use. The
    context is a token shorter than the model's own, because vLLM scores a text only while it generates one token more.
    A token's rank counts the tokens that are exactly as likely, where vLLM's own does. On a CPU,
    VLLM_CPU_KVCACHE_SPACE (GiB for each engine) is 4 unless it is set, and no prompt is split between two steps. JSON
    Schemas are enforced by llguidance, as in the `transformers` backend.
    """

    kind = "language"
    neutral = frozenset(
        {
            "gpu_memory_utilization",
            "tensor_parallel_size",
            "replicas",
            "enforce_eager",
            "max_num_seqs",
            "max_num_batched_tokens",
        }
    )
    shares_batches = True

    def __init__(
        self,
        model: ModelSource,
        date: datetime.date | None = None,
        *,
        dtype: Annotated[Precision, Field(description="auto: that of the weights")] = "auto",
        max_model_len: Annotated[
            int | None, Field(gt=1, description="longest sequence, in tokens; the model's own limit by default")
        ] = None,
        quantization: Annotated[
            str | None, Field(description="how vLLM quantizes the weights; by default as the model's files say")
        ] = None,
        kv_cache_dtype: Annotated[str, Field(description="precision of the key-value cache, such as fp8")] = "auto",
        gpu_memory_utilization: Annotated[
            float, Field(gt=0, le=1, description="share of a GPU's memory to take")
        ] = 0.9,
        tensor_parallel_size: Annotated[int, Field(gt=0, description="GPUs over which the model is spread")] = 1,
        replicas: Annotated[
            int, Field(gt=0, description="engines that share the requests, each with GPUs of its own")
        ] = 1,
        enforce_eager: Annotated[bool, Field(description="compile nothing: starts sooner, runs slower")] = False,
        max_num_seqs: Annotated[
            int | None, Field(gt=0, description="most sequences in a step; vLLM's own number by default")
        ] = None,
        max_num_batched_tokens: Annotated[
            int | None, Field(gt=0, description="most tokens in a step; vLLM's own number by default")
        ] = None,
        engine: Annotated[
            dict[str, Any] | None, Field(description="other arguments of vLLM's engine, by its own names")
        ] = None,
        **template: Any,
    ) -> None:
        super().__init__(model, date, **template)
        if importlib.util.find_spec("vllm") is None:
            raise CurateError("the backend vllm is not installed; pip install 'curate-sft[vllm]'")
        size = tensor_parallel_size * (engine or {}).get("pipeline_parallel_size", 1)
        arguments = {
            "model": loadable_model(model),
            "dtype": dtype,
            "max_model_len": max_model_len,
            "quantization": quantization,
            "kv_cache_dtype": kv_cache_dtype,
            "gpu_memory_utilization": gpu_memory_utilization,
            "tensor_parallel_size": tensor_parallel_size,
            "enforce_eager": enforce_eager,
            "max_num_seqs": max_num_seqs,
            "max_num_batched_tokens": max_num_batched_tokens,
            "trust_remote_code": self.trust_remote_code,
            **(engine or {}),
        }
        self._engines = [Engine(self.name, arguments, share) for share in shares(replicas, size)]
        try:
            self.context_length = min(started.context_length for started in self._engines) - 1
        except BaseException:
            self.close()
            raise

    @classmethod
    def check(cls, model: str, parameters: Mapping[str, Any]) -> None:
        """As for every backend with a template, and the keys of `engine` are vLLM's, and may be set."""
        super().check(model, parameters)
        check_engine(parameters.get("engine") or {}, schema_of(cls).model_fields)

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, again: Again | None = None
    ) -> list[list[Completion]]:
        """`sampling.n` completions of each prompt, in the order of the prompts.

        As soon as those of a prompt are there, `again` is asked, in this thread, and a prompt that it gives is begun at
        once. Raises CurateError for a prompt that is empty or leaves no room in the context; what is left limits
        `max_tokens`.
        """
        requests = [self._request(prompt, sampling) for prompt in prompts]
        completions: list[list[Completion]] = [[]] * len(requests)
        arrived: queue.SimpleQueue[tuple[int, Future[list[Sample]]]] = queue.SimpleQueue()

        def submit(number: int, request: Mapping[str, Any]) -> None:
            self._submit(request).add_done_callback(lambda future: arrived.put((number, future)))

        for number, request in enumerate(requests):
            submit(number, request)
        open_prompts = len(requests)
        while open_prompts:
            number, future = arrived.get()
            completions[number] = self._completions(future.result())
            other = again(number, completions[number]) if again else None
            if other is None:
                open_prompts -= 1
            else:
                submit(number, self._request(other, sampling))
        return completions

    def score(self, sequences: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> list[TokenScores]:
        """Log-probability (nats, float32) and rank of each token at which the mask is 1, given all tokens before it.

        Raises CurateError for a mask that does not fit its sequence, and for what exceeds the context.
        """
        check_scorable(self, sequences, masks)
        sampling = {"max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
        futures = [
            self._submit({"token_ids": sequence, "sampling": sampling, "mask": list(mask)})
            for sequence, mask in zip(sequences, masks, strict=True)
        ]
        return [future.result() for future in futures]

    def close(self) -> None:
        """Ends the engines' processes, after the step that they are in; requests that still run fail."""
        for engine in self._engines:
            engine.close()

    def _submit(self, request: Mapping[str, Any]) -> Future[Any]:
        """Hands a request to the engine that has the fewest."""
        return min(self._engines, key=lambda engine: engine.load).submit(**request)

    def _request(self, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        """What an engine is told of a prompt."""
        limit = min(sampling.max_tokens, room(self, prompt.token_ids))
        parameters = {
            "n": sampling.n,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": prompt.seed,
            "max_tokens": limit,
            "stop_token_ids": list(sampling.stop_token_ids),
        }
        return {"token_ids": prompt.token_ids, "sampling": parameters, "json_schema": sampling.json_schema}

    def _completions(self, samples: Iterable[Sample]) -> list[Completion]:
        """The texts of a prompt's samples, without the tokens that stopped them."""
        stopped = [sample.finish_reason == "stop" for sample in samples]
        tokens = [sample.token_ids[: -1 if stop else None] for sample, stop in zip(samples, stopped, strict=True)]
        texts = to_texts(self.chat.tokenizer, tokens)
        return [Completion(text, "stop" if stop else "length") for text, stop in zip(texts, stopped, strict=True)]
