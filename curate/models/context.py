"""The longest sequence that a model takes, and whether prompts and texts to score fit in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.models.protocols import LanguageModel


def context_length(config: Any, tokenizer: Any) -> int:
    """The longest sequence that a model takes, in tokens: as its configuration says, else as its tokenizer does."""
    said = getattr(config, "max_position_embeddings", None) or getattr(config, "max_sequence_length", None)
    return int(said or tokenizer.model_max_length)


def room(model: LanguageModel, token_ids: Sequence[int]) -> int:
    """How many tokens fit the context after this prompt. Raises CurateError for an empty prompt, or when none does."""
    if not token_ids:
        raise CurateError("a prompt is empty; a model needs at least one token to go on from")
    left = model.context_length - len(token_ids)
    if left <= 0:
        raise CurateError(
            f"a prompt has {len(token_ids)} tokens, which leaves no room in the context of {model.name} "
            f"({model.context_length} tokens)"
        )
    return left


def check_scorable(model: LanguageModel, sequences: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> None:
    """Raises CurateError for a mask that does not fit its sequence, or a sequence that exceeds the context."""
    for sequence, mask in zip(sequences, masks, strict=True):
        if len(mask) != len(sequence):
            raise CurateError(f"a sequence has {len(sequence)} tokens and its mask {len(mask)}; they must be as many")
        if mask and mask[0]:
            raise CurateError("the first token of a sequence is to be scored; it needs one before it")
        if len(sequence) > model.context_length:
            raise CurateError(
                f"a sequence has {len(sequence)} tokens, more than the context of {model.name} "
                f"({model.context_length} tokens)"
            )
