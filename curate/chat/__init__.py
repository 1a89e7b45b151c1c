"""Everything that touches a chat template.

No special token is written by hand and no family is known by name: all is derived from the tokenizer's own
`apply_chat_template`, by rendering sentinels in place of contents and looking at what stands around them.

The pre-query prefix is MAGPIE's (arXiv 2406.08464): all that a template puts before the user's content, after which an
aligned model writes the instruction itself. The assistant mask is that of the supervised loss,
L = -(1/|A|) sum_t m_t log p(x_t | x_<t), with m_t = 1 on what the model writes at inference and nowhere else.
"""

from curate.chat.response import Response
from curate.chat.template import ChatTemplate, Tokenized

__all__ = ["ChatTemplate", "Response", "Tokenized"]
