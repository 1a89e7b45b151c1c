"""Signs that a text was cut off before its end.

A sign of weight 2 is enough: something was opened and not closed (a code fence, a bracket of code, LaTeX, emphasis), or
the text stops where nothing ends (after a comma, an article, an empty list item, in the middle of a table's row, or in
the middle of a sentence where the sentences before it are closed). Signs of weight 1 need another beside them. The last
full stop alone is no sign: lists, titles, names, formulas, verse, addresses and signatures go without.

The weights were set on responses of good models, which end without a full stop in 6% of all cases.
"""

from __future__ import annotations

import re

from curate.algorithms.prose import ends_in_code

_LINES = 40  # from the end that are compared with the last one
_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[^`\n]*$", re.MULTILINE)
_LATEX = (
    (re.compile(r"(?<!\\)\\\["), re.compile(r"(?<!\\)\\\]")),
    (re.compile(r"(?<!\\)\\\((?![|)])"), re.compile(r"(?<!\\)\\\)")),
    (re.compile(r"\\begin\{"), re.compile(r"\\end\{")),
)
_LIST_MARK = re.compile(r"^[ \t]*(?:[-*+•]|\(?(?:\d{1,3}|[a-zA-Z])[.)、]|#{1,6})(?=[ \t]|$|[^\W\d_])[ \t]*")
_BARE_MARK = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)、]|#{1,6}|\*{1,2}\d{1,3}[.)]?)\s*")
_WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CLOSERS = "\"'”’»）)]】」』》*_~`> \t"
_STOP = re.compile(r"[.!?。！？…．।؟۔][\"'”’»）)\]】」』*_]*(?=\s|$)|[。！？…]")
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_FUNCTION_WORDS = (
    " a an the and or but nor of to with for from by at as into onto upon than because although though while "
    "whereas unless whether if that which who whose where when my your our their its his these those every each "
    "is are was were be been am has have had will would can could should may might must shall not very such "
    "between among during without within toward towards through about against under both either neither like so "
    "including via per und oder der das des dem den ein eine einer mit von für auf ist nicht sich et les une du "
    "au aux dans pour avec sur est que qui el los las y o un una con por para del es "
)
_MAY_END = " so like that about under through not his may might can will who where when if o y des es am "
_HAN_JOINERS = re.compile(
    r"(?:[的地得和与與及或而在是把被对對从從向为為让讓使由将將则則若虽雖、]|因为|因為|所以|但是|如果|以及|并且|並且"
    r"|虽然|雖然|而且|或者|通过|通過|[はがをにへと]|から|ので)$"
)
_PAIRS = {"(": ")", "[": "]", "{": "}", "（": "）", "【": "】", "《": "》", "「": "」", "『": "』", "“": "”"}
_CLOSING = {closing: opening for opening, closing in _PAIRS.items()}
_STRAIGHT = re.compile(r'(?<![\d\\])"')
_EMOTICON = re.compile(r"[:;=8xX][-o'^]?[(\[{]+|(?<!\w)[(\[]\s?[:;]|^\s*\(?\w{1,3}\)", re.MULTILINE)
_OPENING = re.compile(
    r"(?:(?:so|thus|therefore|however|moreover|furthermore|additionally|finally|overall|next|then|now|also|hence"
    r"|for example|in (?:summary|conclusion|addition|short|contrast)|by the way|remember|note|secondly|thirdly|lastly"
    r"|instead),?|因此|所以|然而|此外|总之|另外|首先|其次|最后|例如)[，,]?",
    re.IGNORECASE,
)
_FAREWELL = re.compile(
    r"[\"”’»]\s*[-–—~]|(?:^|[.!?,])\s*(?:yours|sincerely|best|warm|kind|with|love|regards|respectfully|cordially|cheers|your)\b[^.!?]{0,40}(?:,|$)",
    re.I,
)
_JSON = re.compile(r"\s*[{\[]\s*[\"{\[]")
_NO_PROSE = re.compile(r"[=≈→^][^=≈→^]{0,30}$|(?:^|\s)[#@]\S+$|\S[/@_\\]\S*$")
_LITERAL = re.compile(
    r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|(?m:(?:^|(?<=[;{}]))[ \t]*//[^\n]*)|(?m:^\s*#[^\n]*)|/\*.*?\*/",
    re.DOTALL,
)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^`]+\1|https?://\S+")


def truncation(text: str, asked: str = "") -> dict[str, int]:
    """The signs that the text was cut off, each with its weight; it was where they sum to 2 or more.

    What was `asked` has words of which the text may end in a piece.
    """
    text = text.rstrip()
    text, open_fence = _without_fences(text)
    if open_fence:
        return {"code fence": 2}
    if not text or text.endswith("\n"):
        return {}  # it ends with a block of code
    signs = _open_latex(text)
    if ends_in_code(text) or _JSON.match(text):
        return signs | _signs_in_code(text)
    *before, line = text.splitlines()[-_LINES:]
    if line.lstrip().startswith("|") and before and before[-1].lstrip().startswith("|"):
        return signs | _signs_in_table(line, before[-1])
    return signs | _signs_in_line(line, before) | _open_marks(text, line) | _piece_of_a_word(text, line, asked)


def _without_fences(text: str) -> tuple[str, bool]:
    """The text with a line break in place of each fenced block, and whether the last fence is open."""
    if "```" not in text and "~~~" not in text:
        return text, False
    parts, end, fence = [], 0, ""
    for match in _FENCE.finditer(text):
        mark = match.group(1)
        if not fence:
            parts.append(text[end : match.start()])
            fence = mark
        elif mark.startswith(fence) and match.group().strip(" \t>") == mark:
            fence, end = "", match.end()
            parts.append("\n")
    marks = len(_FENCE.findall(text))
    tail = text[text.rfind("\n") + 1 :]
    is_open = bool(fence) and marks % 2 == 1 and not (tail[-1:] in ".!?" and _size(tail) >= 5)
    return "".join(parts) + ("" if fence else text[end:]), is_open


def _open_latex(text: str) -> dict[str, int]:
    if "\\" not in text and "$$" not in text:
        return {}
    if text.count("$$") % 2:
        return {"LaTeX": 2}
    goes_on = text[-1] in ".!?:"  # prose that names a command, and has an end of its own
    last = text[text.rfind("\n\n") + 1 :] if goes_on else text
    pairs = _LATEX[: -1 if goes_on else None]
    return {"LaTeX": 2} if any(len(o.findall(last)) > len(c.findall(last)) for o, c in pairs) else {}


def _signs_in_code(code: str) -> dict[str, int]:
    bare = _LITERAL.sub("''", code)
    last = bare.splitlines()[-1].rstrip()
    signs = {}
    if _still_open(bare, "([{"):
        signs["bracket"] = 2
    if re.search(r"(?:[=,(\[{&|]|\b(?:and|or|not|in|return|import|from|def|class|new|AND|OR|FROM|WHERE))$", last):
        signs["line"] = 2
    if re.search(r"^\s*(?:(?:def|class|if|elif|else|for|while|with|try)\b.*:)$", last):
        signs["block"] = 2
    if last.count('"') % 2 or re.search(r"<[/!]?[a-zA-Z][^<>]*$", last):
        signs["quotation or tag"] = 2
    if code.lstrip()[:9].lower().startswith(("<!doctype", "<html")) and "</html>" not in code.lower():
        signs["quotation or tag"] = 2
    return signs


def _signs_in_table(line: str, before: str) -> dict[str, int]:
    if before.rstrip().endswith("|") and (not line.endswith("|") or line.count("|") < before.count("|")):
        return {"table row": 2}
    return {}


def _signs_in_line(line: str, before: list[str]) -> dict[str, int]:
    """Signs in how the last line of prose ends, by itself and beside the lines before it."""
    if before and _BARE_MARK.fullmatch(line):
        return {"list item": 2}
    if before and re.fullmatch(r"\s*#{2,6}\s.*[^\W\d_]\W{0,3}", line) and line[-1] not in ".!?":
        return {"heading": 2}
    whole, line = line, _LIST_MARK.sub("", line, count=1)
    size, last = _size(line), line[-1:]
    hangs = last in ",，、(（[“‘<&@" and size >= 3.5 and not re.search(r"[:;=]['-]?[(\[]$", line)
    if hangs or re.search(r"\w [-–—]$", line):
        return {"punctuation": 2}
    if re.search(r"[\d)%>]\s?[-+*/×÷=]\s?[$€£]?$|<<[^<>]*$", line):
        return {"formula": 2}
    if before and _OPENING.fullmatch(line) and (last in ",，" or _others_end(whole, before)):
        return {"opening": 2}
    if last in ":：" and size >= 5:
        return {"colon": 2}
    if re.search(r"\w['’]$", line) and not re.search(r"(?<!\w)['‘]", line):
        line = line[:-1]  # cut off inside "don't"
    if not (line[-1:].isalnum() or line[-1:] in "-–—") or _NO_PROSE.search(line[-200:]):
        return {}
    words = _WORDS.findall(line)
    if not words or words[-1][-1].isdigit():
        return {}
    named = 2 * sum(word[0].isupper() for word in words[1:]) >= len(words)
    like_others = _others_end(whole, before)
    signs = {"no end": 1} if size >= 4 and not named else {}
    if (size >= 2.5 or like_others) and (_HAN_JOINERS.search(line) or f" {words[-1].lower()} " in _FUNCTION_WORDS):
        signs["function word"] = 1 if f" {words[-1]} " in _MAY_END else 2
    if _open_sentence(line):
        signs["sentence"] = 2
    if like_others and (not named or ": " in whole):
        signs["style"] = 2 if _LIST_MARK.match(whole) else 1
    is_prose = size >= 12 and not named and not _LIST_MARK.match(whole) and not _FAREWELL.search(line[-60:])
    if is_prose and all(_ends(other) for other in before if _size(other) >= 4):
        signs["length"] = 1
    return signs


def _open_sentence(line: str) -> bool:
    """Whether a sentence of the line is closed, and the words after it are not."""
    stops = list(_STOP.finditer(line))
    if not stops:
        return False
    head, tail = line[: stops[-1].end()], line[stops[-1].end() :]
    words = _WORDS.findall(head)
    if not words or (len(words[-1]) < 3 and not _HAN.search(head[-4:])):
        return False  # an initial, an abbreviation, a number
    return _size(head) >= 3 and _size(tail) >= 1 and not (re.match(r"\s*[-–—(~#*]", tail) or _FAREWELL.match(tail))


def _others_end(line: str, before: list[str]) -> bool:
    """Whether the lines like the last one, list items or paragraphs of some length, all have an end."""
    item = bool(_LIST_MARK.match(line))
    others = [other.rstrip() for other in before if bool(_LIST_MARK.match(other)) == item and _size(other) >= 6]
    if len(others) < (2 if item or _size(line) < 6 else 1):
        return False
    return sum(map(_ends, others)) >= 0.9 * len(others)


def _ends(line: str) -> bool:
    """Whether the line closes with a punctuation mark other than a comma."""
    last = line.rstrip()[-1:]
    return not (last.isalnum() or last in ",，、")


def _piece_of_a_word(text: str, line: str, asked: str) -> dict[str, int]:
    """The last word stands nowhere else, and another word of the text or of what was asked begins with it."""
    match = re.search(r"(?<![\w'’./-])[^\W\d_]{2,}$", text)
    if match is None or match.group()[0].isupper() or _HAN.search(match.group()) or _size(line) < 3:
        return {}
    word = match.group().lower()
    words = {other.lower() for other in _WORDS.findall(f"{asked} {text[: match.start()]}")}
    if word in words or not any(other.startswith(word) for other in words):
        return {}
    return {"piece of a word": 2}


def _open_marks(text: str, line: str) -> dict[str, int]:
    """Brackets, quotation marks and emphasis that were opened at the end and not closed."""
    signs = {}
    line_bare = _SPAN.sub(" ", line)
    if line_bare.count("**") % 2 and re.search(r"(?:^|\s|[(（])\*\*\S(?:(?!\*\*).)*$", line_bare):
        signs["emphasis"] = 2
    if line_bare.replace("\\`", "").count("`") % 2:
        signs["code span"] = 2
    paragraph = _EMOTICON.sub(" ", _SPAN.sub(" ", text[text.rfind("\n\n") + 1 :]))
    if _still_open(paragraph, _PAIRS):
        signs["bracket"] = 1
    elif len(_STRAIGHT.findall(line)) % 2:
        signs["quotation"] = 1
    return signs


def _still_open(text: str, openers: str | dict[str, str]) -> bool:
    opened: list[str] = []
    for character in text:
        if character in _PAIRS and character in openers:
            opened.append(character)
        elif character in _CLOSING and opened and opened[-1] == _CLOSING[character]:
            opened.pop()
    return bool(opened)


def _size(text: str) -> float:
    """The number of words; a Chinese or Japanese character counts as half a word."""
    han = len(_HAN.findall(text))
    return len(_WORDS.findall(_HAN.sub(" ", text) if han else text)) + han / 2
