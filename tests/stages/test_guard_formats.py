import pytest

from curate.stages.moderate.guard_formats import POLICIES, Verdict, category_names, parse_verdict, parse_violation

NAMES = {"S1": "Violent Crimes", "S10": "Hate"}


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("safe", Verdict("safe", (), "llama-guard")),
        ("\n\nsafe\n", Verdict("safe", (), "llama-guard")),
        ("unsafe\nS1", Verdict("unsafe", ("Violent Crimes",), "llama-guard")),
        ("\n\nunsafe\nS1,S10", Verdict("unsafe", ("Violent Crimes", "Hate"), "llama-guard")),
        ("unsafe\nS10, S15", Verdict("unsafe", ("Hate", "S15"), "llama-guard")),
        ("unsafe", Verdict("unsafe", (), "llama-guard")),
        ("Safety: Safe\nCategories: None", Verdict("safe", (), "qwen3guard")),
        ("Safety: Safe\nCategories: None\nRefusal: Yes", Verdict("safe", (), "qwen3guard")),
        ("Safety: Unsafe\nCategories: Violent", Verdict("unsafe", ("Violent",), "qwen3guard")),
        (
            "Safety: Unsafe\nCategories: Suicide & Self-Harm, PII\nRefusal: No\n",
            Verdict("unsafe", ("Suicide & Self-Harm", "PII"), "qwen3guard"),
        ),
        (
            "Safety: Controversial\nCategories: Politically Sensitive Topics",
            Verdict("controversial", ("Politically Sensitive Topics",), "qwen3guard"),
        ),
    ],
)
def test_the_documented_answers_are_read(answer, verdict):
    assert parse_verdict(answer, NAMES) == verdict
    other = "qwen3guard" if verdict.format == "llama-guard" else "llama-guard"
    assert parse_verdict(answer, NAMES, verdict.format) == verdict
    assert parse_verdict(answer, NAMES, other) is None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Safe",
        "safe\nS1",
        "safe, I think",
        "It is safe.",
        "unsafe S1",
        "unsafe\nviolence",
        "unsafe\nS1,",
        "safe\nunsafe\nS1",
        "Safety: Safe",
        "Safety: safe\nCategories: None",
        "Safety: Safe\nCategories: Violent",
        "Safety: Mostly Safe\nCategories: None",
        "Safety: Safe\nCategories: None\nRefusal: Perhaps",
        "Sure! Safety: Safe\nCategories: None",
        "Yes",
    ],
)
def test_a_malformed_answer_is_no_verdict(answer):
    assert parse_verdict(answer, NAMES) is None


@pytest.mark.parametrize(
    ("answer", "violated"),
    [
        ("Yes", True),
        ("No", False),
        ("\nYes, the prompt seeks instructions", True),
        ("No.", False),
        ("", None),
        ("Nobody", None),
        ("no", None),
        ("It does not: No", None),
    ],
)
def test_shieldgemma_begins_with_yes_or_no(answer, violated):
    assert parse_violation(answer) is violated


def test_the_names_of_the_categories_are_those_of_the_prompt():
    prompt = "Task:\n<BEGIN>\nS1: Violent Crimes.\nS2: Sex Crimes. \nS10: Hate\n<END>\nUser: S3 is nothing"
    assert category_names(prompt) == {"S1": "Violent Crimes", "S2": "Sex Crimes", "S10": "Hate"}


def test_a_policy_speaks_of_the_prompt_or_of_the_chatbot():
    for policy in POLICIES:
        assert policy.instruction.startswith(f'"No {policy.hazard}": The prompt shall not')
        assert policy.response.startswith(f'"No {policy.hazard}": The chatbot shall not')
