"""Whether a model can be a teacher: whether it was aligned on its chat template, so that it writes user turns."""

from __future__ import annotations

from curate.errors import CurateError
from curate.models.protocols import LanguageModel, Prompt, Sampling

SAMPLES = 8
LEAST_TOKENS = 256  # that a sample may have: nearly all instructions are shorter


def check_aligned(model: LanguageModel, max_tokens: int, seed: int) -> None:
    """Raises CurateError when the model ends none of 8 completions of its pre-query prefix as a user turn ends.

    Only the turn's own end token stops them, and no control token may stand before it: a base model goes on, or ends
    the text as a document. Where a template gives the user turn no end token of its own, nothing can be told.
    """
    chat = model.chat
    end = chat.control.leading(chat.probe("user").gaps[-1])
    if end is None:
        return
    limit = max(max_tokens, LEAST_TOKENS)
    sampling = Sampling((chat.tokenizer.get_vocab()[end.group(1)],), limit, n=SAMPLES)
    (answered,) = model.complete([Prompt(chat.encode(chat.pre_query_prefix()), seed)], sampling)
    samples = [sample for sample in answered if sample.finish_reason in ("stop", "length")]
    if not samples:
        raise CurateError(f"{model.name} goes on from no pre-query prefix: {answered[0].why}")
    clean = [sample for sample in samples if not chat.control_tokens.search(sample.text)]
    if any(sample.finish_reason == "stop" for sample in clean):
        return
    raise CurateError(
        f"{model.name} does not write instructions: none of {len(samples)} completions of its pre-query prefix came to "
        f"{end.group(1)!r}, which ends a user turn ({len(samples) - len(clean)} held other control tokens, "
        f"{len(clean)} reached {limit} tokens); use a teacher that was aligned on this chat template, not a base model"
    )
