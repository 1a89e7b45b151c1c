"""Tags and entities of HTML, and tags of BBCode, left over in a text that should have none.

Code in fences and spans does not count. Names that people also use as placeholders and in formulas (`<name>`, `<b>`,
`List<String>`, `a < b`) count as tags with an attribute or with their end tag only. A text for which somebody asked, or
that is markup for the most part, is no residue: `asked_for` tells the first, `is_markup` the second.
"""

from __future__ import annotations

import re

from curate.algorithms.prose import without_code

_TAG = re.compile(
    r"""</?(?:div|span|br|hr|script|noscript|style|html|head|body|table|tbody|thead|tr|td|th|ul|ol|li|h[1-6]|img|iframe
        |strong|em|font|center|blockquote|nav|footer|section|article|aside|button|figure|figcaption|svg|href|strike)
        (?:\s[^<>]{0,300})?/?>
    | </(?:a|b|i|u|p|s|small|big|del|ins|code|pre|kbd|label|form|select|option|title|header|main|mark|q|cite|tt)>
    | <p(?:\s[^<>\n]{0,300})?>(?=\s*[^\W\d_])
    | <(?:a|b|i|u|s|small|big|del|ins|code|pre|kbd|label|input|form|select|option|title|header|main|link|meta|object
        |video|audio|source|textarea|canvas|details|summary|dl|dt|dd|q|cite|abbr|mark|tt)
        \s+[a-zA-Z-]+\s?=[^<>]{0,300}/?>
    | <!--.{0,2000}?--> | <!DOCTYPE\b""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ENTITY = re.compile(
    r"&(?:nbsp|lt|gt|amp|quot|apos|[lr][sd]quo|[mn]dash|hellip|copy|reg|trade|bull|middot|euro|times|laquo|raquo|ensp|emsp"
    r"|#\d{2,6}|#x[0-9a-fA-F]{2,5});"
)
_BBCODE = re.compile(
    r"\[(b|i|u|s|url|img|quote|color|size|center|spoiler|list|font)(?:=[^\]\n]{1,200})?\](?=.{0,2000}?\[/\1\])",
    re.IGNORECASE | re.DOTALL,
)
_ABOUT_MARKUP = re.compile(
    r"""\b(?:x?html5?|xml|svg|css|dom|jsx|tsx|php|jsp|asp|xpath|xslt|rss|bbcode|markdown|mark-?up|tags?|java\s?script|js
        |type\s?script|react|vue|angular|svelte|j?query|bootstrap|tailwind|flask|django|jinja|rails|wordpress|front-?end
        |web\s?-?(?:page|site|dev\w*|app\w*|form|scrap\w*|server)s?|browsers?|url|entit(?:y|ies)|regex\w*|pars(?:e|er|ing)
        |escap(?:e|ed|ing)|render\w*|hyperlinks?|navigation\s?bar|drop-?down|buttons?|iframe|embed\w*|anki)(?!\w)
    | </?[a-zA-Z][^<>\n]{0,200}> | &[a-z]{2,6};
    | 网页|网站|标签|代码|前端|标记|脚本|程序|编程|函数|按钮|表单|超链接|渲染""",
    re.VERBOSE | re.IGNORECASE,
)
_MOSTLY, _PARTLY = 0.5, 0.25  # shares of a text's characters in tags; the second is enough for three tags and more
_ANY_TAG = re.compile(r"</?[a-zA-Z!][^<>]{0,300}>")


def markup_residue(text: str) -> str | None:
    """The first tag or entity outside code, or None."""
    if not ("<" in text or "&" in text or "[/" in text):
        return None
    prose = without_code(text)
    match = _TAG.search(prose) or _ENTITY.search(prose) or _BBCODE.search(prose)
    return match.group()[:60] if match else None


def asked_for(request: str) -> bool:
    """Whether a request is about markup or programs, or has tags or entities itself."""
    return bool(_ABOUT_MARKUP.search(request))


def is_markup(text: str) -> bool:
    """Whether half of the text's characters are in tags, or a quarter in three tags and more, unlike in prose."""
    tags = [len(match.group()) for match in _ANY_TAG.finditer(text)]
    return sum(tags) >= (_PARTLY if len(tags) >= 3 else _MOSTLY) * len(text.strip())
