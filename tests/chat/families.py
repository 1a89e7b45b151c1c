"""Every text template that TRL ships, and what it should yield, in a table written by hand."""

import datetime
from dataclasses import dataclass, replace

import pytest

from tests.chat.conversations import assistant, user

DAY = datetime.date(2026, 1, 2)
MULTIMODAL = {"idefics3", "llava_next", "smolvlm"}  # they read content as a list of parts, and leave a string out


@dataclass(frozen=True)
class Family:
    """What a template should yield: written by hand here, found by rendering there."""

    bos: str | None
    eos: str
    user: str  # what directly precedes the user's content
    user_stop: str
    prompt: str  # the generation prompt's own end
    writes: tuple[str, str]  # what the model writes before and after its content, when the turn is the last
    stops: tuple[str, ...]  # what ends an assistant turn, end of text aside
    reasons: tuple[str, str] | None = None  # what it writes around its reasoning, if the template shows any
    system: bool = True


CHATML = Family(
    bos=None,
    eos="<|endoftext|>",
    user="<|im_start|>user\n",
    user_stop="<|im_end|>",
    prompt="<|im_start|>assistant\n",
    writes=("", "<|im_end|>\n"),
    stops=("<|im_end|>",),
)
QWEN3 = replace(CHATML, writes=("<think>\n\n</think>\n\n", "<|im_end|>\n"), reasons=("<think>\n", "\n</think>\n\n"))
QWEN3_5 = replace(
    QWEN3,
    prompt="<|im_start|>assistant\n<think>\n",
    writes=("\n</think>\n\n", "<|im_end|>\n"),
    reasons=("", "\n</think>\n\n"),
)
NEMOTRON = replace(
    CHATML, prompt="<|im_start|>assistant\n<think>\n", writes=("</think>", "<|im_end|>\n"), reasons=("", "\n</think>\n")
)
NEMOTRON_TIGHT = replace(NEMOTRON, reasons=("", "</think>"))
LFM2 = replace(CHATML, bos="<|startoftext|>", eos="<|im_end|>")
LFM2_5 = replace(LFM2, reasons=("<think>", "</think>"))
LLAMA3 = Family(
    bos="<|begin_of_text|>",
    eos="<|eot_id|>",
    user="<|start_header_id|>user<|end_header_id|>\n\n",
    user_stop="<|eot_id|>",
    prompt="<|start_header_id|>assistant<|end_header_id|>\n\n",
    writes=("", "<|eot_id|>"),
    stops=("<|eot_id|>",),
)
GEMMA = Family(
    bos="<bos>",
    eos="<eos>",
    user="<start_of_turn>user\n",
    user_stop="<end_of_turn>",
    prompt="<start_of_turn>model\n",
    writes=("", "<end_of_turn>\n"),
    stops=("<end_of_turn>",),
)
GEMMA4 = Family(
    bos="<bos>",
    eos="<eos>",
    user="<|turn>user\n",
    user_stop="<turn|>",
    prompt="<|turn>model\n",
    writes=("", "<turn|>\n"),
    stops=("<turn|>",),
)
GEMMA4_THINKS = replace(GEMMA4, reasons=("<|channel>thought\n", "\n<channel|>"))
COHERE = Family(
    bos="<bos>",
    eos="<|END_OF_TURN_TOKEN|>",
    user="<|START_OF_TURN_TOKEN|><|USER_TOKEN|>",
    user_stop="<|END_OF_TURN_TOKEN|>",
    prompt="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    writes=("", "<|END_OF_TURN_TOKEN|>"),
    stops=("<|END_OF_TURN_TOKEN|>",),
)
COHERE2 = replace(
    COHERE,
    prompt="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_RESPONSE|>",
    writes=("", "<|END_RESPONSE|><|END_OF_TURN_TOKEN|>"),
    stops=("<|END_RESPONSE|>",),
)
DEEPSEEK = Family(
    bos="<｜begin▁of▁sentence｜>",
    eos="<｜end▁of▁sentence｜>",
    user="<｜User｜>",
    user_stop="<｜Assistant｜>",
    prompt="<｜Assistant｜><think>\n",
    writes=("", "<｜end▁of▁sentence｜>"),
    stops=("<｜end▁of▁sentence｜>",),
)
PHI = Family(
    bos="<s>",
    eos="<|endoftext|>",
    user="<|user|>\n",
    user_stop="<|end|>",
    prompt="<|assistant|>\n",
    writes=("", "<|end|>\n<|endoftext|>"),
    stops=("<|end|>",),
)
FAMILIES = {
    "cohere": COHERE,
    "cohere2": COHERE2,
    "deepseek_r1_distill": DEEPSEEK,
    "deepseekv3": DEEPSEEK,
    "diffusion_gemma": GEMMA4_THINKS,
    "gemma": replace(GEMMA, system=False),
    "gemma3": GEMMA,
    "gemma4": GEMMA4,
    "gemma4_v2": GEMMA4,
    "gemma4_v3": GEMMA4,
    "gemma4_v4": GEMMA4,
    "gemma4_v5": GEMMA4_THINKS,
    "glm4moe": Family(
        bos=None,
        eos="<|endoftext|>",
        user="<|user|>\n",
        user_stop="<|assistant|>",
        prompt="<|assistant|>",
        writes=("\n<think></think>\n", ""),
        stops=("<|user|>",),
        reasons=("\n<think>", "</think>\n"),
    ),
    "gptoss": Family(
        bos=None,
        eos="<|return|>",
        user="<|start|>user<|message|>",
        user_stop="<|end|>",
        prompt="<|start|>assistant",
        writes=("<|channel|>final<|message|>", "<|return|>"),
        stops=("<|return|>",),
        reasons=("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ),
    "lfm2": LFM2,
    "lfm2_2_5": LFM2_5,
    "lfm2_2_5_v2": LFM2_5,
    "lfm2_2_5_vl": LFM2_5,
    "lfm2_v2": LFM2,
    "llama3": LLAMA3,
    "llama3_1": LLAMA3,
    "llama3_2": LLAMA3,
    "muse_glimmer": Family(
        bos="<|begin_of_text|>",
        eos="<|eot|>",
        user="<|start|>user<|message|>",
        user_stop="<|eot|>",
        prompt="<|start|>assistant",
        writes=(" to=user<|message|>", "<|eot|>"),
        stops=("<|eot|>",),
        reasons=(" to=self<|message|>", "<|eom|><|start|>assistant to=user<|message|>"),
    ),
    "nemotron_3_5_lightning": NEMOTRON_TIGHT,
    "nemotron_3_nano": NEMOTRON,
    "nemotron_3_super": NEMOTRON,
    "nemotron_3_ultra": NEMOTRON_TIGHT,
    "phi3": PHI,
    "phi3_5": PHI,
    "qwen2_5": CHATML,
    "qwen2_5_vl": CHATML,
    "qwen3": QWEN3,
    "qwen3_5_nothink": replace(
        QWEN3,
        prompt="<|im_start|>assistant\n<think>\n\n</think>\n\n",
        writes=("", "<|im_end|>\n"),
        reasons=("", "\n</think>\n\n"),
    ),
    "qwen3_5_think": QWEN3_5,
    "qwen3_6": QWEN3_5,
    "qwen3_8": QWEN3_5,
    "qwen3_instruct_2507": CHATML,
    "qwen3_vl": CHATML,
}
SYSTEM = {"role": "system", "content": "Be brief."}
ROUND = [user("What is the capital of France?"), assistant("Paris.")]
SECOND = [user("And of Spain?\nOne word."), assistant("Madrid,\n\nof course 🙂")]
THIRD = [user("中国呢？"), assistant("北京。")]
REASONED = [user("2 + 2?"), assistant("4", "Two and two.")]
CONVERSATIONS = {
    "one round": ROUND,
    "two rounds": ROUND + SECOND,
    "three rounds": ROUND + SECOND + THIRD,
    "system": [SYSTEM, *ROUND, *SECOND],
    "reasoning": REASONED,
    "reasoning in two rounds": [user("1 + 1?"), assistant("2", "One and one."), *REASONED],
}
every_family = pytest.mark.parametrize("name", FAMILIES)


def taken_by(name: str, messages: list[dict]) -> bool:
    """Whether the template takes these roles."""
    return FAMILIES[name].system or SYSTEM not in messages
