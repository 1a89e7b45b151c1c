"""Placeholders that were left for somebody to fill in, and words in which a response speaks of itself as a model."""

from __future__ import annotations

import re

from curate.algorithms.prose import without_code

_PLACEHOLDER = re.compile(
    r"""\[(?:(?:insert|add|enter|fill\sin|specify|mention|include|describe|list|provide|attach|state|your|my|our|the\s)\b
            [^\[\]\n]{0,80}
        | (?:\w+['’]?s?[ /]){0,3}(?:name|title|date|address|e?-?mail|phone(?:\snumber)?|number|company|organi[sz]ation
            |position|city|state|signature|location|link|url|recipient|amount|time|department|university|school|placeholder|TBD)
        )\](?!\()
    | <(?:insert|your|enter|add)[ _][^<>\n]{1,60}> | \{\{\s?\w+\s?\}\} | \{(?:your|insert)[ _][^{}\n]{1,60}\}
    | \blorem\s+ipsum\b | (?-i:\b(?:TODO|FIXME|TBD)\b(?!\slist) | \bX{3,}\b)
    | [\[【（(](?:你|您|请|插入|填写|输入|公司|单位|学校|日期|姓名|名字|地址|电话)
        [^\[\]【】（）()\n]{0,12}
        (?:名|名字|姓名|名称|地址|电话|邮箱|日期|职位|填写|输入|插入|学校|公司|信息|此处|这里|内容)[\]】）)]
    | [某XＸ×]{2}(?:公司|先生|女士|大学|市)""",
    re.VERBOSE | re.IGNORECASE,
)
_SELF_REFERENCE = re.compile(
    r"""\b(?:[Aa]s|[Bb]eing|[Ss]ince\sI\sam|I\sam|I'm|I\sam\sjust|I'm\sjust|I\sam\sonly)\san?\s(?:\w+[\s-]){0,3}?
        (?:AI|A\.I\.|artificial\sintelligence|(?:large\s)?language\smodel|LLM|chat-?bot|virtual\sassistant)\b
        (?!\s(?:researcher|engineer|expert|developer|scientist|specialist|company|enthusiast|professional|student|ethicist))
    | \bI(?:'m|\sam)\s(?:ChatGPT|GPT-?\d|Claude|Gemini|Bard|LLaMA|Llama|Qwen|Assistant\b)
    | \b(?:[Mm]y|[Oo]ur)\s(?:training\sdata|knowledge\scut-?off|programming|algorithms|developers)\b
    | \bI\swas\s(?:trained|created|developed|programmed|made)\sby
        \s(?:OpenAI|Anthropic|Google|Meta|Alibaba|Microsoft|\w+\sAI)\b
    | \b(?:[Aa]s\sof|[Ss]ince)\smy\s(?:last\s(?:update|training)|knowledge)\b
    | (?:作为|身为|我是|我只是)[^。！？\n]{0,10}?(?:AI|人工智能|语言模型|聊天机器人|智能助手|虚拟助手)
        (?!领域|研究|专家|工程师|公司)
    | 我是(?:ChatGPT|通义千问|文心一言|Claude) | 我的(?:训练数据|知识(?:库)?截止|知识截至) | 截至我的(?:知识|训练)""",
    re.VERBOSE,
)


def placeholder(text: str) -> str | None:
    """The first placeholder outside code, or None."""
    return _first(_PLACEHOLDER, without_code(text))


def self_reference(response: str) -> str | None:
    """The first words in which a response says that a model wrote it, or None."""
    return _first(_SELF_REFERENCE, response.replace("’", "'"))


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group() if match else None
