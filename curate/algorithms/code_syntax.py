"""Whether code in Markdown fences parses: Python, JSON, YAML and XML, each by its parser. Nothing is run.

Python is read by the grammar of the Python that runs this. What is no whole program is let pass: Python 2, shell lines,
an elision (`...`), a placeholder (`<your key>`), a template (`{{ name }}`). Of a doctest, the prompts are read.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
import warnings
from collections.abc import Callable
from typing import NamedTuple
from xml.parsers import expat

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

LONGEST = 20_000  # characters of a block that is read

_FENCE = re.compile(r"^([ \t]*)(```+|~~~+)[ \t]*([\w+-]+)[^\n]*\n(.*?)^[ \t]*\2[ \t]*$", re.MULTILINE | re.DOTALL)
_OPEN_ENDED = re.compile(r"\.\.\.|…|<[A-Za-z][\w -]*>|\{\{|\{%")
_PYTHON_2 = re.compile(
    r"^\s*(?:print\s+[^(=\s]|print\s*$|exec\s+['\"]|raise\s+\w+,|except\s+[\w.]+\s*,\s*\w+\s*:)|\bxrange\(|\braw_input\(|<>"
    r"|\b0[0-7]+\b|\bur['\"]|\d[lL]\b|\.has_key\(",
    re.MULTILINE,
)
_FRAGMENT = re.compile(r"\s*(?:else|elif|except|finally|case)\b")
_NOTEBOOK = re.compile(r"^\s*(?:[%!$?]|(?:pip|pip3|conda)\sinstall\b)", re.MULTILINE)
_XML_HEAD = re.compile(r"^\s*<\?xml[^>]*\?>")


class Fault(NamedTuple):
    """A block that does not parse: its language, the line of the fault in it from 1, and what the parser says."""

    language: str
    line: int
    message: str


class _DoesNotParse(Exception):
    def __init__(self, line: int | None, message: str) -> None:
        self.line, self.message = line or 1, message


def first_fault(text: str) -> Fault | None:
    """The first block of code in fences of a known language that its parser refuses, or None."""
    for _, _, language, body in _FENCE.findall(text):
        parse = _PARSERS.get(language.casefold())
        if parse is None or not body.strip() or len(body) > LONGEST:
            continue
        try:
            parse(textwrap.dedent(body))
        except _DoesNotParse as fault:
            return Fault(language.casefold(), fault.line, fault.message)
    return None


def _python(code: str) -> None:
    if re.search(r"^\s*>>> ", code, re.MULTILINE):
        code = "\n".join(line[4:] for line in map(str.lstrip, code.splitlines()) if line[:4] in (">>> ", "... "))
    attempts = [code, f"{code.rstrip()}\n{_last_indent(code)}    pass\n"]  # a header whose body is left to the reader
    faults = [fault for attempt in attempts if (fault := _python_fault(attempt))]
    unsure = _OPEN_ENDED.search(code) or _PYTHON_2.search(code) or _NOTEBOOK.search(code) or _FRAGMENT.match(code)
    if len(faults) == len(attempts) and not unsure:
        raise faults[0]


def _python_fault(code: str) -> _DoesNotParse | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except SyntaxError as error:
        return _DoesNotParse(error.lineno, error.msg)
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def _last_indent(code: str) -> str:
    headers = [line for line in code.splitlines() if line.rstrip().endswith(":")]
    return headers[-1][: len(headers[-1]) - len(headers[-1].lstrip())] if headers else ""


def _json(code: str) -> None:
    try:
        json.loads(code)
    except json.JSONDecodeError as error:
        lines = [line for line in code.splitlines() if line.strip()]
        comments = re.search(r"^\s*(?://|#|/\*)|\s//\s", code, re.MULTILINE)
        if (
            _OPEN_ENDED.search(code)
            or comments
            or any(map(_is_json, (f"{{{code.rstrip().rstrip(',')}}}", f"[{code}]")))
        ):
            return
        if len(lines) < 2 or not all(map(_is_json, lines)):
            raise _DoesNotParse(error.lineno, error.msg) from None
    except RecursionError:
        return


def _is_json(code: str) -> bool:
    try:
        json.loads(code)
    except (ValueError, RecursionError):
        return False
    return True


def _yaml(code: str) -> None:
    """Reads the events alone: nothing is built, so that no alias can be unfolded."""
    try:
        for _ in YAML(typ="safe", pure=True).parse(code):
            pass
    except YAMLError as error:
        if not _OPEN_ENDED.search(code):
            mark = getattr(error, "problem_mark", None)
            raise _DoesNotParse(mark.line + 1 if mark else 1, str(getattr(error, "problem", error))) from None
    except (RecursionError, ValueError):
        return


def _xml(code: str) -> None:
    """Any number of elements; a document type, which may declare entities, is left alone."""
    if "<!DOCTYPE" in code or "<!ENTITY" in code:
        return
    parser = expat.ParserCreate()
    try:
        parser.Parse(f"<fragment>{_XML_HEAD.sub('', code)}</fragment>", True)
    except expat.ExpatError as error:
        message = expat.ErrorString(error.code)
        if "entity" not in message and not re.search(r"\.\.\.|…|\{\{|\{%", code):
            raise _DoesNotParse(error.lineno, message) from None


_PARSERS: dict[str, Callable[[str], None]] = {
    **dict.fromkeys(("python", "py", "python3"), _python),
    "json": _json,
    **dict.fromkeys(("yaml", "yml"), _yaml),
    **dict.fromkeys(("xml", "svg"), _xml),
}
