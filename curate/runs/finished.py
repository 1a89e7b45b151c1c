"""What a run has left in its directory, read without its models, inputs or pipeline: for those who look at it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset

from curate.errors import CurateError
from curate.runs.shards import concatenate
from curate.yaml_files import read_yaml


@dataclass(frozen=True)
class FinishedStage:
    """A stage of a run: its row of the funnel, and the shards that it left in `home`."""

    label: str
    number: int
    facts: dict[str, Any]
    home: Path

    @property
    def name(self) -> str:
        """The stage's name, without the number that tells two of one name apart."""
        return self.label.partition("#")[0]

    @cached_property
    def kept(self) -> Dataset:
        """What it kept."""
        return self._part("kept")

    @cached_property
    def dropped(self) -> Dataset:
        """What it dropped, with `reason` and `detail`."""
        return self._part("dropped")

    def _part(self, part: str) -> Dataset:
        shards = len(list(self.home.glob(f"[0-9]*.{part}.arrow")))
        if not shards:
            raise CurateError(f"{self.home} holds no shard of {self.label!r}; execute the run again")
        return concatenate(self.home, shards, part)


class FinishedRun:
    """The run in `directory`, as far as it came. Raises CurateError where there is none."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        path = self.directory / "manifest.json"
        if not path.is_file():
            raise CurateError(f"{directory} is no run: it has no manifest.json")
        self.manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        pipeline = self.directory / "pipeline.yaml"
        self.pipeline: dict[str, Any] = read_yaml(pipeline.read_text(encoding="utf-8"), str(pipeline))
        self.stages = [
            FinishedStage(
                facts["label"],
                number,
                facts,
                self.directory / "stages" / f"{number:02d}-{facts['label'].partition('#')[0]}-{facts['key'][:8]}",
            )
            for number, facts in enumerate(self.manifest.get("stages", []), 1)
        ]
        if not self.stages:
            raise CurateError(f"{directory}: no stage of the run is finished yet")

    @property
    def is_whole(self) -> bool:
        """Whether it came to its end."""
        return "finished" in self.manifest

    @property
    def result(self) -> Dataset:
        """What its last finished stage kept, with embeddings and candidates."""
        return self.stages[-1].kept

    def parameters(self, stage: FinishedStage) -> dict[str, Any]:
        """The parameters of a stage, as its pipeline has them."""
        (entry,) = self.pipeline["stages"][stage.number - 1].items()
        return dict(entry[1] or {})

    def last(self, *names: str) -> FinishedStage | None:
        """The last stage of one of these names."""
        return next((stage for stage in reversed(self.stages) if stage.name in names), None)

    def rows(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The records of these ids, each as the last stage that had it saw it."""
        wanted = set(names)
        rows: dict[str, dict[str, Any]] = {}
        for stage in reversed(self.stages):
            for part in (stage.kept, stage.dropped):
                if lacking := wanted - rows.keys():
                    rows |= {row["id"]: row for row in of_ids(part, lacking)}
        return rows

    def unused(self) -> list[Path]:
        """Directories of stages that no stage of the run has now: of parameters, models or inputs that changed.

        Raises CurateError where the run has not come to its end, for what it is at could not be told from the rest.
        """
        if not self.is_whole:
            raise CurateError(f"{self.directory}: the run has not come to its end; finish it, and clean it then")
        current = {stage.home for stage in self.stages}
        return sorted(home for home in (self.directory / "stages").iterdir() if home.is_dir() and home not in current)


def of_ids(records: Dataset, names: set[str]) -> Iterator[dict[str, Any]]:
    """The rows of these ids."""
    if "id" not in records.column_names or not len(records):
        return
    column = records.select_columns("id").with_format("arrow")[:]["id"]
    hits = pc.indices_nonzero(pc.is_in(column, pa.array(sorted(names), pa.string())))
    yield from records.select(hits.to_pylist())
