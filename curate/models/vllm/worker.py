"""The program of an engine's child process: it owns one vLLM engine, and feeds it what comes through a connection.

What the processes write goes to the log that the parent gave them, which is where a cause of death is looked for.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from curate.errors import CurateError, first_line
from curate.models.grammar import spaced
from curate.models.protocols import TokenScores

READY, FAILED = -1, -2  # in place of a request's number: the longest sequence, and why the engine ends
STEP_TOKENS = 2048  # where logits of whole prompts are made at once: this times the vocabulary times 6 bytes
CPU_CACHE_GIB = "4"  # for VLLM_CPU_KVCACHE_SPACE, when nothing is set
ELSEWHERE = "root cause"  # by which vLLM says that another of its processes has written what it is
GRACE = 30.0  # seconds that an engine has to end by itself


@dataclass(frozen=True)
class Request:
    """What to do with a sequence: score it where the `mask` is 1, or complete it, as `sampling` (vLLM's names) says."""

    number: int
    token_ids: list[int]
    sampling: Mapping[str, Any]
    json_schema: Mapping[str, Any] | None = None
    mask: list[int] | None = None


@dataclass(frozen=True)
class Sample:
    """A completion's tokens, its stop token among them, and why it ended: "stop" or "length"."""

    token_ids: list[int]
    finish_reason: str


@dataclass(frozen=True)
class Generated:
    """The samples of a prompt, and how many of its tokens were in the prefix cache."""

    samples: list[Sample]
    cached_tokens: int


def main(descriptor: int) -> None:
    """Runs an engine until the parent says so, or is gone, or the engine fails; its arguments come first."""
    resource_tracker.ensure_running()  # outside of the group that may be killed: it then removes their shared memory
    os.setsid()
    os.set_inheritable(descriptor, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then lets go of the connection
    connection = Connection(descriptor)
    os.register_at_fork(after_in_child=connection.close)  # or a process of vLLM's would keep it open
    os._exit(_run(connection))  # for the interpreter would take seconds to take itself apart


def _run(connection: Connection) -> int:
    """Runs an engine to its end, and gives the exit code."""
    sender, inbox = Sender(connection), queue.SimpleQueue[Request | None]()
    arguments = connection.recv()
    threading.Thread(target=_receive, args=(connection, inbox), daemon=True).start()
    try:
        engine = start(arguments)
    except Exception as error:
        if ELSEWHERE not in str(error):
            sender.send(FAILED, reason(error))
        return 1
    threading.Thread(target=_watch, args=(sender,), daemon=True).start()
    sender.send(READY, engine.model_config.max_model_len)
    try:
        serve(engine, inbox, sender)
    except Exception as error:
        if ELSEWHERE in str(error):
            time.sleep(1.0)  # `_watch` may know more
        else:
            traceback.print_exc()
        return 1
    finally:
        sender.ending = True
        engine.engine_core.shutdown()
    return 0


class Sender:
    """The way back to the parent, for several threads; what a parent that is gone would have got is lost."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._lock = connection, threading.Lock()
        self.ending = False

    def send(self, number: int, result: Any) -> None:
        """Sends the result of a request."""
        with self._lock, contextlib.suppress(OSError):
            self._connection.send((number, result))


def start(arguments: Mapping[str, Any]) -> Any:
    """A running engine."""
    from vllm.engine.arg_utils import EngineArgs
    from vllm.platforms import current_platform
    from vllm.usage.usage_lib import UsageContext
    from vllm.v1.engine.llm_engine import LLMEngine

    whole: dict[str, Any] = {}
    if current_platform.is_cpu():
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", CPU_CACHE_GIB)
        # A prompt that has a seed and is split between two steps would end the engine: a CPU's generator cannot be set
        # back. Unsplit, the longest prompt has to fit a step.
        whole = {"enable_chunked_prefill": False}
    context = UsageContext.LLM_CLASS  # sets the batch sizes
    config = EngineArgs(
        load_format="safetensors",
        generation_config="vllm",
        structured_outputs_config={"backend": "guidance"},
        disable_log_stats=True,
        **whole,
        **arguments,
    ).create_engine_config(context)
    steps = config.scheduler_config
    if steps.enable_chunked_prefill and not config.use_v2_model_runner:  # the other makes the logits of 1,024 at a time
        most = steps.max_num_scheduled_tokens or steps.max_num_batched_tokens
        steps.max_num_scheduled_tokens = min(STEP_TOKENS, most)
    return LLMEngine.from_vllm_config(config, usage_context=context, disable_log_stats=True)


def serve(engine: Any, inbox: queue.SimpleQueue[Request | None], sender: Sender) -> None:
    """Feeds the engine until None comes; the only code that touches it."""
    running: dict[str, Request] = {}
    while True:
        while not (running and inbox.empty()):
            request = inbox.get()
            if request is None:
                return
            try:
                _add(engine, request)
            except CurateError as error:  # this one is refused; the engine goes on
                sender.send(request.number, error)
            else:
                running[str(request.number)] = request
        for output in engine.step():
            if output.finished:
                request = running.pop(output.request_id)
                sender.send(request.number, _result(output, request))


def _add(engine: Any, request: Request) -> None:
    """Hands a request to the engine. Raises CurateError when vLLM refuses it.

    Nothing but token ids ends a text, and only its end is reported. Under a schema, end of text ends it too: the
    grammar allows that token at its end, whatever the stop tokens are. Scores need no cache: vLLM lets no request that
    asks for prompt log-probabilities read cached prefixes, for those would have none.
    """
    from vllm import SamplingParams, TokensPrompt
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams
    from vllm.v1.engine.exceptions import EngineDeadError

    try:
        structure = StructuredOutputsParams(json=spaced(request.json_schema)) if request.json_schema else None
        parameters = SamplingParams(
            ignore_eos=structure is None,
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
            structured_outputs=structure,
            **request.sampling,
        )
        engine.add_request(str(request.number), TokensPrompt(prompt_token_ids=request.token_ids), parameters)
    except EngineDeadError:
        raise
    except Exception as error:  # of a class that differs between what is wrong
        raise CurateError(f"vLLM refuses the request: {reason(error)}") from error


def _result(output: Any, request: Request) -> Generated | TokenScores:
    """What vLLM made of a request."""
    if request.mask is None:
        samples = sorted(output.outputs, key=lambda sample: sample.index)
        texts = [Sample(list(sample.token_ids), sample.finish_reason) for sample in samples]
        return Generated(texts, output.num_cached_tokens or 0)
    positions = zip(output.prompt_logprobs, request.token_ids, request.mask, strict=True)
    reported = [by_token[token] for by_token, token, bit in positions if bit]
    return TokenScores(
        np.array([score.logprob for score in reported], np.float32),
        np.array([score.rank for score in reported], np.int64),
    )


def reason(error: Exception) -> str:
    """What an exception says, in a line; of pydantic's the argument, what is wrong with it and what it is."""
    if not callable(details := getattr(error, "errors", None)):
        return first_line(error)
    first = next(iter(details()))
    if not first["loc"]:  # several together are wrong
        return str(first["ctx"]["error"] if "error" in first.get("ctx", ()) else first["msg"]).splitlines()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}, found {first['input']!r}"


def _receive(connection: Connection, inbox: queue.SimpleQueue[Request | None]) -> None:
    """Takes requests from the parent until it says None, or is gone; then all that is here has some seconds to end."""
    with contextlib.suppress(EOFError, OSError):
        while request := connection.recv():
            inbox.put(request)
    inbox.put(None)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)


def _watch(sender: Sender) -> None:
    """Ends this process when the engine's is ended by a signal, for vLLM would wait for its output for ever."""
    processes = multiprocessing.active_children()
    if not wait([process.sentinel for process in processes]):
        return  # the engine has no process of its own
    while not (codes := [process.exitcode for process in processes if process.exitcode is not None]):
        time.sleep(0.01)  # another thread is about to take note of it
    if min(codes) < 0 and not sender.ending:
        sender.send(FAILED, f"its process was ended by the signal {signal.Signals(-min(codes)).name}")
        os._exit(1)
