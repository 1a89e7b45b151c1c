"""Backends of other packages: a real distribution on the path, found by its entry points."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curate import Pipeline, Run, embed, load_model
from curate.errors import CurateError
from curate.models.protocols import Embedder
from curate.models.spec import models_schema, parse_spec
from curate.records.pool import from_rows
from curate.registry import backend_names, get_backend

MODULE = '''
"""An embedder and a language model that need no files, as an endpoint's client would be."""

from __future__ import annotations

import datetime
import string
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from curate.models.backend import Backend


class Endpoint(Backend):
    """What has no files here."""

    @classmethod
    def files(cls, model: str, parameters: Mapping[str, Any]) -> None:
        return None


class LetterCounter(Endpoint):
    """Counts the first letters of the alphabet in a text."""

    kind = "embedder"
    neutral = frozenset({"timeout"})

    def __init__(
        self,
        model: str,
        date: datetime.date | None = None,
        *,
        letters: Annotated[int, Field(gt=0, le=26, description="how many of the alphabet")] = 26,
        timeout: Annotated[float, Field(gt=0, description="seconds")] = 1.0,
    ) -> None:
        super().__init__(model, date)
        self._letters = string.ascii_lowercase[:letters]

    def embed(self, texts):
        counts = np.array([[1 + text.count(letter) for letter in self._letters] for text in texts], np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


class Parrot(Endpoint):
    """Says what it hears."""

    kind = "language"
    context_length = 100

    def complete(self, prompts, sampling, again=None): ...

    def score(self, sequences, masks): ...


def shout(): ...
'''


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Puts a distribution on the path: the module above, and the entry points `name = module:object`."""

    def put(package: str, *entry_points: str) -> None:
        root = tmp_path / package
        information = root / f"{package}-1.0.dist-info"
        information.mkdir(parents=True)
        (root / f"{package}.py").write_text(MODULE)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text("\n".join(["[curate.backends]", *entry_points, ""]))
        monkeypatch.syspath_prepend(root)
        get_backend.cache_clear()

    yield put
    get_backend.cache_clear()


def pipeline(tmp_path: Path, **parameters: Any) -> Pipeline:
    pool = tmp_path / "pool.jsonl"
    pool.write_text('{"prompt": "abba", "response": "b"}\n{"prompt": "cab", "response": "c"}\n')
    return Pipeline(
        {
            "models": {"letters": {"backend": "letters", "model": "v1", **parameters}},
            "stages": [{"load": {"path": str(pool)}}, {"embed": {"model": "letters"}}],
        }
    )


def test_a_backend_of_another_package_runs_in_a_pipeline(install: Callable[..., None], tmp_path: Path) -> None:
    install("letter_counts", "letters = letter_counts:LetterCounter")
    records = Run(pipeline(tmp_path, letters=3), tmp_path / "run").execute()
    assert [len(vector) for vector in records["embedding"]] == [3, 3]


def test_its_parameters_are_part_of_the_keys_unless_they_are_neutral(
    install: Callable[..., None], tmp_path: Path
) -> None:
    install("letter_counts", "letters = letter_counts:LetterCounter")
    load, three = pipeline(tmp_path, letters=3).keys
    assert pipeline(tmp_path, letters=3, timeout=9.0).keys == [load, three]
    four = pipeline(tmp_path, letters=4).keys
    assert four[0] == load
    assert four[1] != three
    assert pipeline(tmp_path, letters=3, model="v2").keys[1] != three


def test_it_loads_from_python(install: Callable[..., None]) -> None:
    install("letter_counts", "letters = letter_counts:LetterCounter")
    model = load_model("v1", backend="letters", letters=2)
    assert isinstance(model, Embedder)
    assert model.name == "v1"
    rows = [{"id": "1", "messages": [{"role": "user", "content": "ab"}]}]
    assert embed(from_rows(rows), model=model).kept["embedding"][0] == pytest.approx([2**-0.5, 2**-0.5])
    with pytest.raises(CurateError, match="models.v1: letters: input should be less than or equal to 26, found 27"):
        load_model("v1", backend="letters", letters=27)
    with pytest.raises(CurateError, match="models.v1: unknown key 'leters'; did you mean 'letters'?"):
        load_model("v1", backend="letters", leters=2)


def test_it_is_in_the_schema_and_in_the_hints(install: Callable[..., None]) -> None:
    install("letter_counts", "letters = letter_counts:LetterCounter")
    assert backend_names()[-1] == "letters"
    variants = {variant["title"]: variant for variant in models_schema()["additionalProperties"]["anyOf"]}
    assert variants["letters"]["properties"]["letters"]["maximum"] == 26
    with pytest.raises(CurateError, match="there is no backend 'leters'; did you mean 'letters'?"):
        parse_spec("models.m", {"model": "v1", "backend": "leters"})


def test_what_has_no_files_has_no_commit_and_no_template(install: Callable[..., None]) -> None:
    install("parrots", "parrot = parrots:Parrot")
    spec = parse_spec("models.m", {"model": "no-such-directory", "backend": "parrot"})
    spec.check()
    assert (spec.kind, spec.source, spec.commit()) == ("language", None, None)
    with pytest.raises(CurateError, match="models.m: no-such-directory has no chat template that can be read"):
        spec.load_chat(datetime.date(2026, 2, 1))
    with pytest.raises(CurateError, match="models.m: parrots.Parrot makes models without chat"):
        spec.load()


@pytest.mark.parametrize(
    ("entry_point", "message"),
    [
        ("x = faulty:shout", " of the package faulty: <function shout at 0x"),
        ("x = faulty:Endpoint", " of the package faulty: faulty.Endpoint has the kind None; one of language, "),
        ("x = faulty:Nothing", " of the package faulty cannot be imported: AttributeError: module 'faulty' has no "),
        ("x = no_module:X", " of the package faulty cannot be imported: ModuleNotFoundError: No module named 'no_mo"),
        ("vllm = faulty:LetterCounter", " is registered twice, by curate and by faulty; uninstall one of them"),
    ],
)
def test_a_fault_of_a_package_is_told_with_its_name_and_only_to_who_asks(
    entry_point: str, message: str, install: Callable[..., None]
) -> None:
    install("faulty", entry_point)
    name = entry_point.split()[0]
    with pytest.raises(CurateError) as error:
        parse_spec("models.m", {"model": "v1", "backend": name})
    assert str(error.value).startswith(f"models.m: the backend {name!r}{message}")
    assert "\n" not in str(error.value)
    assert parse_spec("models.m", {"model": "owner/name"}).kind == "language"


def test_two_packages_that_take_one_name_are_told(install: Callable[..., None]) -> None:
    install("one_of_them", "x = one_of_them:LetterCounter")
    install("the_other", "x = the_other:LetterCounter")
    with pytest.raises(CurateError, match="is registered twice, by the_other and by one_of_them; uninstall one"):
        get_backend("x")


def test_the_registry_loads_no_model_library() -> None:
    code = (
        "import sys\n"
        "from curate.registry import backend_names, get_backend\n"
        "[get_backend(name) for name in backend_names()]\n"
        "print(sorted({'torch', 'transformers', 'vllm', 'sentence_transformers', 'datasets'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
