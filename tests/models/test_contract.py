"""What a class must have to be a backend, and the sentence that says what it lacks."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
import pytest
from pydantic import Field

from curate.errors import CurateError
from curate.models.backend import Backend, TemplatedBackend
from curate.models.contract import check_backend, check_model, schema_of
from curate.models.protocols import Embedder
from curate.registry import BACKENDS, get_backend


class Counting(Backend):
    """An embedder of a few lines: a text's vector says which of the first letters of the alphabet it has."""

    kind = "embedder"
    neutral = frozenset({"threads"})

    def __init__(
        self,
        model: str,
        date: datetime.date | None = None,
        *,
        letters: Annotated[int, Field(gt=0, description="of the alphabet")],
        threads: int = 1,
    ) -> None:
        super().__init__(model, date)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.ones((len(texts), 1), np.float32)


def test_a_few_lines_are_a_backend() -> None:
    check_backend(Counting)
    model = Counting("owner/name", letters=3)
    check_model(model, Counting)
    assert isinstance(model, Embedder)
    assert model.name == "owner/name"
    model.close()


@pytest.mark.parametrize("name", BACKENDS)
def test_our_own_keep_the_rules(name: str) -> None:
    check_backend(get_backend(name))


def test_the_schema_is_the_constructor_and_that_of_the_base_class_to_which_it_hands_the_rest() -> None:
    class Templated(TemplatedBackend):
        def __init__(
            self, model: str, date: datetime.date | None = None, *, template: int = 3, size: int, **rest: Any
        ) -> None: ...

    fields = schema_of(Templated).model_fields
    assert list(fields) == ["model", "template", "size", "template_file", "trust_remote_code"]
    assert (fields["template"].annotation, fields["size"].is_required()) == (int, True)
    assert list(schema_of(Counting).model_fields) == ["model", "letters", "threads"]


class KindOfItsOwn(Counting):
    kind = "translator"  # type: ignore[assignment]


class NoKind(Backend):
    """It says nothing."""


class NoScore(Backend):
    kind = "language"

    def complete(self) -> None: ...


class OldComplete(NoScore):
    def complete(self, prompts: Any, sampling: Any) -> None: ...  # type: ignore[override]

    def score(self, sequences: Any, masks: Any) -> None: ...


class OtherNames(Counting):
    def __init__(self, path: str, letters: int = 3) -> None: ...


class NoAnnotation(Counting):
    def __init__(self, model: str, date: Any = None, *, letters=3) -> None: ...  # type: ignore[no-untyped-def]


class Unresolved(Counting):
    def __init__(self, model: str, date: Any = None, *, letters: Alphabet) -> None: ...  # type: ignore[name-defined]  # noqa: F821


class NotYaml(Counting):
    def __init__(self, model: str, date: Any = None, *, letters: Callable[[], int]) -> None: ...


class NoSuchType(Counting):
    def __init__(self, model: str, date: Any = None, *, letters: np.ndarray) -> None: ...


class NeutralTypo(Counting):
    neutral = frozenset({"thread"})


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (len, "<built-in function len> is no subclass of curate.models.backend.Backend"),
        (Counting("owner/name", letters=3), " is no subclass of curate.models.backend.Backend"),
        (KindOfItsOwn, "KindOfItsOwn has the kind 'translator'; one of language, chat, embedder, reward is expected"),
        (NoKind, "NoKind has the kind None; one of language, chat, embedder, reward is expected"),
        (NoScore, "NoScore has no method score; the kind language has complete, score, close"),
        (
            OldComplete,
            "OldComplete has a method complete(self, prompts, sampling); "
            "complete(self, prompts, sampling, again=None) is expected",
        ),
        (
            OtherNames,
            "OtherNames is made from (self, path, letters); (self, model, date), and all else by keyword only, is "
            "expected",
        ),
        (NoAnnotation, "NoAnnotation has the parameter 'letters' without an annotation"),
        (Unresolved, "Unresolved has annotations that cannot be resolved: name 'Alphabet' is not defined"),
        (NotYaml, "NotYaml has the parameter 'letters' of a type that YAML cannot give: "),
        (NoSuchType, "NoSuchType has the parameter 'letters' of a type that YAML cannot give: <class 'numpy.ndarray'>"),
        (NeutralTypo, "NeutralTypo calls 'thread' neutral, which is none of its parameters"),
    ],
)
def test_what_is_no_backend_is_told_in_one_sentence(candidate: Any, message: str) -> None:
    with pytest.raises(CurateError) as error:
        check_backend(candidate)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_model_without_what_its_protocol_promises_is_told() -> None:
    class Nameless(Counting):
        def __init__(self, model: str, date: Any = None, *, threads: int = 3) -> None: ...

    check_backend(Nameless)
    with pytest.raises(CurateError, match="Nameless makes models without name"):
        check_model(Nameless("owner/name"), Nameless)
