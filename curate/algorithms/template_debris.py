"""Role marks of prompts, in plain text, left over in a response: `### Response:`, `ASSISTANT:`, "Below is an ...".

What looks like a control token is `special_tokens`' part; here are the marks of templates that have none (Alpaca,
Vicuna, Guanaco, RedPajama, MOSS, ChatGLM), the sentences with which they begin, and torn pieces of control tokens.
`user_turn` finds where a response goes on as the user: the model did not stop, and asks itself the next question.

Some marks stand in texts that somebody asked for, too: a dialogue, an interview, a prompt. They count only where the
request is about none of these and has no such mark itself.
"""

from __future__ import annotations

import re

from curate.algorithms.prose import without_code

_ROLE = r"(?:Human|User|Assistant|System|AI|Bot|Prompter)"
_ALWAYS = re.compile(
    rf"""^[ \t>]*\#{{1,5}}[ ]?\**(?:Instruction|Response|{_ROLE}|指令|响应|回复|回答|用户|助手|人类)\**[ ]?[:：]
    | ^[ \t>]*\#{{1,5}}[ ]?\**(?:Input|输入)\**[ ]?[:：](?![\s\S]*(?:Output|输出))
    | (?:<\s?\||\[\|)\s?(?:{_ROLE}|im_start|im_end|endoftext|eot_id|start_header_id|end_header_id)\s?\|\s?[>\]]
    | <\|(?:im_(?:start|end)|endoftext|eot_id|user|assistant|system|end)\b | \b(?:im_(?:start|end)|eot_id)\|>
    | ^<(?:human|user|assistant|bot|system)>[ ]?: | </?(?:human|assistant|eo[ahmt]|eos_token|bot_end|reserved_\d+)>
    | \[(?:end\sof\s(?:text|turn)|/?INST|EOS|EOT|BOS)\]? (?=\s|$) | <</?SYS\b | \[Round\s\d+\]
    | \bGPT4\sCorrect\s(?:User|Assistant):
    | \bBelow\sis\san\sinstruction\sthat\sdescribes\sa\stask | \bWrite\sa\sresponse\sthat\sappropriately\scompletes
    | \bA\schat\sbetween\sa\scurious\s(?:user|human)\sand\san\sartificial\sintelligence
    | 以下是(?:一[个条])?描述(?:了一个|一项|了)?任务的指(?:令|示)
    | 请?[写给]出?一个(?:适当|恰当|合适)地?完成(?:该|上述|此)?请求的(?:回复|回答|响应)""",
    re.VERBOSE | re.MULTILINE,
)
_IN_DIALOGUES = re.compile(
    r"""^[ \t]*\**(?:Human|HUMAN|USER|ASSISTANT|Assistant|AI\sAssistant|Prompter|助手|人类)\**[ ]?[:：]\**
        (?=\s|$|[^\x00-\x7f])
    | (?<=[.!?。！？])\s+(?:USER|ASSISTANT|Human|Assistant):\s""",
    re.VERBOSE | re.MULTILINE,
)
_USER_TURN = re.compile(
    r"""(?:\n|(?<=[^\d\s][.!?。！？])[ ])[ \t]*(?:
        \#{1,5}[ ]?\**(?:Instruction|Human|User|Prompter|指令|用户|人类)\**[ ]?(?:[:：]|(?=\n|\Z))
      | <\|(?:user|prompter|human)\|> | <(?:human|user|prompter)>[ ]?: | \[\|(?:Human|User)\|\][:：]?
      | (?:<\|im_end\|>\s*)?<\|im_start\|>user | (?:<end_of_turn>\s*)?<start_of_turn>user | (?:</s>\s*)?(?:<s>)?\[INST\]
      | (?:<\|eot_id\|>)?<\|start_header_id\|>user<\|end_header_id\|> | <｜User｜>
    )""",
    re.VERBOSE,
)
_USER_SPEAKS = re.compile(
    r"""(?:\n|(?<=[^\d\s][.!?。！？])[ ])[ \t]*\**(?:Human|HUMAN|USER|User|Prompter|用户|人类)\**[ ]?[:：]\**
        (?=\s|[^\x00-\x7f])
      | \n[ \t]*\n\**(?:Question|Q|问题|问)\**[ ]?[:：](?=[^\n]*\n\s*\**(?:Answer|A|答案|答)\**[ ]?[:：])""",
    re.VERBOSE,
)
_SPEAKER = re.compile(
    r"^\W*(?:Human|User|Assistant|AI|Bot|Chatbot|Question|Q|Answer|A|用户|助手|问题|问|答)\W*[:：]", re.M | re.I
)
_DIALOGUE = re.compile(
    r"""\b(?:dialog(?:ue)?s?|conversations?|converse|chat\w*|interview\w*|transcripts?|scripts?|scenes?|skit|screenplay
        |plays?|role-?\s?play\w*|act\sas|pretend|exchange|debates?|bots?|assistants?|prompts?|templates?|instruct\w*|few-?shot|fine-?tun\w*|LLMs?|language\smodels?|story|comic|improv\w*
        |user\sstor(?:y|ies)|faqs?|quiz\w*|flash\s?cards?|q\s?&\s?a)\b
    | ^\W*(?:Human|User|Assistant|AI|Bot|Customer|Agent|Q|A)\W*:
    | 对话|聊天|采访|访谈|剧本|台词|角色|扮演|提示词|助手|客服|机器人|故事|问答""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)

_ROLES = ("uman", "HUMAN", "USER", "ssistant", "ASSISTANT", "Prompter", "助手", "人类")
_USERS = (
    *(
        "Human",
        "HUMAN",
        "human>",
        "User",
        "USER",
        "|user",
        ">user",
        "<user",
        "Prompter",
        "prompter",
        "Instruction",
        "INST",
    ),
    *("Q:", "Q**", "Question:", "Question**", "｜", "用户", "人类", "指令", "问题", "问：", "问:"),
)
_SIGNS = ("#", "|", "<", "[", "GPT4 Correct", "elow is an", "Write a response", "A chat between", "以下是", "请求的")


def template_debris(response: str) -> str | None:
    """The first mark of a template, one that dialogues do not have, or None."""
    match = _ALWAYS.search(without_code(response)) if any(sign in response for sign in _SIGNS) else None
    return match.group().strip() if match else None


def role_mark(response: str, dialogue: bool = False) -> str | None:
    """The first mark of a speaker that templates use and dialogues may have too, or None.

    Where somebody asked for a `dialogue`, it counts at the beginning of a response that has no other.
    """
    match = _IN_DIALOGUES.search(response) if any(role in response for role in _ROLES) else None
    if match is None or (dialogue and (response[: match.start()].strip() or len(_SPEAKER.findall(response)) > 1)):
        return None
    return match.group().strip()


def user_turn(response: str, dialogue: bool = False) -> int | None:
    """Where the response goes on as the user, in characters, or None.

    In a `dialogue` that somebody asked for, or that the response has announced with a colon or begun before, only the
    marks that templates alone have count.
    """
    if not any(role in response for role in _USERS):
        return None
    match = _USER_TURN.search(response)
    if match is None and not dialogue:
        match = next((m for m in _USER_SPEAKS.finditer(response) if not _announced(response[: m.start()])), None)
    return len(response[: match.start() + 1].rstrip()) or None if match else None


def _announced(before: str) -> bool:
    return before.rstrip()[-1:] in ":：" or bool(_SPEAKER.search(before))


def dialogue_asked_for(request: str) -> bool:
    """Whether a request is about a dialogue or a prompt, or has the mark of a speaker."""
    return bool(_DIALOGUE.search(request))
