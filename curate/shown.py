"""What people are shown of texts that nobody has read: those of data, models, servers and paths.

Every sentence of a `CurateError` and every line that the command line prints goes through `one_line`: no control
character reaches a terminal, nothing is longer than a few lines, and no secret that this process was given is in it.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from typing import Any

LONGEST = 2000  # characters of a line that is shown
TAIL = 600  # of them, those at its end, where a sentence says what to do
SHORTEST_SECRET = 8  # characters: a shorter one is hidden in nothing, for it may be a word of any text
HIDDEN = "***"

_CONTROL = re.compile(  # C0 and C1, marks of direction and of no width, lone surrogates, tags
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_BREAK = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
_USER = re.compile(r"(?<=://)[^\s'\"]*@")  # user and password before a host; a slash in them is no end of it
_KEY_IN_QUERY = re.compile(
    r"(?<=[?&])((?:api|access|auth)[_-]?(?:key|token)|key|token|password|secret)=[^&\s'\"]+", re.I
)
_secrets: set[str] = set()


def hide(secret: str) -> None:
    """From now on `secret` is in nothing that is shown."""
    if len(secret) >= SHORTEST_SECRET:
        _secrets.add(secret)


def masked(text: str) -> str:
    """`text` without the secrets that are known, nor those in a URL."""
    for secret in _secrets:
        text = text.replace(secret, HIDDEN)
    text = _USER.sub(f"{HIDDEN}@", text)
    return _KEY_IN_QUERY.sub(rf"\1={HIDDEN}", text)


def without_secrets(value: Any) -> Any:
    """A parameter of YAML's types with every URL in it masked."""
    if isinstance(value, Mapping):
        return {key: without_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return masked(value) if isinstance(value, str) and "://" in value else value


def one_line(text: str, most: int = LONGEST) -> str:
    """`text` as a line of at most `most` characters, without control characters and secrets; the middle is cut out."""
    if len(text) > 8 * most:
        text = f"{text[: 4 * most]}{text[-4 * most :]}"  # so that the rest costs no more than a line
    line = _CONTROL.sub("", _BREAK.sub(" ", masked(text))).strip()
    if len(line) <= most:
        return line
    tail = min(TAIL, most // 3)
    return f"{line[: most - tail - 3]} … {line[len(line) - tail :]}"


def lines(text: str) -> str:
    """`text` with each of its lines as `one_line` gives it, whose indentation stays."""
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + one_line(line) for line in text.split("\n"))


def say(sentence: str, *, warning: bool = False) -> None:
    """Tells the person who watches, on the standard error: with the time, and a warning in red on a terminal."""
    line = f"{time.strftime('%H:%M:%S')} {one_line(sentence)}"
    red = warning and sys.stderr.isatty()
    print(f"\x1b[31m{line}\x1b[0m" if red else line, file=sys.stderr, flush=True)
