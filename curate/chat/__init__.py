"""Everything that touches a chat template.

No special token is written by hand and no family is known by name: all is derived from the tokenizer's own
`apply_chat_template`, by rendering sentinels in place of contents and looking at what stands around them.

From the bottom up, each module using those before it: `scaffold` (pure text: what stands around contents), `control`
(the tokenizer's control tokens), `rendering` (conversations to text), `prefix` (MAGPIE's pre-query prefix), `stops`
(what ends a turn), `turns` and `mask` (conversations to tokens and loss mask), `response` (text to reasoning and
answer), `check` (what to know before trusting a template), `template` (the object that has it all).
"""

from curate.chat.mask import Tokenized
from curate.chat.response import Response
from curate.chat.template import ChatTemplate

__all__ = ["ChatTemplate", "Response", "Tokenized"]
