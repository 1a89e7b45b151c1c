"""A run: one execution of a pipeline in a directory, in shards, resumable at any moment.

    runs/NAME/
      pipeline.yaml      the resolved pipeline
      manifest.json      versions, model fingerprints, seeds, counts and timings
      stages/01-synthesize-1a2b3c4d/00000.kept.arrow, 00000.dropped.arrow, 00000.json ...
      dataset.jsonl      the result
      dropped.jsonl      every dropped record, with stage, reason and detail
      quarantine.jsonl   every input line that could not be read
      README.md          the dataset card

A shard is finished when its .json file exists, which is written last. It holds checksums: damage is made good.
The name of a stage's directory ends in the key of all that its result depends on, so that changed parameters never meet
old results.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from datasets import Dataset
from filelock import FileLock, Timeout

from curate.errors import CurateError
from curate.models.usage import as_json, usages_of
from curate.outcome import REJECTED, Calibration, Outcome, reasons_of
from curate.pipeline import Pipeline, Step
from curate.records.cache import cached_in
from curate.records.files import remove_leftovers, write_json, write_jsonl, written_whole
from curate.records.identity import digest
from curate.records.names import with_unique_ids
from curate.records.pool import together
from curate.records.reserved import reserved_columns, trainable_rows
from curate.records.schema import columns_of
from curate.records.writing import write_records
from curate.runs.card import write_card
from curate.runs.loaded import LoadedModels
from curate.runs.manifest import Manifest
from curate.runs.outputs import check_directory
from curate.runs.progress import Progress, StageReport, watch
from curate.runs.shards import (
    DONE,
    Clock,
    concatenate,
    in_flight,
    read_calibration,
    read_facts,
    whole_shards,
    write_calibration,
    write_shard,
)
from curate.runs.spending import Spending, merged
from curate.shown import say
from curate.signatures import models_in
from curate.yaml_files import yaml_text

LOCK, MANIFEST = ".lock", "manifest.json"
IN_FLIGHT = 16  # shards, where they share an engine's batches: each ends in a few long texts that fill no batch
NOT_EXPORTED = ("candidates", REJECTED, "embedding")  # bulky, and kept under stages/


class Run:
    """One execution of `pipeline` in `directory` (default: runs/NAME).

    After `execute`, `dataset` holds the result, `reports` a row for each stage, and `dropped` each stage's name and the
    records that it dropped. Executing again in the same
    directory reuses whatever is finished and depends on nothing that has changed.
    """

    def __init__(self, pipeline: Pipeline, directory: str | Path | None = None) -> None:
        self.pipeline = pipeline
        self.directory = Path(directory or Path("runs") / pipeline.name)
        self.reports: list[StageReport] = []
        self._results: dict[int, str] = {}  # of each step: what tells its result
        self.dataset: Dataset | None = None
        self.dropped: list[tuple[str, Dataset]] = []

    def execute(self, progress: Progress | None = None) -> Dataset:
        """Runs the pipeline and returns the result; `progress` is told how it goes on, by default with bars or lines.

        Raises CurateError when another process uses the directory, or when a stage leaves no record.
        """
        progress = progress or watch()
        check_directory(self.directory, self.outputs.values(), self.pipeline.files())
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._locked():
            progress.start()
            try:
                return self._execute(progress)
            finally:
                progress.stop()

    def _execute(self, progress: Progress) -> Dataset:
        manifest = Manifest(self.pipeline, self.directory / MANIFEST)
        remove_leftovers(self.directory)
        with written_whole(self.directory / "pipeline.yaml", private=True) as file:
            file.write(yaml_text(self.pipeline.to_dict()).encode())
        manifest.write([])
        for name in self.pipeline.fingerprints:
            if self.pipeline.models[name].parameters.get("trust_remote_code"):
                say(f"the model {name} runs the code that comes with it (trust_remote_code)", warning=True)
        self._probe()
        spending = Spending(self.pipeline, manifest.usage, manifest.write_usage)
        models = LoadedModels(self.pipeline, manifest.date, spending)
        steps = self.pipeline.steps
        made: list[Dataset] = []  # by each of the stages that make records
        records: Dataset | None = None
        dropped: list[tuple[Step, Dataset]] = []
        self.reports = []
        try:
            for number, step in enumerate(steps):
                if number == self.pipeline.makers:
                    records = together(with_unique_ids(made))
                kept, gone, report = self._stage(number, records, models, spending, progress)
                made, records = ([*made, kept], None) if records is None else (made, kept)
                dropped.append((step, gone))
                self.reports.append(report)
                manifest.write(self.reports)
                if not len(kept):
                    raise CurateError(_nothing_left(step, report))
                models.keep_only(name for later in steps[number + 1 :] for name in later.models())
        except CurateError:
            self.dropped = [(step.label, gone) for step, gone in dropped]
            self._export_dropped(dropped)
            raise
        finally:
            models.keep_only(())
            spending.lap()  # what was asked for shards that were not finished
        self.dataset = together(with_unique_ids(made)) if records is None else records
        self.dropped = [(step.label, gone) for step, gone in dropped]
        write_jsonl(trainable_rows(_slim(self.dataset)), self.outputs["dataset"])
        self._export_dropped(dropped)
        manifest.finish(self.reports, dataset=_facts(self.dataset, self.outputs["dataset"]))
        write_card(self.directory, self.pipeline)
        return self.dataset

    def _probe(self) -> None:
        """Raises CurateError when a model that is still needed is elsewhere and not there, or lacks what is needed."""
        asked = [step.asked() for step, done in zip(self.pipeline.steps, self.cached(), strict=True) if not done]
        for name in sorted(set().union(*asked)):
            try:
                self.pipeline.models[name].probe(any(models.get(name, False) for models in asked))
            except CurateError as error:
                raise CurateError(f"{self.pipeline.origin}: {error}") from error

    def cached(self) -> list[bool]:
        """For each step, whether its whole result is there already."""
        return [(self._home(number) / DONE).exists() for number in range(len(self.pipeline.steps))]

    @property
    def outputs(self) -> dict[str, Path]:
        """The files that a finished run leaves behind."""
        return {name: self.directory / f"{name}.jsonl" for name in ("dataset", "dropped", "quarantine")}

    # --- one stage -------------------------------------------------------------------------------------------------

    def _stage(
        self, number: int, records: Dataset | None, models: LoadedModels, spending: Spending, progress: Progress
    ) -> tuple[Dataset, Dataset, StageReport]:
        """What step `number` keeps and drops of `records`, and its row of the funnel."""
        step, home = self.pipeline.steps[number], self._home(number)
        slices = self._slices(step, records)
        repaired = self._compute(number, records, slices, models, spending, progress)
        cached = (home / DONE).exists()
        facts = [read_facts(home, shard) for shard in range(len(slices))]
        self._results[number] = digest([shard["checksums"] for shard in facts])
        kept, gone = (concatenate(home, len(slices), part) for part in ("kept", "dropped"))
        usage = merged(usages_of(shard.get("usage", {})) for shard in facts)
        report = StageReport(
            label=step.label,
            key=self.pipeline.keys[number],
            came=len(records) if records is not None else 0,
            kept=len(kept),
            dropped=dict(Counter(map(str, reasons_of(gone))).most_common()) if records is not None else {},
            seconds=round(sum(shard["seconds"] for shard in facts), 3),
            cached=cached,
            stats=step.stage.merge_stats(shard["stats"] for shard in facts) | self._calibration(number).stats,
            usage=usage,
            cost=self.pipeline.cost(usage),
            repaired=repaired,
        )
        if not cached:
            write_json(asdict(report), home / DONE)
        progress.end(report)
        return kept, gone, report

    def _compute(
        self,
        number: int,
        records: Dataset | None,
        slices: Sequence[range],
        models: LoadedModels,
        spending: Spending,
        progress: Progress,
    ) -> list[str]:
        """Computes the shards that are not finished, and writes each as it is; says which were damaged."""
        step, home, clock = self.pipeline.steps[number], self._home(number), Clock()
        done, faults = whole_shards(home, len(slices), self._source(number))
        for fault in faults:
            say(fault, warning=True)
        pending = sorted({*range(len(slices))}.difference(done))
        progress.begin(step.label, sum(map(len, slices)), sum(len(slices[shard]) for shard in done))
        if not pending:
            return faults
        before = [usages_of(read_facts(home, shard).get("usage", {})) for shard in done]
        arguments = models.arguments(step)
        cache = self._home(number - 1) if step.stage.sees == "all" else None
        source = self._source(number)

        def compute(shard: int) -> int:
            with spending.shard():
                with cached_in(cache):
                    outcome = _outcome(step, records, slices[shard], arguments)
                facts = {"seconds": clock.lap(), "usage": as_json(spending.lap())}
                write_shard(home, shard, source, outcome, **facts)
            return len(slices[shard])

        with _errors_of(step):
            if records is not None:
                step.stage.check_records(records, arguments)
                arguments |= self._calibrated(number, records, arguments).parameters
            workers = IN_FLIGHT if _shares_batches(step, arguments) else 1
            for rows in in_flight(compute, spending.affordable(pending, step.asked(), before), workers):
                progress.advance(rows)
        return faults

    def _source(self, number: int) -> str:
        """What tells the records that come to step `number`: the checksums of the results of those before it."""
        makers = self.pipeline.makers
        before = range(0) if number < makers else range(makers) if number == makers else range(number - 1, number)
        return digest([self._results[earlier] for earlier in before])

    def _calibrated(self, number: int, records: Dataset, arguments: dict[str, Any]) -> Calibration:
        """What the stage sets by a look at all records, kept with its shards."""
        stage, home, source = self.pipeline.steps[number].stage, self._home(number), self._source(number)
        if stage.calibrate and read_calibration(home, source) is None:
            write_calibration(home, source, stage.calibrate(records, arguments))
        return self._calibration(number)

    def _calibration(self, number: int) -> Calibration:
        return read_calibration(self._home(number), self._source(number)) or Calibration({}, {})

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

    def _home(self, number: int) -> Path:
        step, key = self.pipeline.steps[number], self.pipeline.keys[number]
        return self.directory / "stages" / f"{number + 1:02d}-{step.stage.name}-{key[:8]}"

    # --- what a run leaves behind ----------------------------------------------------------------------------------

    @property
    def reserved(self) -> list[str]:
        """The columns of the result that stand under `reserved` in dataset.jsonl, for trainers take their names."""
        return reserved_columns(_slim(self.dataset)) if self.dataset is not None else []

    def write(self, path: Path) -> int:
        """Writes the result to a file of its own, in the format that the suffix says; returns how many records."""
        return write_records(_slim(self.dataset), path) if self.dataset is not None else 0

    def _export_dropped(self, dropped: Sequence[tuple[Step, Dataset]]) -> None:
        gone = (
            {"stage": step.label, "reason": row.pop("reason"), "detail": row.pop("detail"), **row}
            for step, rows in dropped
            if step.stage.sees != "nothing"
            for row in rows.remove_columns([name for name in ("embedding",) if name in rows.column_names])
        )
        write_jsonl(gone, self.outputs["dropped"])
        unreadable = (row for step, rows in dropped if step.stage.sees == "nothing" for row in rows)
        write_jsonl(unreadable, self.outputs["quarantine"])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        for name in (LOCK, MANIFEST):
            if (self.directory / name).is_symlink():
                raise CurateError(
                    f"{self.directory / name} is a symbolic link, through which a run writes nothing; remove it"
                )
        lock = FileLock(self.directory / LOCK)
        try:
            with lock.acquire(timeout=0):
                yield
        except Timeout:
            raise CurateError(
                f"{self.directory} is in use by another run; wait for it, or choose another directory"
            ) from None


def _slim(records: Dataset) -> Dataset:
    """The records without what is bulky; candidates stay where no record has a response among them yet."""
    left_out = [name for name in NOT_EXPORTED if name != "candidates" or "response" in columns_of(records)]
    return records.remove_columns([name for name in left_out if name in records.column_names])


def _facts(records: Dataset, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"records": len(records), "blake2b": hashlib.file_digest(file, "blake2b").hexdigest()}


def _outcome(step: Step, records: Dataset | None, rows: range, arguments: dict[str, Any]) -> Outcome:
    """What the stage makes of the shard `rows`."""
    if records is not None:
        return step.stage.outcome(records.select(rows), arguments)
    if step.stage.divisible:
        arguments = {**arguments, "start": rows.start, "count": len(rows)}
    return step.stage.outcome(None, arguments)


@contextmanager
def _errors_of(step: Step) -> Iterator[None]:
    """Puts the stage's place in the pipeline before what it says."""
    try:
        yield
    except CurateError as error:
        raise CurateError(f"{step.where}: {error}") from error


def _shares_batches(step: Step, arguments: dict[str, Any]) -> bool:
    """Whether shards of this step that run at the same time fill each other's batches."""
    language = (parameter for parameter, role in step.stage.roles.items() if role == "language")
    return any(model.shares_batches for parameter in language for model in models_in(arguments[parameter]))


def _nothing_left(step: Step, report: StageReport) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in report.dropped.items())
    return f"{step.where}: none of {report.came} records is left ({reasons}); loosen its parameters"
