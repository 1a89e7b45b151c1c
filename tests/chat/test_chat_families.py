"""Every text template that TRL ships: the prefix, the stops, the prompt and the mask, against a table and against TRL.

TRL's own training templates carry generation markers, so their masks are a second opinion that knows every family by
name, where `curate.chat` knows none.
"""

import datetime
from dataclasses import dataclass, replace
from functools import cache

import pytest
from shown import TEMPLATES, mark

from curate.chat import ChatTemplate

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


def user(text: str) -> dict:
    return {"role": "user", "content": text}


def assistant(text: str, reasoning: str | None = None) -> dict:
    return {"role": "assistant", "content": text} | ({"reasoning_content": reasoning} if reasoning else {})


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


@pytest.fixture(scope="module")
def template_of(tokenizer_for):
    @cache
    def make(name: str) -> ChatTemplate:
        family = FAMILIES[name]
        source = (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
        return ChatTemplate(tokenizer_for(source, bos=family.bos, eos=family.eos), date=DAY)

    return make


def taken_by(name: str, messages: list[dict]) -> bool:
    return FAMILIES[name].system or SYSTEM not in messages


def test_every_text_template_that_trl_ships_is_covered():
    shipped = {path.stem for path in TEMPLATES.glob("*.jinja") if not path.stem.endswith("_training")}
    assert shipped == set(FAMILIES) | MULTIMODAL


@pytest.mark.parametrize("name", sorted(MULTIMODAL))
def test_a_multimodal_template_gets_text_as_a_list_of_parts(name, tokenizer_for):
    template = ChatTemplate(tokenizer_for((TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")))
    assert template.wants_parts
    assert "Why is the sky blue?" in template.generation_prompt([user("Why is the sky blue?")])


@every_family
def test_the_pre_query_prefix_begins_the_real_conversation(name, template_of):
    template, question = template_of(name), "Why is the sky blue?"
    histories = [[], [SYSTEM], ROUND, ROUND + SECOND, [SYSTEM, *ROUND]]
    for messages in filter(lambda each: taken_by(name, each), histories):
        prefix = template.pre_query_prefix(messages)
        folded = f"{FAMILIES[name].user}Be brief.\n\n"  # Gemma 3 writes the system's content into the user turn
        assert prefix.endswith(folded if name == "gemma3" and messages == [SYSTEM] else FAMILIES[name].user)
        assert all(message["content"] in prefix for message in messages)
        assert template.generation_prompt([*messages, user(question)]).startswith(prefix + question)


@every_family
def test_the_beginning_of_text_is_there_once(name, template_of):
    template, bos = template_of(name), FAMILIES[name].bos
    ids = template.encode(template.pre_query_prefix())
    if bos and not name.startswith("phi"):  # Phi's templates write none
        assert ids.count(template.tokenizer.bos_token_id) == 1
        assert ids[0] == template.tokenizer.bos_token_id


@every_family
def test_stop_tokens_end_the_turns(name, template_of):
    template, family = template_of(name), FAMILIES[name]
    tokens = template.tokenizer.convert_ids_to_tokens
    assert tokens(template.user_stop_token_ids) == list(dict.fromkeys([family.user_stop, family.eos]))
    assert tokens(template.assistant_stop_token_ids) == list(dict.fromkeys([*family.stops, family.eos]))


@every_family
def test_the_generation_prompt_opens_the_assistant_turn(name, template_of):
    template, family = template_of(name), FAMILIES[name]
    assert template.generation_prompt(ROUND[:1]).endswith(family.prompt)
    assert template.generation_prompt([*ROUND, *SECOND[:1]]).endswith(family.prompt)


@every_family
def test_the_mask_covers_what_the_table_says(name, template_of, marked):
    template, (before, after) = template_of(name), FAMILIES[name].writes
    text = template.render(ROUND)
    assert text.endswith(f"{before}Paris.{after}")
    assert marked(template, ROUND) == f"{text.removesuffix(f'{before}Paris.{after}')}⟦{before}Paris.{after}⟧"


@every_family
def test_reasoning_is_covered_with_its_marks_or_not_rendered(name, template_of, marked):
    template, family = template_of(name), FAMILIES[name]
    shown = marked(template, REASONED)
    if family.reasons is None:
        assert template.reasoning_key is None
        assert shown == marked(template, [REASONED[0], assistant("4")])
    else:
        before, after = family.reasons
        assert shown.endswith(f"⟦{before}Two and two.{after}4{family.writes[1]}⟧")


@every_family
@pytest.mark.parametrize("absent", [None, "", "  \n"])
def test_absent_reasoning_renders_as_if_the_key_were_not_there(name, absent, template_of):
    template = template_of(name)
    assert template.render([ROUND[0], {**ROUND[1], "reasoning_content": absent}]) == template.render(ROUND)


@every_family
def test_every_turn_of_every_conversation_is_covered_and_nothing_else(name, template_of, marked):
    template = template_of(name)
    for messages in filter(lambda each: taken_by(name, each), CONVERSATIONS.values()):
        outside, *inside = marked(template, messages).split("⟦")
        turns = [part.split("⟧") for part in inside]
        answers = [message["content"] for message in messages if message["role"] == "assistant"]
        assert len(turns) == len(answers)
        assert all(answer in written for answer, (written, _) in zip(answers, turns, strict=True))
        rest = outside + "".join(after for _, after in turns)
        given = [message["content"] for message in messages if message["role"] != "assistant"]
        assert all(content in rest for content in given)
        assert not any(content in written for content in given for written, _ in turns)


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
