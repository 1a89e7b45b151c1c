"""Pipeline files as YAML 1.2: reading them, writing them, and the changes that `--set` asks for."""

from __future__ import annotations

import io
from collections.abc import Hashable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode
from ruamel.yaml.reader import ReaderError

from curate.errors import CurateError, nearest

DEEPEST = 100  # lists and mappings inside each other
LARGEST = 100_000  # values of one file, each counted wherever an alias repeats it
CHARACTERS = 100  # that count as one value

_TAG = "tag:yaml.org,2002:"
_CORE = ("null", "bool", "int", "float", "str", "seq", "map")
_TEXT = ("timestamp", "value", "merge")  # what ruamel.yaml reads 2026-01-31, = and << as


class _CoreSchema(SafeConstructor):
    """Makes what YAML 1.2's core schema knows, which is what JSON knows: a date is a text."""

    def refuse(self, node: Any) -> None:
        problem = f"there is no tag {str(node.tag).removeprefix(_TAG)!r} here; write the value without it"
        raise MarkedYAMLError(problem=problem, problem_mark=node.start_mark)

    def check_mapping_key(self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any) -> bool:
        if not isinstance(key, Hashable) or isinstance(key, tuple):
            raise MarkedYAMLError(problem="a key has to be a plain value, not a list", problem_mark=key_node.start_mark)
        if key in mapping:
            raise MarkedYAMLError(problem=f"the key {key!r} stands twice", problem_mark=key_node.start_mark)
        return True


_CoreSchema.yaml_constructors = {
    **{_TAG + name: SafeConstructor.yaml_constructors[_TAG + name] for name in _CORE},
    **dict.fromkeys([_TAG + name for name in _TEXT], SafeConstructor.construct_yaml_str),
    None: _CoreSchema.refuse,
}


def read_yaml(text: str, where: str) -> Any:
    """The value of one YAML document, of the types that JSON has; raises CurateError that begins with `where`."""
    try:
        if _size(_reader().compose(text), {}) > LARGEST:  # before any of it is made
            raise CurateError(
                f"{where}: holds more than {LARGEST:,} values or {LARGEST * CHARACTERS:,} characters, those that an "
                "alias (*name) repeats included"
            )
        return _reader().load(text)
    except (YAMLError, ValueError, OverflowError, KeyError) as error:  # where a tag such as !!int does not fit
        raise CurateError(f"{where}: not readable as YAML: {_sentence(error, text)}") from None


def _reader() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor, yaml.max_depth = _CoreSchema, DEEPEST
    return yaml


def yaml_text(value: Any) -> str:
    """`value`, of the types that JSON has, as a YAML document that `read_yaml` reads back; keys in their order."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.representer.sort_base_mapping_type_on_output = False
    file = io.StringIO()
    yaml.dump(value, file)
    return file.getvalue()


def as_yaml(value: Any) -> Any:
    """A parameter as YAML and JSON hold it."""
    if isinstance(value, Mapping):
        return {key: as_yaml(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_yaml(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def apply_override(content: dict[str, Any], override: str) -> None:
    """Changes what a pipeline file holds by one `--set`: STAGE.KEY=VALUE, models.NAME.KEY=VALUE or KEY=VALUE.

    The second stage of one name is `NAME#2`. Raises CurateError where there is no such stage or model.
    """
    target, equals, text = override.partition("=")
    *path, key = target.split(".")
    if not equals or not key:
        raise CurateError(f"--set {override}: STAGE.KEY=VALUE is expected, such as deduplicate.threshold=0.7")
    value = read_yaml(text, f"--set {override}")
    if not path:
        content[key] = value
    elif path[0] == "models" and len(path) == 2:
        models = _mapping(content.get("models"), override)
        if path[1] not in models:
            raise CurateError(f"--set {override}: there is no model {path[1]!r}; {nearest(path[1], models)}")
        models[path[1]] = {**_mapping(models[path[1]], override), key: value}
    else:
        _stage_parameters(content, ".".join(path), override)[key] = value


def _stage_parameters(content: dict[str, Any], label: str, override: str) -> dict[str, Any]:
    """The parameters of the stage `label` in `content`, for an override to change."""
    stages = content["stages"] if isinstance(content.get("stages"), list) else []
    numbers: dict[str, int] = {}  # of the stages in the list, by label
    for number, entry in enumerate(stages):
        name = _entry_name(entry).rpartition(":")[2]  # of module:function
        count = 1 + sum(known == name or known.startswith(f"{name}#") for known in numbers)
        numbers[name if count == 1 else f"{name}#{count}"] = number
    if label not in numbers:
        raise CurateError(f"--set {override}: the pipeline has no stage {label!r}; {nearest(label, numbers)}")
    entry = stages[numbers[label]]
    name = _entry_name(entry)
    parameters = _mapping(entry[name] if isinstance(entry, dict) else None, override)
    stages[numbers[label]] = {name: parameters}
    return parameters


def _entry_name(entry: Any) -> str:
    """What an entry under `stages` calls its stage; empty where it calls none."""
    return str(entry if isinstance(entry, str) else next(iter(entry), "") if isinstance(entry, dict) else "")


def _mapping(value: Any, override: str) -> dict[str, Any]:
    """What an override is to change; an empty mapping where the file holds nothing."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CurateError(f"--set {override}: the file holds {value!r} where a mapping is expected")
    return value


def _sentence(error: Exception, text: str) -> str:
    """What is wrong with `text`, and in which line."""
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return f"line {line}: the character #x{error.character:04x} is not allowed"
    if not isinstance(error, MarkedYAMLError):
        return f"a value does not fit its tag: {error}"
    if isinstance(error, MaxDepthExceededError):
        return f"line {error.problem_mark.line + 1}: more than {DEEPEST} lists and mappings stand inside each other"
    said = ((error.context, error.context_mark), (error.problem, error.problem_mark))
    return "; ".join(
        f"line {mark.line + 1}: {' '.join(part.split())} (column {mark.column + 1})" for part, mark in said if mark
    )


def _size(node: Any, known: dict[int, float]) -> float:
    """How many values a node holds, one that is repeated each time; infinitely many where it holds itself.

    A text of more than `CHARACTERS` counts as several.
    """
    if node is None or isinstance(node.value, str):
        return 1 + len(node.value) // CHARACTERS if node else 1
    if id(node) not in known:
        known[id(node)] = float("inf")
        parts = chain.from_iterable(node.value) if isinstance(node, MappingNode) else node.value
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]
