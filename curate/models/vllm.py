"""The `vllm` backend: vLLM's engine, started by this process."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from curate.errors import CurateError, first_line
from curate.models.backend import ModelSource, Precision, TemplatedBackend
from curate.models.context import check_scorable, room
from curate.models.grammar import spaced
from curate.models.locate import loadable_model
from curate.models.protocols import Completion, Prompt, Sampling, TokenScores
from curate.models.tokenizer import to_texts

STEP_TOKENS = 2048  # prompt log-probabilities take this times the vocabulary times 6 bytes, outside vLLM's own budget
CPU_CACHE_GIB = "4"  # for VLLM_CPU_KVCACHE_SPACE, when nothing is set


class VllmModel(TemplatedBackend):
    """A causal language model in a vLLM engine, whose work runs in a child process.

    One thread owns the engine and feeds it the requests of all callers, so that shards in flight at the same time
    share its batches. Prefix caching is off, for with it scores can be stale (vllm issue 42019). The context is a token
    shorter than the model's own, because vLLM scores a text only while it generates one token more. A token's rank
    counts the tokens that are exactly as likely, where vLLM's own does. On a CPU, VLLM_CPU_KVCACHE_SPACE (GiB) is 4
    unless it is set, and no prompt is split between two steps. JSON Schemas are enforced by llguidance, as in the
    `transformers` backend.
    """

    kind = "language"
    neutral = frozenset({"gpu_memory_utilization", "tensor_parallel_size", "enforce_eager"})
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
        gpu_memory_utilization: Annotated[
            float, Field(gt=0, le=1, description="share of a GPU's memory to take")
        ] = 0.9,
        tensor_parallel_size: Annotated[int, Field(gt=0, description="GPUs over which the model is spread")] = 1,
        enforce_eager: Annotated[bool, Field(description="compile nothing: starts sooner, runs slower")] = False,
        **template: Any,
    ) -> None:
        super().__init__(model, date, **template)
        self._engine = _start(
            model,
            dtype=dtype,
            max_model_len=max_model_len,
            gpu_memory_utilization=gpu_memory_utilization,
            tensor_parallel_size=tensor_parallel_size,
            enforce_eager=enforce_eager,
            trust_remote_code=self.trust_remote_code,
        )
        self.context_length = self._engine.model_config.max_model_len - 1
        self._numbers = count()
        self._inbox: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._open, self._ended = threading.Lock(), False  # nothing comes in after the thread has ended
        self._thread = threading.Thread(target=self._serve, name=f"vllm {self.name}", daemon=True)
        self._thread.start()

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Completion]]:
        """`sampling.n` completions of each prompt, in the order of the prompts.

        Raises CurateError for a prompt that is empty or leaves no room in the context; what is left limits
        `max_tokens`.
        """
        requests = []
        for prompt in prompts:
            limit = min(sampling.max_tokens, room(self, prompt.token_ids))
            parameters = _parameters(
                n=sampling.n,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                seed=prompt.seed,
                max_tokens=limit,
                stop_token_ids=list(sampling.stop_token_ids),
                json_schema=sampling.json_schema,
            )
            requests.append((prompt.token_ids, parameters))
        return [self._completions(output) for output in self._run(requests)]

    def score(self, sequences: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> list[TokenScores]:
        """Log-probability (nats, float32) and rank of each token at which the mask is 1, given all tokens before it.

        Raises CurateError for a mask that does not fit its sequence, and for what exceeds the context.
        """
        check_scorable(self, sequences, masks)
        parameters = _parameters(max_tokens=1, temperature=0, prompt_logprobs=0)
        outputs = self._run([(sequence, parameters) for sequence in sequences])
        return [
            _scores(output.prompt_logprobs, sequence, mask)
            for output, sequence, mask in zip(outputs, sequences, masks, strict=True)
        ]

    def close(self) -> None:
        """Ends the engine's processes, after the step that it is in; requests that still run fail."""
        self._inbox.put(None)
        self._thread.join()
        multiprocessing.active_children()  # takes note of those that have ended, or they stay as zombies

    def _completions(self, output: Any) -> list[Completion]:
        samples = sorted(output.outputs, key=lambda sample: sample.index)
        stopped = [sample.finish_reason == "stop" for sample in samples]
        tokens = [sample.token_ids[: -1 if stop else None] for sample, stop in zip(samples, stopped, strict=True)]
        texts = to_texts(self.chat.tokenizer, tokens)
        return [Completion(text, "stop" if stop else "length") for text, stop in zip(texts, stopped, strict=True)]

    def _run(self, requests: Sequence[tuple[Sequence[int], Any]]) -> list[Any]:
        """The engine's outputs for these prompts and parameters, in their order."""
        sent = [_Request(str(next(self._numbers)), list(ids), parameters) for ids, parameters in requests]
        with self._open:
            if self._ended:
                raise CurateError(f"the vLLM engine of {self.name} has ended; load the model again")
            for request in sent:
                self._inbox.put(request)
        return [request.output.result() for request in sent]

    def _serve(self) -> None:
        """Feeds the engine until `close`, or until it fails; the only code that touches it."""
        running: dict[str, _Request] = {}
        end: Exception = CurateError(f"the vLLM engine of {self.name} was closed while requests were running")
        try:
            while self._receive(running):
                for output in self._engine.step() if running else ():
                    if output.finished:
                        running.pop(output.request_id).output.set_result(output)
        except Exception as error:
            end = error
        with self._open:
            self._ended = True
            while not self._inbox.empty():
                if late := self._inbox.get():
                    running[late.number] = late
        for request in running.values():
            request.output.set_exception(end)
        self._engine.engine_core.shutdown()

    def _receive(self, running: dict[str, _Request]) -> bool:
        """Hands new requests to the engine, and waits for one if it has nothing to do; False when it is to end."""
        from vllm import TokensPrompt

        while True:
            try:
                request = self._inbox.get(block=not running)
            except queue.Empty:
                return True
            if request is None:
                return False
            try:
                prompt = TokensPrompt(prompt_token_ids=request.token_ids)
                self._engine.add_request(request.number, prompt, request.parameters)
            except Exception as error:  # the engine refuses this one; if the engine itself is broken, its step says so
                request.output.set_exception(error)
            else:
                running[request.number] = request


@dataclass(frozen=True)
class _Request:
    """A prompt on its way through the engine, and the place for what comes back."""

    number: str
    token_ids: list[int]
    parameters: Any
    output: Future[Any] = field(default_factory=Future)


def _start(model: str, **options: Any) -> Any:
    """A running engine. Raises CurateError when vLLM is missing or the engine does not start."""
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    try:
        from vllm.engine.arg_utils import EngineArgs
        from vllm.platforms import current_platform
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.llm_engine import LLMEngine
    except ModuleNotFoundError as error:
        raise CurateError(f"the backend vllm is not installed ({error}); pip install 'curate-sft[vllm]'") from error
    steps: dict[str, Any] = {"max_num_batched_tokens": STEP_TOKENS}
    if current_platform.is_cpu():
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", CPU_CACHE_GIB)
        # A prompt that has a seed and is split between two steps would end the engine: a CPU's generator cannot be set
        # back. Unsplit, the longest prompt has to fit a step, whose size is then left to vLLM.
        steps = {"enable_chunked_prefill": False}
    arguments = EngineArgs(
        model=loadable_model(model),
        load_format="safetensors",
        generation_config="vllm",
        structured_outputs_config={"backend": "guidance"},
        enable_prefix_caching=False,
        disable_log_stats=True,
        **steps,
        **options,
    )
    try:
        return LLMEngine.from_engine_args(arguments, usage_context=UsageContext.LLM_CLASS)  # sets the batch sizes
    except (OSError, ValueError, RuntimeError) as error:
        raise CurateError(f"vLLM cannot load {model}: {first_line(error)}") from error


def _parameters(json_schema: Mapping[str, Any] | None = None, **options: Any) -> Any:
    """vLLM's sampling parameters: nothing but token ids ends a text, and only its end is reported.

    Under a schema, end of text ends it too: the grammar allows that token at its end, whatever the stop tokens are.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    final = RequestOutputKind.FINAL_ONLY
    try:
        structure = StructuredOutputsParams(json=spaced(json_schema)) if json_schema else None
        return SamplingParams(
            ignore_eos=structure is None,
            detokenize=False,
            output_kind=final,
            structured_outputs=structure,
            **options,
        )
    except Exception as error:  # of a class that differs between versions of vLLM
        raise CurateError(f"vLLM refuses the sampling: {first_line(error)}") from error


def _scores(positions: Sequence[Any], sequence: Sequence[int], mask: Sequence[int]) -> TokenScores:
    """What vLLM reports of each token at which the mask is 1."""
    reported = [by_token[token] for by_token, token, bit in zip(positions, sequence, mask, strict=True) if bit]
    return TokenScores(
        np.array([score.logprob for score in reported], np.float32),
        np.array([score.rank for score in reported], np.int64),
    )
