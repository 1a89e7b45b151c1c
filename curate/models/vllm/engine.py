"""One vLLM engine as its parent sees it: a child process, the requests that are in it, and how it ends."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from curate.errors import CurateError
from curate.models.vllm.worker import FAILED, GRACE, READY, Request

PROGRAM = "from curate.models.vllm.worker import main; main({})"
# The line of a traceback that names the exception, behind what vLLM puts before each line of its log.
EXCEPTION = re.compile(
    r"^(?:\([^)]*\) )?(?:ERROR \S+ \S+ \[\S+\] )?(?:\w+\.)*(\w+(?:Error|Exception)(?:: .+?)?)\s*$", re.M
)
MEMORY = re.compile("out of memory|OutOfMemory|SIGKILL|can't allocate", re.I)


class Engine:
    """A vLLM engine, whose processes are a group of their own and write to a log.

    It begins to start when it is made, and `context_length` waits until it runs. When it dies, the requests that are in
    it fail with the same CurateError as every later one, no process of it is left, and the log is kept.
    """

    def __init__(self, name: str, arguments: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._ready: Future[int] = Future()
        self._waiting: dict[int, Future[Any]] = {READY: self._ready}
        self._count = 0
        self._told = ""  # by the child, of why it fails
        self._closing, self._end = False, ""  # why nothing comes in any more
        descriptor, path = tempfile.mkstemp(prefix="curate-vllm-", suffix=".log")
        self._log, self._started = Path(path), 0  # bytes of the log before the engine ran
        self._connection, theirs = multiprocessing.Pipe()
        defaults = {"VLLM_LOGGING_LEVEL": "ERROR", **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", PROGRAM.format(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env={**defaults, **environment},
            pass_fds=[theirs.fileno()],
        )
        os.close(descriptor)
        theirs.close()
        self._at_exit = weakref.finalize(self, _abandon, self._process, self._log)  # before, the thread holds it
        with contextlib.suppress(OSError):  # it is about to end, and will say so
            self._connection.send(dict(arguments))
        self._thread = threading.Thread(target=self._take, name=f"vllm {name}", daemon=True)
        self._thread.start()

    @property
    def context_length(self) -> int:
        """The longest sequence, in tokens, once the engine runs. Raises CurateError when it does not start."""
        return self._ready.result()

    @property
    def load(self) -> int:
        """How many requests are in the engine. Raises CurateError when it has ended."""
        with self._lock:
            if self._end:
                raise CurateError(self._end)
            return len(self._waiting)

    def submit(self, token_ids: Sequence[int], sampling: Mapping[str, Any], **more: Any) -> Future[Any]:
        """Sends a request; its result is what was generated, or with a `mask` scores, or a CurateError."""
        future: Future[Any] = Future()
        with self._lock:
            if self._end:
                raise CurateError(self._end)
            self._waiting[self._count] = future
            with contextlib.suppress(OSError):
                self._connection.send(Request(self._count, list(token_ids), sampling, **more))
            self._count += 1
        return future

    def close(self) -> None:
        """Ends the engine's processes, after the step that it is in; requests that still run fail."""
        with self._lock, contextlib.suppress(OSError):
            self._closing = True
            self._connection.send(None)
        if not self._ready.done():  # it may be minutes until it would look
            _end_group(self._process)
        self._thread.join()

    def _take(self) -> None:
        """Passes on what the engine sends, until it ends."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                number, result = self._connection.recv()
                if number == FAILED:
                    self._told = result
                    continue
                if number == READY:
                    self._started = self._log.stat().st_size
                with self._lock:
                    future = self._waiting.pop(number)
                if isinstance(result, CurateError):
                    future.set_exception(result)
                else:
                    future.set_result(result)
        _end_group(self._process, GRACE)
        self._at_exit.detach()
        with self._lock:
            self._end = self._why()
            waiting, self._waiting = self._waiting, {}
        self._connection.close()
        for future in waiting.values():
            future.set_exception(CurateError(self._end))

    def _why(self) -> str:
        """Why the engine has ended, in one sentence; after an orderly end its log goes."""
        if self._closing:
            self._log.unlink(missing_ok=True)
            return f"the vLLM engine of {self._name} has ended; load the model again"
        log = self._log.read_bytes() if self._log.exists() else b""
        written = EXCEPTION.search(log[self._started :].decode("utf-8", "replace"))
        cause = written[1] if written else self._told or _status(self._process.returncode)
        where = f"its log is {self._log}"
        if not self._ready.done():
            return f"vLLM cannot load {self._name}: {cause} ({where})"
        remedy = "lower max_num_seqs, max_num_batched_tokens or gpu_memory_utilization" if MEMORY.search(cause) else ""
        return (
            f"the vLLM engine of {self._name} died: {cause} ({where}); "
            f"{remedy or 'mend that'}, and give the same command again: finished shards are kept"
        )


def _status(code: int) -> str:
    return f"its process was ended by the signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _abandon(process: subprocess.Popen[bytes], log: Path) -> None:
    """Leaves nothing of an engine that nobody has closed, when the interpreter ends."""
    _end_group(process)
    log.unlink(missing_ok=True)


def _end_group(process: subprocess.Popen[bytes], grace: float = 0.0) -> None:
    """Waits for the process, and ends what is left of its group: first by asking, then by force."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    for number, seconds in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
        if _gone(process):
            return
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:  # it has not begun to lead its group
            process.send_signal(number)
        limit = time.monotonic() + seconds
        while not _gone(process) and time.monotonic() < limit:
            time.sleep(0.05)


def _gone(process: subprocess.Popen[bytes]) -> bool:
    """Whether no process of the group is left; one that has ended counts until its parent takes note of it."""
    if process.poll() is None:
        return False
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-process.pid, os.WNOHANG)[0]:  # orphans, where this is the first process of a container
            pass
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return True
    return False
