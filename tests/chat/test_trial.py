"""Templates that would not end, take all memory or fail: one sentence, and this process goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curate.chat import ChatTemplate, trial
from curate.errors import CurateError
from curate.models.tokenizer import load_chat
from tests.conftest import CHAT

GOOD = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
ENDLESS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
DOUBLING = "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}"


@pytest.fixture
def templated() -> Callable[[str], ChatTemplate]:
    """The shipped model's tokenizer with another template."""
    tokenizer = load_chat(str(CHAT)).tokenizer

    def make(template: str, **options: Any) -> ChatTemplate:
        tokenizer.chat_template = template
        return ChatTemplate(tokenizer, options=options)

    return make


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (ENDLESS, "does not end: a conversation of a few words takes more than 1 seconds of computing"),
        ("{% if messages|length > 2 %}" + ENDLESS + "{% endif %}" + GOOD, "does not end"),
        ("{% if add_generation_prompt %}" + ENDLESS + "{% endif %}" + GOOD, "does not end"),
        ("{{ 'a' * 10**10 }}", "takes more than 512 MiB for a conversation of a few words"),
        (DOUBLING, "takes more than 512 MiB for a conversation of a few words"),
        ("{{ '%9999999999d' % 1 }}", "takes more than 512 MiB"),
        ("{% for i in range(99999) %}{{ 'a' * 99 }}{% endfor %}", "makes 9,899,901 characters of a conversation of a"),
    ],
)
def test_what_takes_too_long_or_too_much_is_found_out_elsewhere(
    templated: Callable[..., ChatTemplate], monkeypatch: pytest.MonkeyPatch, template: str, fault: str
) -> None:
    if "does not end" in fault:
        monkeypatch.setattr(trial, "SECONDS", 1)
    with pytest.raises(CurateError) as error:
        templated(template)
    assert str(error.value).startswith(f"the chat template of {CHAT} {fault}")
    assert str(error.value).endswith("; use the template that its maker published")


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        (GOOD + "{{ messages[9].content }}", "has no element 9"),
        (GOOD + "{{ messages + 1 }}", "TypeError: "),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError: "),
        ("{% for", "unexpected 'end of template'"),
        (GOOD + "{{ raise_exception('no, thank you') }}", "no, thank you"),
        (GOOD + "{{ x.__class__.__mro__ }}", "'__class__' of 'Undefined' object is unsafe"),
    ],
)
def test_a_template_that_fails_is_one_sentence(
    templated: Callable[..., ChatTemplate], template: str, fault: str
) -> None:
    chat = templated(template)
    for use in (
        lambda: chat.generation_prompt([{"role": "user", "content": "Hello."}]),
        chat.pre_query_prefix,
        lambda: chat.tokenize([{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]),
        chat.check,
    ):
        with pytest.raises(CurateError) as error:
            use()
        assert str(error.value).startswith(f"the chat template of {CHAT} ")
        assert fault in str(error.value)


def test_each_template_is_tried_once_with_each_of_its_switches(
    templated: Callable[..., ChatTemplate], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    run = trial.subprocess.run
    monkeypatch.setattr(trial.subprocess, "run", lambda *a, **k: started.append(a) or run(*a, **k))
    trial._fault.cache_clear()
    for options in ({}, {"loud": True}, {}):
        assert "Hello." in templated(GOOD, **options).render([{"role": "user", "content": "Hello."}])
    assert len(started) == 2
    with pytest.raises(CurateError, match="makes 2,000,[0-9]{3} characters"):
        templated("{% if loud %}{{ 'a' * 2000000 }}{% endif %}" + GOOD, loud=True)
