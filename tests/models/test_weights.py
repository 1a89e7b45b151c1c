"""Weights that are missing, too many, misshapen or cut off: an error that names them, for every kind of model."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from curate.errors import CurateError
from curate.models.locate import locate
from curate.models.spec import load_model
from tests.conftest import BASE, MINILM

Weights = dict[str, Any]
Damage = Callable[[Weights], object]
KINDS = [(str(BASE), "transformers"), (MINILM, "sentence-transformers")]


def lose_a_layer(weights: Weights) -> None:
    for name in [name for name in weights if re.search(r"layers?\.0\.", name)]:
        del weights[name]


def gain_a_layer(weights: Weights) -> None:
    weights["model.layers.99.mlp.up_proj.weight"] = torch.zeros(4, 4)


def lose_a_row(weights: Weights) -> None:
    name = next(name for name in weights if name.endswith(("norm.weight", "LayerNorm.weight")))
    weights[name] = weights[name][:-1].clone()


def copy(source: str, target: Path) -> Path:
    """The model's directory, with files of its own."""
    return Path(shutil.copytree(locate(source), target / "m"))


@pytest.mark.parametrize(("source", "backend"), KINDS, ids=lambda value: value.rpartition("/")[2])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lose_a_layer, r"m: its files lack the weights \S*layers?\.0\.\S+, .* more; see that config.json"),
        (gain_a_layer, r"has no use for: model.layers.99.mlp.up_proj.weight; see that"),
        (lose_a_row, r"another shape than its configuration's: \S*[nN]orm.weight; see that"),
    ],
)
def test_weights_that_do_not_fit_are_named(
    source: str, backend: str, damage: Damage, said: str, tmp_path: Path
) -> None:
    directory = copy(source, tmp_path)
    weights = load_file(directory / "model.safetensors")
    damage(weights)
    save_file(weights, directory / "model.safetensors", {"format": "pt"})
    with pytest.raises(CurateError, match=said) as error:
        load_model(str(directory), backend=backend)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("source", "backend"), KINDS, ids=lambda value: value.rpartition("/")[2])
@pytest.mark.parametrize("kept", [0, 5, 4000, -1])
def test_a_file_that_is_cut_short_is_told_before_anything_is_loaded(
    source: str, backend: str, kept: int, tmp_path: Path
) -> None:
    file = copy(source, tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(CurateError, match=rf"{file} is damaged or cut short \(.*\); download the model again$"):
        load_model(str(file.parent), backend=backend)


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ('{"weight_map": {"a": "model-00002-of-00002.safetensors"}}', "lacks model-00002-of-00002.safetensors, which"),
        ("{", "is damaged: no weight_map can be read"),
        ('{"weight_map": 3}', "is damaged: no weight_map can be read"),
    ],
)
def test_a_file_that_the_index_names_has_to_be_there(index: str, said: str, tmp_path: Path) -> None:
    directory = copy(str(BASE), tmp_path)
    (directory / "model.safetensors.index.json").write_text(index)
    with pytest.raises(CurateError, match=said):
        load_model(str(directory))


def test_tied_weights_and_unused_heads_are_not_missed(tmp_path: Path) -> None:
    assert json.loads((BASE / "config.json").read_text())["tie_word_embeddings"]
    assert "lm_head.weight" not in load_file(BASE / "model.safetensors")
    load_model(str(BASE)).close()
    directory = copy(MINILM, tmp_path)
    weights = load_file(directory / "model.safetensors")
    weights = {name: value for name, value in weights.items() if "pooler" not in name}
    save_file({**weights, "cls.predictions.bias": torch.zeros(3)}, directory / "model.safetensors", {"format": "pt"})
    load_model(str(directory), backend="sentence-transformers").close()
