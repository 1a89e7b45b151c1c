"""Models by their path or name: loaded once, kept, and freed together."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from curate.chat import ChatTemplate
from curate.errors import CurateError
from curate.models import kept
from curate.models.backend import Backend
from curate.models.kept import DEFAULT_BACKENDS, close_models, default_spec, kept_model
from curate.models.protocols import KINDS, Embedder, LanguageModel, RewardModel
from curate.registry import get_backend
from tests.conftest import MINILM


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    close_models()


def test_a_path_gives_the_same_model_at_every_call_however_it_is_written(
    tiny_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = kept_model(str(tiny_directory), "language")
    assert isinstance(model, LanguageModel)
    assert model.name == "tiny"
    monkeypatch.chdir(tiny_directory.parent)
    assert kept_model("./tiny/", "language") is model


def test_each_role_has_its_model(tiny_directory: Path, reward_directory: Path) -> None:
    assert isinstance(kept_model(str(tiny_directory), "language"), LanguageModel)
    assert isinstance(kept_model(MINILM, "embedder"), Embedder)
    assert isinstance(kept_model(str(reward_directory), "reward"), RewardModel)
    assert isinstance(kept_model(str(tiny_directory), "chat"), ChatTemplate)


def test_the_default_backends_are_of_the_kind_that_a_role_asks_for() -> None:
    assert {role: get_backend(backend).kind for role, backend in DEFAULT_BACKENDS.items()} == {
        **{kind: kind for kind in KINDS},
        "chat": "language",
    }


def test_a_template_is_kept_and_loads_no_weights(tiny_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "template").mkdir()
    for path in tiny_directory.glob("*.j*"):
        if path.name != "config.json":
            shutil.copy(path, tmp_path / "template")
    chat = kept_model(str(tmp_path / "template"), "chat")
    assert kept_model(str(tmp_path / "template"), "chat") is chat


def test_files_that_have_changed_are_loaded_anew(tiny_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_directory, tmp_path / "tiny")
    chat = kept_model(str(tmp_path / "tiny"), "chat")
    (tmp_path / "tiny" / "README.md").write_text("about")
    assert kept_model(str(tmp_path / "tiny"), "chat") is chat
    template = tmp_path / "tiny" / "chat_template.jinja"
    template.write_text(template.read_text().replace("im_start|>assistant", "im_start|>bot"))
    changed = kept_model(str(tmp_path / "tiny"), "chat")
    assert changed is not chat
    assert kept_model(str(tmp_path / "tiny"), "chat") is changed


def test_threads_that_ask_at_the_same_time_get_one_model(tiny_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda _: kept_model(str(tiny_directory), "language"), range(4)))
    assert len(set(map(id, models))) == 1


def test_closing_frees_all_and_forgets_them(tiny_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Backend] = []
    model = kept_model(str(tiny_directory), "language")
    kept_model(str(tiny_directory), "chat")
    monkeypatch.setattr(type(model), "close", lambda self: closed.append(self))
    close_models()
    assert closed == [model]
    close_models()
    assert closed == [model]
    assert kept_model(str(tiny_directory), "language") is not model


def test_what_is_no_model_is_told_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CurateError, match="^model: there is no directory .*/some/nowhere, and"):
        kept_model("./some/nowhere", "language")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CurateError, match="^model: .*/empty has no config.json"):
        kept_model("empty", "embedder")
    assert not kept._kept


def test_a_spec_for_a_role_has_the_name_that_is_asked_for() -> None:
    spec = default_spec("owner/name", "embedder")
    assert (spec.where, spec.backend, spec.model) == ("model", "sentence-transformers", "owner/name")
    assert default_spec("owner/name", "chat", "tokenizer").where == "tokenizer"
