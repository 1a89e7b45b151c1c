"""The prose of a text: what is left without code, formulas, addresses and tags."""

from __future__ import annotations

import re

_CODE = re.compile(
    r"```.*?(?:```|\Z) | ~~~.*?(?:~~~|\Z) | (`+)[^`\n]+?\1 | <(pre|code)\b.*?</\2>", re.VERBOSE | re.DOTALL
)
_FORMULA = re.compile(r"\$\$.*?\$\$ | \\\[.*?\\\] | \\\(.*?\\\) | \$[^$\n]+\$", re.VERBOSE | re.DOTALL)
_ADDRESS_OR_TAG = re.compile(r"(?:https?://|www\.)\S+ | </?[a-zA-Z][^<>\n]{0,200}>", re.VERBOSE)
_LINE_OF_CODE = re.compile(
    r"""[ \t]*(?: .*[;{}]\s*(?://.*)?$ | [)\]}>;,]+$ | (?:\w+\s)?[\w.]+\(.*\)\s*:?$
    | [\w.\[\]]+\s[-+*/|&]?=\s | <[/!?a-zA-Z] | //|\#include|\#!|@\w+$
    | (?:async\s)?(?:def|class|function|fn|func|struct|interface|enum)\s\w+\s*[\w<({:]
    | (?:import|package|using|namespace|const|let|var|public|private|protected|static|void|int|elif|except|raise
        |print)\b.*[\w)]
    | from\s[\w.]+\simport | (?:return|yield)\b(?!.*[.!?]$) | (?:if|for|while|with)\b.*:$ | (?:else|try|finally):$
    | (?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|FROM|WHERE|JOIN|LEFT|GROUP|ORDER|HAVING|VALUES)\b )""",
    re.VERBOSE,
)


def without_code(text: str) -> str:
    """The text with one space in place of each block and span of code, as Markdown and HTML write them."""
    return _CODE.sub(" ", text) if "`" in text or "~~~" in text or "<" in text else text


def prose(text: str) -> str:
    """The text with one space in place of all code, formulas in TeX, web addresses and tags of HTML."""
    text = _FORMULA.sub(" ", without_code(text)) if "$" in text or "\\" in text else without_code(text)
    return _ADDRESS_OR_TAG.sub(" ", text)


def looks_like_code(text: str) -> bool:
    """Whether at least half of the lines, outside fences too, are written as those of common programming languages."""
    lines = [line for line in text.splitlines() if line.strip()]
    return 2 * sum(map(bool, map(_LINE_OF_CODE.match, lines))) >= len(lines) > 0


def ends_in_code(text: str) -> bool:
    """Whether the text, or its last paragraph, looks like code."""
    return looks_like_code(text) or looks_like_code(text[text.rstrip().rfind("\n\n") + 1 :])
