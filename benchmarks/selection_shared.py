"""What the measurements of selection.py have in common: a clock, a pool of texts, and an encoder that is not used."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


class Clock:
    """Seconds and processor seconds of what runs inside, and the peak of memory, with mapped files and without."""

    def __enter__(self) -> Clock:
        self._stop = threading.Event()
        self.peak = self.anonymous = 0
        self._watch = threading.Thread(target=self._sample, daemon=True)
        self._watch.start()
        self._began, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self._began
        self.processor = time.process_time() - self._cpu
        self._stop.set()
        self._watch.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.05):
            lines = dict(
                line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line
            )
            self.peak = max(self.peak, int(lines["VmHWM"].split()[0]))
            self.anonymous = max(self.anonymous, int(lines["RssAnon"].split()[0]))


class NoEncoder:
    """semhash asks for an encoder even where every embedding is given."""

    def encode(self, *_: Any, **__: Any) -> np.ndarray:
        raise NotImplementedError


def pool_of(texts: Sequence[str]) -> Any:
    """A record for each text, which is its response; the ids are their numbers."""
    from curate.records.pool import from_rows

    turns = [("user", "?"), ("assistant", "")]
    return from_rows(
        [
            {"id": f"{n:08d}", "messages": [{"role": role, "content": content or text} for role, content in turns]}
            for n, text in enumerate(texts)
        ]
    )
