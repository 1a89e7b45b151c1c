"""What `check` says of templates that are bad, and of real ones that are peculiar."""

import datetime

import pytest
from transformers import ByT5Tokenizer

from curate.chat import ChatTemplate
from curate.errors import CurateError
from tests.chat.templates import trl_template

GOOD = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_REASONING = "has no place for reasoning: reasoning_content is not rendered, and not trained on"


@pytest.fixture
def check(tokenizer_for):
    return lambda template, **special: ChatTemplate(tokenizer_for(template, **special)).check()


def test_of_a_plain_template_only_that_it_shows_no_reasoning(check):
    assert check(GOOD) == [NO_REASONING]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("m.content", "m.content | upper", "changes the content of user turns, so it cannot be cut there"),
        ("m.content", "m.content + m.content", "writes the content of user turns 2 times"),
        ("{{ m.content }}", "", "takes no user turns: it leaves their text out"),
        ("{{ m.content }}", "{{ raise_exception('not today') }}", "takes no user turns: it says: not today"),
        ("m.content", "m.content if m.role == 'user' else 'ok'", "takes no assistant turns: it leaves their text out"),
        (
            "m.content",
            "m.content * (2 if m.role == 'assistant' else 1)",
            "writes the content of assistant turns 2 times",
        ),
        ("{% endfor %}", "{% endwhile %}", "takes no user turns: it says: Encountered unknown tag 'endwhile'"),
    ],
)
def test_a_template_that_cannot_be_cut_is_an_error(old, new, message, check):
    with pytest.raises(CurateError, match=message.replace("(", r"\(").replace(")", r"\)")):
        check(GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        (
            "m.content",
            "(raise_exception('no system') if m.role == 'system' else m.content)",
            "takes no system turns: it says: no system",
        ),
        (
            "m.content",
            "(m.content if m.role != 'system' else '')",
            "takes no system turns: it leaves their text out",
        ),
        ("m.content", "m.content | trim", "strips the whitespace at the ends of user turns"),
        ("m.content", "m.content | trim", "strips the whitespace at the ends of assistant turns"),
        (
            "m.content",
            "m.content | e",
            "changes characters in the content of user turns; records with such characters are refused",
        ),
        (
            "{{ m.content }}",
            "{{ m.content | tojson if m.role == 'assistant' else m.content }}",
            "changes characters in the content of assistant turns; records with such characters are refused",
        ),
        (
            "{% for",
            "<|im_start|>system\nBe good.<|im_end|>\n{% for",
            "writes text of its own before the first user turn: '<|im_start|>system\\nBe good.'",
        ),
        (
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
            "{{ '<|im_start|>assistant\n' }}",
            "writes the generation prompt '<|im_end|>\\n<|im_start|>assistant\\n' after a finished conversation too: "
            "its mask holds that",
        ),
        (
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
            "",
            "has no generation prompt: the model has to write '<|im_start|>assistant\\n' itself",
        ),
        (
            "assistant\n{% endif",
            "assistant\n<think>\n{% endif",
            "begins a finished turn without reasoning with '<|im_end|>\\n<|im_start|>assistant\\n', "
            "but the generation prompt is '<|im_end|>\\n<|im_start|>assistant\\n<think>\\n'",
        ),
        (
            "{% endfor %}",
            "{% if loop.last %}<|endoftext|>{% endif %}{% endfor %}",
            "is not prefix-preserving: an assistant turn is written differently once another turn follows",
        ),
        (
            "<|im_end|>",
            "{{ '' if loop.last else '<|im_end|>' }}",
            "writes no end token after the last assistant turn: a model trained on it does not learn to stop there",
        ),
        (
            "<|im_end|>",
            "~~~",
            "ends a user turn with no single token: only end of text stops the writing of an instruction",
        ),
        (
            "{{ m.content }}",
            "{{ m.reasoning_content if loop.last else '' }}{{ m.content }}",
            "drops the reasoning of all assistant turns but the last",
        ),
    ],
)
def test_what_is_peculiar_is_a_finding(old, new, finding, check):
    assert finding in check(GOOD.replace(old, new))
    assert finding not in check(GOOD)


def test_nothing_to_stop_on_is_a_finding(check):
    findings = check(GOOD.replace("<|im_end|>", "~~~"), eos=None)
    assert (
        "ends an assistant turn with no single token, and there is no end of text: nothing stops a response" in findings
    )


def test_a_date_in_the_text_is_a_finding(tokenizer_for):
    dated = "{{ strftime_now('%A %Y-%m-%d') }}" + GOOD
    template = ChatTemplate(tokenizer_for(dated), date=datetime.date(2026, 1, 2))
    assert "prints the date, held at 2026-01-02" in template.check()


def test_a_slow_tokenizer_is_a_finding():
    tokenizer = ByT5Tokenizer()
    tokenizer.chat_template = GOOD
    assert any("slow tokenizer without character offsets" in finding for finding in ChatTemplate(tokenizer).check())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gemma", "takes no system turns: it says: System role not supported"),
        ("glm4moe", "writes no end token after the last assistant turn"),
        ("gptoss", "prints the date"),
        ("llama3", "strips the whitespace at the ends of assistant turns"),
        ("phi3", "is not prefix-preserving"),
        ("qwen2_5", "writes text of its own before the first user turn: '<|im_start|>system\\nYou are Qwen"),
        ("qwen3", "drops the reasoning of all assistant turns but the last"),
        ("deepseek_r1_distill", "the generation prompt is '<｜Assistant｜><think>\\n'"),
    ],
)
def test_real_templates(name, words, check):
    findings = check(trl_template(name), bos="<s>", eos="</s>")
    assert any(words in finding for finding in findings)
