"""Residue of markup, and what only looks like it."""

from __future__ import annotations

import pytest

from curate.algorithms.markup import asked_for, is_markup, markup_residue


@pytest.mark.parametrize(
    ("text", "residue"),
    [
        ("<div>Paris is the capital.</div>", "<div>"),
        ("Paris<br/>is the capital.", "<br/>"),
        ("巴黎&nbsp;是首都。", "&nbsp;"),
        ("Use 3 &lt; 4.", "&lt;"),
        ("It&#39;s fine.", "&#39;"),
        ("Hello<script>alert(1)</script>", "<script>"),
        ('See <a href="https://a.org">this</a>.', '<a href="https://a.org">'),
        ("This is <b>bold</b>.", "</b>"),
        ("<p>Paris</p>", "<p>"),
        ("Text <!-- a comment --> goes on", "<!-- a comment -->"),
        ("This is [b]bold[/b].", "[b]"),
    ],
)
def test_tags_and_entities_are_residue(text: str, residue: str) -> None:
    assert markup_residue(text) == residue


@pytest.mark.parametrize(
    "text",
    [
        "a < b and b > c",
        "List<String> names = new ArrayList<>();",
        "std::vector<int> v; Map<K, V> m;",
        "git clone <url> as <name>",
        "if a <b> c",
        "Use `<div>` for a block.",
        "```html\n<div>Hi</div>\n```",
        "Q&A, R&D; AT&T",
        "See [1] and [b] in the list.",
        "<3 you & me",
        "《三国演义》<精读>",
    ],
)
def test_generics_formulas_placeholders_and_code_are_none(text: str) -> None:
    assert markup_residue(text) is None


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ("Write an HTML page about cats.", True),
        ("How do I centre a div in CSS?", True),
        ("What does <br> do?", True),
        ("写一个网页", True),
        ("Give me this as XML", True),
        ("What is the capital of France?", False),
        ("Write a letter to my landlord.", False),
        ("法国的首都是哪里？", False),
    ],
)
def test_requests_for_markup_are_told(request_: str, asked: bool) -> None:
    assert asked_for(request_) is asked


def test_a_page_is_markup_and_prose_in_tags_is_none() -> None:
    assert is_markup('<form><input type="text"><input type="submit"></form>')
    assert not is_markup("<div>Paris is the capital of France, and has been for many centuries.</div>")
