"""Responses that refuse: "I'm sorry, but I can't ...", "As an AI language model, I do not have ...".

A refusal is told by how a response begins. In English it is an opening (an apology, "unfortunately"), a word on what
the writer is ("as an AI language model"), and an inability or unwillingness; the first two are optional, but without
the second it has to be one to help, since "I'm sorry, but I can't make it to dinner" is a letter. In Chinese, German,
French and Spanish it is the apology, or the word on what the writer is, and an inability.
"""

from __future__ import annotations

import re

_REACH = 400  # characters of a response that are looked at

_OPENING = r"""(?:
    (?:(?:I\sam|I'm)\s)?(?:(?:really|so|very|truly|terribly)\s)?sorry
    | (?:I|my|we)\s(?:(?:sincerely|do|must)\s)?apologi[sz]es? | (?:my\s)?apologies
    | unfortunately | regrettably | sadly | I\sregret\sto\s(?:inform|say|tell)(?:\syou)?(?:\sthat)?
    )(?:\sfor\s(?:the|any)\s(?:confusion|inconvenience|misunderstanding))?[\s,.!;:-]*(?:(?:but|however|that|and)\b)?[\s,]*"""
_AS_AN_AI = r"""(?:as|since|because|being|I\sam|I'm)\s(?:(?:I\sam|I'm)\s)?(?:(?:just|only|merely)\s)?(?:an?\s)?
    (?:(?:responsible|helpful|harmless|ethical|respectful|text[\s-]based|large|safe|friendly)[\s,]+(?:and\s)?)*
    (?:AI|A\.I\.|artificial\sintelligence|language\smodel|chatbot|virtual\sassistant|digital\sassistant)\b
    [^.!?\n]{0,80}?[\s,.]*(?:(?:and|so|which\smeans|therefore)\b)?[\s,]*"""
_I = r"I\s?(?:(?:currently|also|simply|really|still|personally)\s)?"
_CANNOT = rf"""(?:{_I}(?:
    can\s?not | can't | could\snot | couldn't | do\snot | don't | won't | will\snot | would\snot | should\snot
    | shouldn't | lack | refuse | decline | must\snot | (?:must|have\sto)\s(?:respectfully\s)?(?:decline|refuse)
    | (?:am|'m)\s(?:(?:currently|also|just)\s)*(?:unable|unwilling|afraid|not\s(?:able|capable|programmed|designed
        |allowed|permitted|equipped|authorized|comfortable|in\sa\sposition))))"""
_CANNOT_HELP = rf"""(?:{_I}(?:
    (?: can\s?not | can't | won't | will\snot | should\snot | shouldn't | (?:do\snot|don't)\sfeel\scomfortable
        | (?:am|'m)\s(?:currently\s)?(?:unable|not\s(?:able|comfortable|programmed|allowed|permitted|authorized))
        | (?:am|'m)\safraid\s(?:that\s)?I\s(?:can\s?not|can't)
    )\s(?:to\s)?(?:(?:in\sgood\sconscience|ethically|directly|actually|currently)\s)?
    (?: assist | help(?:ing)?\s(?:you|with)\b | provid(?:e|ing) | fulfil | comply | answer | creat(?:e|ing)
        | generat(?:e|ing) | writ(?:e|ing) | giv(?:e|ing) | access | browse | offer | support | engag(?:e|ing) | discuss
        | predict | endorse | promote | encourage | respond | complete\s(?:this|that|your) | do\s(?:this|that)\b
        | shar(?:e|ing) | participat | perform | condone | facilitate | recommend | suggest | process
        | implement | determine | display | translate | produce | correct
        | make\s(?:predictions|recommendations|a\sprediction))
    | must\s(?:respectfully\s)?(?:decline|refuse)
    | (?:do\snot|don't)\shave\s(?:(?:direct\s|the\s)?access\sto|the\s(?:ability|capability)\sto)))"""
_NOT_FOR_ME = r"it\s(?:is|would\sbe)\s(?:not\s|un|in)(?:appropriate|ethical|possible)\sfor\sme"
_KI = r"als\s(?:ein\w*\s)?(?:KI|künstliche\sIntelligenz|(?:großes\s)?Sprachmodell)\b"
_IA_FR = r"en\stant\squ(?:e\s|')(?:une?\s)?(?:IA|intelligence\sartificielle|modèle\sde\slangage|assistant\svirtuel)\b"
_IA_ES = r"como\s(?:una?\s)?(?:IA|inteligencia\sartificial|modelo\sde\s(?:lenguaje|inteligencia)|asistente\svirtual)\b"

_PATTERNS = (
    rf"(?:{_OPENING})? (?:{_AS_AN_AI} (?:{_CANNOT}|{_NOT_FOR_ME}) | {_CANNOT_HELP} | {_NOT_FOR_ME})",
    r"(?:非常|很|真的)?(?:抱歉|对不起|對不起|遗憾|不好意思)[^。！？\n]{0,30}?(?:无法|無法|不能|没有办法|沒辦法)",
    r"(?:作为|作為|身为|我是)[^。！？\n]{0,16}?(?:AI|人工智能|人工智慧|语言模型|語言模型|机器人)[^。！？\n]{0,24}?(?:无法|無法|不能|没有|沒有|不会)",
    r"我(?:无法|無法|不能)(?:为您|为你)?(?:提供|协助|帮助|回答|满足|生成|完成|参与|參與|支持)",
    rf"""(?:(?:es\s)?tut\smir\s(?:sehr\s)?leid|entschuldigung|leider)[\s,.;:]*(?:aber\s)?(?:{_KI}[^.\n]{{0,40}}?)?
        (?:ich\s)?(?:(?:kann|darf|könnte)\s[^.\n]{{0,60}}?\b(?:nicht|kein\w*)\b|bin\s(?:ich\s)?nicht\sin\sder\sLage)""",
    rf"{_KI}[^.\n]{{0,80}}?\b(?:nicht|kein\w*)\b",
    rf"""(?:(?:je\ssuis\s)?(?:vraiment\s|sincèrement\s)?désolée?|je\sm'excuse|malheureusement)[\s,.;:]*(?:mais\s)?
        (?:{_IA_FR}[^.\n]{{0,40}}?)?je\s(?:ne\s(?:peux|suis|pourrai|dispose)|n'ai)\b[^.\n]{{0,30}}?\bpas\b""",
    rf"{_IA_FR}[^.\n]{{0,60}}?je\s(?:ne\s|n')",
    r"je\sne\s(?:peux|suis)\spas\s(?:en\smesure\sd[e']\s?|capable\sd[e']\s?)?(?:vous\s)?(?:aider|fournir|répondre|créer|écrire)",
    rf"""(?:lo\ssiento(?:\smucho)?|lamento|disculp[ae]|perdón|lamentablemente|desafortunadamente)[\s,.;:]*(?:pero\s)?
        (?:{_IA_ES}[^.\n]{{0,40}}?)?no\s(?:puedo|estoy|tengo|podré|me\ses\sposible)\b""",
    rf"{_IA_ES}[^.\n]{{0,60}}?no\s(?:puedo|tengo|estoy)\b",
    r"no\spuedo\s(?:ayudar(?:te|le)?|proporcionar|ofrecer|responder|crear|generar|cumplir)\b",
)
_ANY = "|".join(f"(?:{pattern})" for pattern in _PATTERNS)
_REFUSAL = re.compile(rf"[\W_]*(?:{_ANY})", re.VERBOSE | re.IGNORECASE)


def refusal(response: str) -> str | None:
    """The words with which the response refuses, where it begins with a refusal; else None."""
    beginning = " ".join(response[:_REACH].replace("’", "'").split())
    match = _REFUSAL.match(beginning)
    return match.group() if match else None
