"""The dataset card: README.md with the Hub's metadata, and what a reader of the data must know.

Whatever comes from data, models or file names is escaped: nothing in it is Markdown or HTML here.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate.models.licence import licence_of
from curate.models.locate import display_name
from curate.outcome import counts
from curate.pipeline import Pipeline
from curate.records.files import written_whole
from curate.yaml_files import yaml_text

PLACEHOLDER = "choose-a-licence"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
WRITERS = {"synthesize": "model", "instruct": "model", "extend": "model", "respond": "models"}  # parameters that write
CITATIONS = {
    "synthesize": "Xu et al., MAGPIE: alignment data synthesis from scratch (arXiv 2406.08464)",
    "fit": "Zhang et al., The best instruction-tuning data are those that fit, GRAPE (arXiv 2502.04194)",
    "diversify": "Zhou et al., LIMA: less is more for alignment (arXiv 2305.11206)",
    "decontaminate": "Lambert et al., Tulu 3, whose decontamination is followed (arXiv 2411.15124)",
}


@dataclass(frozen=True)
class Card:
    """What a card is made of: the `files` of each split, the rows of each file, and the run's manifest and pipeline.

    `target` is the model that is to be trained on the data, as it was named; manifest and pipeline are empty for data
    that no run made.
    """

    name: str
    files: Mapping[str, str]
    rows: Mapping[str, int]
    manifest: Mapping[str, Any] = field(default_factory=dict)
    pipeline: Mapping[str, Any] = field(default_factory=dict)
    target: str = ""


def write_card(directory: Path, pipeline: Pipeline) -> None:
    """README.md of a finished run in `directory`, from what its manifest and its pipeline say."""
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    rows = {"dataset.jsonl": manifest["dataset"]["records"]}
    targets = [step.config["target"] for step in pipeline.steps if step.stage.name == "prepare"]
    target = pipeline.models[targets[-1]].model if targets else ""
    card = Card(directory.resolve().name, {"train": "dataset.jsonl"}, rows, manifest, pipeline.to_dict(), target)
    with written_whole(directory / "README.md") as file:
        file.write(card_of(card).encode())


def card_of(card: Card) -> str:
    """The text of README.md."""
    from huggingface_hub import DatasetCard

    steps = list(_steps(card.pipeline))
    parts = [
        f"# {escaped(card.name)}",
        f"{sum(card.rows[file] for file in card.files.values()):,} records for supervised fine-tuning.",
        *_licence(),
        *_origin(card, steps),
        *_funnel(card.manifest),
        *_limits(steps),
        *_again(card),
        *_citations(steps),
    ]
    return str(DatasetCard(f"---\n{_metadata(card, steps)}\n---\n\n" + "\n\n".join(parts) + "\n"))


def escaped(text: object) -> str:
    """A text that Markdown shows as it is, on one line: neither markup nor HTML of its own takes effect."""
    line = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#!|~:@$])", r"\\\1", line)


def fenced(text: str, kind: str = "") -> str:
    """A code block whose fence is longer than any run of backticks in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{kind}\n{text.rstrip()}\n{fence}"


def _metadata(card: Card, steps: list[tuple[str, Mapping[str, Any]]]) -> str:
    from huggingface_hub import DatasetCardData

    rows = sum(card.rows[file] for file in card.files.values())
    size = next((name for most, name in SIZES if rows < most), "n>1M")
    generated = any(name in WRITERS for name, _ in steps)
    data = DatasetCardData(
        license="other",
        license_name=PLACEHOLDER,
        pretty_name=card.name,
        task_categories=["text-generation"],
        size_categories=[size],
        tags=["curate", "sft", *(["synthetic"] if generated else [])],
        configs=[
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": file} for split, file in card.files.items()],
            }
        ],
    )
    return str(data.to_yaml())


def _licence() -> Iterator[str]:
    yield "## Licence"
    yield (
        f"**Not chosen yet.** Put yours in the place of `{PLACEHOLDER}` in the metadata above, and here, before you "
        "publish this. What it may be depends on the licences of the models and the data below."
    )


def _origin(card: Card, steps: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    yield "## How it was made"
    if not steps:
        yield "By `curate export`, of records that no run of curate made; where they come from is for you to say."
    else:
        yield f"By a pipeline of curate of {len(steps)} stages: {', '.join(escaped(name) for name, _ in steps)}."
    models = card.pipeline.get("models", {})
    writers = {name for stage, values in steps for name in _models(values.get(WRITERS.get(stage, "")))}
    lines = []
    for name, spec in models.items():
        model = str(spec["model"])
        part = f"{name}, wrote instructions or responses" if name in writers else name
        licence = licence_of(model) or "not known here, look it up"
        lines.append(f"| {escaped(part)} | {escaped(_shown(model))} | {escaped(licence)} |")
    if lines:
        yield "\n".join(["| part | model | licence |", "| --- | --- | --- |", *lines])
    sources = [path for stage, values in steps if stage == "load" for path in _models(values.get("path"))]
    if sources:
        yield f"Records came from {', '.join(escaped(Path(str(path)).name) for path in sources)}."
    if card.target:
        yield f"It is meant to train {escaped(_shown(card.target))}, in that model's chat template."


def _shown(model: str) -> str:
    """A model's name without the directories above it."""
    shown = model if model.startswith("package:") else display_name(model)
    return Path(shown).name if shown[:1] in ("/", "~", ".") else shown


def _funnel(manifest: Mapping[str, Any]) -> Iterator[str]:
    if not manifest.get("stages"):
        return
    yield "## What was kept"
    rows = [
        f"| {escaped(s['label'])} | {s['came'] or ''} | {s['kept']} | {escaped(counts(s['dropped']))} |"
        for s in manifest["stages"]
    ]
    yield "\n".join(["| stage | in | kept | dropped, by reason |", "| --- | ---: | ---: | --- |", *rows])


def _limits(steps: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    names = {name for name, _ in steps}
    yield "## Limits"
    if not steps:
        yield "- What was done to the records before this, and what was looked for, is not known here."
        return
    lines = ["No person has checked every record."]
    if names & WRITERS.keys():
        lines.append("Language models wrote it: it holds their errors, biases and made-up facts.")
    missing = {
        "decontaminate": "It was not compared with benchmarks, and may hold their items.",
        "moderate": "No guard model looked for harmful content.",
        "deduplicate": "Duplicates were not looked for.",
    }
    lines += [sentence for stage, sentence in missing.items() if stage not in names]
    screened = [values for name, values in steps if name == "screen"]
    if not any(values.get("personal_data") == "redact" for values in screened):
        lines.append("Personal data was not looked for.")
    yield "\n".join(f"- {line}" for line in lines)


def _again(card: Card) -> Iterator[str]:
    if not card.pipeline:
        return
    packages = ", ".join(f"{escaped(name)} {escaped(version)}" for name, version in card.manifest["packages"].items())
    seed, date = card.manifest["seed"], card.manifest["date"]
    yield "## How to repeat it"
    yield f"`curate run pipeline.yaml`, with seed {seed}, begun on {escaped(date)}, with {packages}."
    models = {name: {**spec, "model": _shown(str(spec["model"]))} for name, spec in card.pipeline["models"].items()}
    yield fenced(yaml_text(_without_places({**card.pipeline, "models": models})), "yaml")


def _without_places(value: Any) -> Any:
    """A part of a pipeline without what only this machine knows: directories, and the addresses of servers."""
    if isinstance(value, Mapping):
        return {key: _without_places(item) for key, item in value.items() if key != "base_url"}
    if isinstance(value, list):
        return [_without_places(item) for item in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _citations(steps: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    cited = dict.fromkeys(CITATIONS[name] for name, _ in steps if name in CITATIONS)
    if cited:
        yield "## Citations"
        yield "\n".join(f"- {line}" for line in cited)


def _steps(pipeline: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The stages of a pipeline file, with their parameters."""
    for entry in pipeline.get("stages", ()):
        named = entry if isinstance(entry, Mapping) else {entry: {}}
        yield from ((name, values or {}) for name, values in named.items())


def _models(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
