"""Mojibake: text that was decoded with another encoding than it was written in, and text that lost characters so.

`ftfy` (Speer 2019) tells and undoes UTF-8 that was read as Latin-1, Windows-1252 and their like; only its step that
undoes the decoding is used, so quotation marks, widths and line breaks stay. UTF-8 that was read as GBK, as "浣犲ソ"
for "你好", is found and undone here, by the same idea: what decodes as UTF-8 by chance is short. A run of accented
letters, as in "ÄãºÃÊÀ½ç", is a script of two bytes a character that was read as one byte each; which, nobody can tell.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ftfy import fix_encoding
from ftfy.badness import badness

_LOST = "\ufffd"
_WIDE = re.compile(r"[^\x00-\x7f]{4,}")
_ACCENTED = re.compile(r"[\u00a1-\u00ff]{7,}")
_LEFT = re.compile(r"[\u00a1-\u00ff]{3,}")
_HAN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uff5e]")
_LEAST_SAME, _LEAST_LETTERS = 4, 0.6  # of a run of accented letters: different ones, and the share that are letters


def mojibake(text: str) -> str | None:
    """The surroundings of the first character that was lost or decoded wrongly, or None."""
    if text.isascii():
        return None
    if _LOST in text:
        return _around(text, text.index(_LOST))
    fixed = repaired(text)
    if fixed != text:
        return _around(text, next(i for i, (a, b) in enumerate(zip(text, f"{fixed}\0", strict=False)) if a != b))
    if _is_bad(text) or any(map(_read_as_gbk, _WIDE.findall(text))):
        return _around(text, next(i for i, character in enumerate(text) if not character.isascii()))
    return _accented(text)


def repaired(text: str) -> str:
    """The text with what was decoded wrongly decoded as it was written, or as it is where characters were lost."""
    if text.isascii():
        return text
    fixed = _WIDE.sub(_from_gbk, text)
    if _is_bad(fixed):
        fixed = fix_encoding(fixed)
    guessed = fixed.count(" ") < text.count(" ")  # ftfy took a space for another byte that got lost
    lost = _LOST in fixed or guessed or (_accented(text) and _LEFT.search(fixed))
    return text if lost else fixed


@lru_cache(maxsize=16)
def _is_bad(text: str) -> bool:
    """Whether ftfy finds sequences that wrong decodings make; lines of ASCII alone have none."""
    return badness("\n".join(line for line in text.split("\n") if not line.isascii())) > 0


def _from_gbk(match: re.Match[str]) -> str:
    """A run of characters that was UTF-8 read as GBK as it was written; any other as it is."""
    try:
        return match.group().encode("gbk").decode("utf-8")
    except UnicodeError:
        return match.group()


def _read_as_gbk(run: str) -> bool:
    """Whether at least half of what this was, if it was UTF-8 that was read as GBK, is Chinese."""
    written = run.encode("gbk", "ignore").decode("utf-8", "replace")
    return 2 * len(_HAN.findall(written)) > len(written)


def _accented(text: str) -> str | None:
    for match in _ACCENTED.finditer(text):
        run = match.group()
        letters = sum(character.isalpha() for character in run)
        if len(set(run)) >= _LEAST_SAME and letters >= _LEAST_LETTERS * len(run):
            return run[:40]
    return None


def _around(text: str, position: int) -> str:
    return text[max(0, position - 10) : position + 10]
