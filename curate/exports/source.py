"""What is exported: the records of a run or of a file, and the model that they are meant for."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets import Dataset

from curate.chat import ChatTemplate
from curate.errors import CurateError
from curate.models.spec import ModelSpec, parse_spec
from curate.outcome import Outcome
from curate.runs.run import Run
from curate.runs.shards import concatenate
from curate.stages.load import load
from curate.yaml_files import read_yaml

NEEDS_TARGET = (
    "which model will be trained? Name it as the target (only its tokenizer is loaded), for what it is written for is "
    "its chat template; a run names it in its stage prepare"
)


@dataclass(frozen=True)
class Source:
    """Records, and what is known of them; `manifest` and `pipeline` are those of the run, empty for a file."""

    name: str
    records: Dataset
    unreadable: int = 0
    manifest: Mapping[str, Any] = field(default_factory=dict)
    pipeline: Mapping[str, Any] = field(default_factory=dict)
    spec: ModelSpec | None = None
    chat: ChatTemplate | None = None

    @property
    def target(self) -> str:
        """The model to be trained, as a library loads it from any directory; empty where none is named."""
        if self.spec is None:
            return ""
        place = self.spec.source
        return str(place.resolve()) if isinstance(place, Path) else place or self.spec.model


def open_source(source: Any, target: str | None, *, candidates: bool = False) -> Source:
    """The records of a run's directory, of a `Run`, or of anything that `load` reads; `target` replaces the run's own.

    `candidates` takes a run's records with all that its last stage kept of them. Raises CurateError when the run has
    not finished, and when the target or what `load` is given cannot be read.
    """
    source = source.directory if isinstance(source, Run) else source
    directory = Path(source) if isinstance(source, str | Path) else None
    if directory and (directory / "manifest.json").is_file():
        opened = _run(directory, candidates)
    else:
        outcome = load(source.kept if isinstance(source, Outcome) else source)
        opened = Source(directory.name if directory else "records", outcome.kept, len(outcome.dropped))
    if not len(opened.records):
        raise CurateError(f"export: {opened.name} has no records ({opened.unreadable} lines could not be read)")
    spec = parse_spec("export: target", {"model": target}) if target else _target_of(opened.pipeline)
    if spec is None:
        return opened
    spec.check_chat()
    date = opened.manifest.get("date")
    chat = spec.load_chat(datetime.date.fromisoformat(date) if date else None)
    return Source(**{**vars(opened), "spec": spec, "chat": chat})


def _run(directory: Path, candidates: bool) -> Source:
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    if "finished" not in manifest:
        raise CurateError(f"export: the run in {directory} has not finished; run it again, and it goes on")
    pipeline = read_yaml((directory / "pipeline.yaml").read_text(encoding="utf-8"), str(directory / "pipeline.yaml"))
    if not candidates:
        outcome = load(str(directory / "dataset.jsonl"))
        return Source(directory.resolve().name, outcome.kept, len(outcome.dropped), manifest, pipeline)
    number, last = len(manifest["stages"]), manifest["stages"][-1]
    homes = list((directory / "stages").glob(f"{number:02d}-*-{last['key'][:8]}"))
    if not homes:
        raise CurateError(f"export: {directory / 'stages'} no longer holds the candidates; run the pipeline again")
    shards = len(list(homes[0].glob("[0-9]*.kept.arrow")))
    return Source(directory.resolve().name, concatenate(homes[0], shards, "kept"), 0, manifest, pipeline)


def _target_of(pipeline: Mapping[str, Any]) -> ModelSpec | None:
    """The model that the last stage `prepare` of a run names."""
    stages = [entry for entry in pipeline.get("stages", ()) if isinstance(entry, Mapping)]
    named = [values["target"] for entry in stages for name, values in entry.items() if name == "prepare"]
    return parse_spec(f"models.{named[-1]}", pipeline["models"][named[-1]]) if named else None
