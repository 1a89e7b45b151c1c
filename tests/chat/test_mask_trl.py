"""The masks against TRL's, whose training templates carry generation markers.

They are a second opinion that knows every family by name, where `curate.chat` knows none.
"""

import pytest

from tests.chat.conversations import mark
from tests.chat.families import CONVERSATIONS, DAY, FAMILIES, taken_by
from tests.chat.templates import TEMPLATES

# What TRL's masks cover beyond ours, per turn, and why. All of it is in the generation prompt: the model is given it.
IN_THE_PROMPT = {
    "deepseek_r1_distill": {"<｜Assistant｜>"},
    "deepseekv3": {"<｜Assistant｜>"},
    "gptoss": {"<|start|>assistant"},
    "muse_glimmer": {"<|start|>assistant"},
    "nemotron_3_5_lightning": {"<think>", "<think>\n"},
    "nemotron_3_nano": {"<think>", "<think>\n"},
    "nemotron_3_super": {"<think>", "<think>\n"},
    "nemotron_3_ultra": {"<think>", "<think>\n"},
    "qwen2_5": {"\n"},  # the newline after the role, which TRL's template writes inside the marks
    "qwen3_5_nothink": {"<think>\n", "<think>\n\n</think>\n\n"},
    "qwen3_5_think": {"<think>\n"},
    "qwen3_6": {"<think>\n"},
    "qwen3_8": {"<think>\n"},
}
# The conversations that TRL's training template writes with other tokens, so that masks cannot be compared, and why.
KEEPS_THINKING = {"two rounds", "three rounds", "system", "reasoning in two rounds"}  # in earlier turns too
OTHER_TOKENS = dict.fromkeys(["qwen3", "qwen3_5_nothink", "qwen3_5_think", "qwen3_6"], KEEPS_THINKING)


def training_source(name: str) -> str | None:
    """TRL's template with generation markers: its patched one, or the original where that has them already."""
    patched, original = TEMPLATES / f"{name}_training.jinja", TEMPLATES / f"{name}.jinja"
    if patched.exists():
        return patched.read_text(encoding="utf-8")
    source = original.read_text(encoding="utf-8")
    return source if "generation -%}" in source else None


WITH_MARKERS = [name for name in FAMILIES if training_source(name)]


def test_the_families_without_a_second_opinion_are_few():
    assert set(FAMILIES) - set(WITH_MARKERS) == {
        *("gemma4", "gemma4_v2", "gemma4_v3", "gemma4_v4", "gemma4_v5"),
        *("llama3_1", "llama3_2"),
    }


@pytest.mark.parametrize("name", WITH_MARKERS)
def test_the_mask_is_trl_s_but_for_the_differences_listed(name, template_of):
    template, extra, other_tokens = template_of(name), set(), set()
    for title, messages in CONVERSATIONS.items():
        if not taken_by(name, messages):
            continue
        ours = template.tokenize(messages)
        theirs = template.tokenizer.apply_chat_template(
            [template.as_read(message) for message in messages],
            chat_template=training_source(name),
            return_dict=True,
            return_assistant_tokens_mask=True,
            strftime_now=DAY.strftime,
        )
        length = len(ours.input_ids)
        if theirs["input_ids"][:length] != ours.input_ids:
            other_tokens.add(title)
            continue
        pairs = list(zip(theirs["assistant_masks"], ours.assistant_mask, strict=False))
        assert not any(mine > its for its, mine in pairs), mark(template.tokenizer, ours.input_ids, ours.assistant_mask)
        beyond = mark(template.tokenizer, ours.input_ids, [its - mine for its, mine in pairs])
        extra.update(part.split("⟧")[0] for part in beyond.split("⟦")[1:])
        # GLM's training template ends the last turn with the marker of the next: the original has no end token there.
        assert template.tokenizer.decode(theirs["input_ids"][length:]) == ("<|user|>" if name == "glm4moe" else "")
    assert extra == IN_THE_PROMPT.get(name, set())
    assert other_tokens == OTHER_TOKENS.get(name, set())
