"""What LIMA keeps out of the Stack Exchange part of its data (arXiv 2305.11206, section 2.1).

Answers shorter than 1,200 or longer than 4,096 characters, answers in the first person ("I", "my"), and answers that
refer to other answers ("as mentioned", "stack exchange"). LIMA also removes links, images and HTML other than code and
lists; here, where nothing is rewritten, they are found. Code is left out of all this.
"""

from __future__ import annotations

import re

from curate.algorithms.prose import without_code

LENGTH = (1_200, 4_096)  # characters

_FIRST_PERSON = re.compile(r"\bI(?:'(?:m|ve|d|ll))?\b(?![./]|\s?[=+*)])|\b(?:[Mm]y|[Mm]yself|[Mm]ine|me)\b")
_OTHER_ANSWERS = re.compile(
    r"""\b(?:
        as\s+(?:(?:already|previously|others?\s+(?:have\s+)?|was|has\s+been)\s+)*(?:mentioned|noted|pointed\s+out|said|stated)
            (?:\s+(?:above|below|earlier|before|already|previously|by|in))?
      | (?:other|previous|above|accepted|top|earlier)\s+(?:answers?|repl(?:y|ies)|posters?|commenters?|responders?)
      | (?:answers?|comments?|repl(?:y|ies))\s+(?:above|below|by|from)\s
      | stack\s?(?:exchange|overflow) | the\s+OP\b | (?:up|down)-?vot(?:e|ed|es|ing)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_LINK_OR_MARKUP = re.compile(
    r"(?<!\w)!?\[[^\]\n]*\]\([^)\s]+[^)\n]*\) | \b(?:https?://|www\.)\S+"
    r"| </?(?:a|abbr|b|big|blockquote|br|center|div|em|font|h[1-6]|hr|i|iframe|img|kbd|p|s|small|span|strike|strong"
    r"|style|sub|sup|table|tbody|td|th|thead|tr|u|video)\b[^<>\n]{0,300}>",
    re.VERBOSE | re.IGNORECASE,
)


def first_person(response: str) -> str | None:
    """The first word in which the response speaks of its writer, or None; "I" as a numeral does not count."""
    return _first(_FIRST_PERSON, without_code(response).replace("’", "'"))


def other_answers(response: str) -> str | None:
    """The first words that refer to other answers or to the site, or None."""
    return _first(_OTHER_ANSWERS, without_code(response))


def link_or_markup(response: str) -> str | None:
    """The first link, image, or tag of HTML that is neither code nor a list, or None."""
    return _first(_LINK_OR_MARKUP, without_code(response))


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group() if match else None
