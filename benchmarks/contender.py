"""Contenders that take turns, each in a process of its own, so that a busy spell of the machine hits all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

MARK = "RESULT "


class Contender:
    """A process that gets ready, and then does the same piece of work whenever it is told to.

    It runs `script --work TASK`, which calls `serve`.
    """

    def __init__(self, script: str, task: dict[str, Any]) -> None:
        command = [sys.executable, script, "--work", json.dumps(task)]
        environment = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "2", **os.environ}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)  # noqa: S603
        self.result()

    def go(self) -> None:
        """Begins a piece of work."""
        print(file=self._process.stdin, flush=True)

    def result(self) -> dict[str, Any]:
        """What the work gave, when it is done."""
        for line in self._process.stdout or ():
            if line.startswith(MARK):
                result: dict[str, Any] = json.loads(line.removeprefix(MARK))
                return result
        raise SystemExit("a contender failed; what it wrote is above")

    def end(self) -> None:
        """Lets it go."""
        self._process.communicate()


def take_turns(script: str, tasks: dict[str, dict[str, Any]], rounds: int) -> dict[str, list[dict[str, Any]]]:
    """What the work of each contender gave in each round."""
    contenders = {name: Contender(script, task) for name, task in tasks.items()}
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, contender in contenders.items():
            contender.go()
            results[name].append(contender.result())
    for contender in contenders.values():
        contender.end()
    return results


def serve(work: Callable[[], dict[str, Any]]) -> None:
    """In a contender's process, which is ready: a round for every line of the standard input."""
    print(f"{MARK}{{}}", flush=True)
    for _ in sys.stdin:
        print(f"{MARK}{json.dumps(work())}", flush=True)


def core_seconds() -> float:
    """What this process and its children have computed; on a shared machine, steadier than the clock."""
    import psutil

    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(process.cpu_times().user + process.cpu_times().system for process in processes)
