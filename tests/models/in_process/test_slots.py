"""Which models can have rows that new prompts take while others go on, and that those see what they should."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from curate.models.in_process.slots import BLOCK, Batch, Slots, batch_of
from tests.models.small import SMALL


def made(family: str, **special: Any) -> Any:
    torch.manual_seed(1)
    config = getattr(transformers, family + ("TextConfig" if family == "Gemma3" else "Config"))(**SMALL, **special)
    return getattr(transformers, f"{family}ForCausalLM")(config).eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("family", "special", "expected"),
    [
        ("Llama", {}, Slots),
        ("Qwen3", {}, Slots),
        ("Gemma3", {"head_dim": 8, "sliding_window": 4}, Slots),
        ("Mistral", {"sliding_window": 4}, Slots),
        ("Lfm2", {"layer_types": ["conv", "full_attention"]}, Batch),
        ("Llama", {"layer_types": ["full_attention", "chunked_attention"]}, Batch),
    ],
)
def test_rows_are_taken_where_attention_is_all_there_is(family: str, special: Any, expected: type[Batch]) -> None:
    with torch.inference_mode():
        assert batch_of(made(family, **special)) is expected


@pytest.mark.parametrize("family", ["Llama", "Mistral"])
def test_rows_that_come_and_go_see_their_own_tokens_and_no_others(family: str) -> None:
    """A text is fed a token a step, past the end of a buffer, while others beside it come, end, and come back."""
    model = made(family, **({"sliding_window": 6} if family == "Mistral" else {}))
    texts = [[(start + 17 * n) % 300 for n in range(BLOCK + 40)] for start in (3, 5, 8)]
    slots = Slots(model)
    with torch.inference_mode():
        expected = [model(input_ids=torch.tensor([text])).logits[0] for text in texts]
        rows: list[tuple[int, int]] = []  # text and how many of its tokens have been read
        for step in range(BLOCK + 30):
            wanted = [0, *([1] if step % 5 else []), *([2, 1] if step % 7 > 3 else [])]
            kept = [row for row, (text, _) in enumerate(rows) if text == 0]
            starts = [(text, step % 9 + text) for text in (wanted[1:] if kept else wanted)]
            slots.arrange([*kept, *(tuple(texts[text][:count]) for text, count in starts)])
            rows = [*(rows[row] for row in kept), *starts]
            logits = slots.step([texts[text][count] for text, count in rows])
            torch.testing.assert_close(logits, torch.stack([expected[text][count] for text, count in rows]))
            rows = [(text, count + 1) for text, count in rows]
