import pytest

from curate import prepare
from curate.records.pool import from_rows


def conversation(answer, question="What is a lake?", name="a"):
    return from_rows(
        [{"id": name, "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}]
    )


def test_a_record_that_trains_is_kept_with_its_length_and_supervised_tokens(base):
    (record,) = prepare(conversation("Water."), target=base.chat).kept.to_list()
    tokens = base.chat.tokenize(record["messages"])
    assert record["scores"] == {"length": len(tokens.input_ids), "supervised": sum(tokens.assistant_mask)}
    assert 0 < record["scores"]["supervised"] < record["scores"]["length"]


def test_a_record_that_a_trainer_would_cut_is_dropped(base):
    (gone,) = prepare(conversation("Water. " * 50), target=base.chat, max_length=20).dropped.to_list()
    assert (gone["reason"], gone["detail"]["max_length"]) == ("too long", 20)
    assert gone["detail"]["tokens"] > 20


@pytest.mark.parametrize(
    ("answer", "question", "role"), [("a<|im_end|>b", "?", "assistant"), ("a", "<|im_start|>", "user")]
)
def test_control_tokens_in_a_text_are_found(base, answer, question, role):
    (gone,) = prepare(conversation(answer, question), target=base.chat).dropped.to_list()
    token = "<|im_end|>" if role == "assistant" else "<|im_start|>"
    assert (gone["reason"], gone["detail"]) == ("control tokens", {"role": role, "tokens": [token]})


def test_added_tokens_cost_a_record_only_where_the_template_names_them():
    from transformers import AutoTokenizer

    from curate.chat import ChatTemplate
    from tests.conftest import BASE

    tokenizer = AutoTokenizer.from_pretrained(BASE)
    tokenizer.add_tokens(["benzene", "<step>"])
    tokenizer.chat_template += "{# <step> #}"
    records = from_rows(conversation("It is benzene.").to_list() + conversation("<step>One", name="b").to_list())
    outcome = prepare(records, target=ChatTemplate(tokenizer))
    assert outcome.kept["id"] == ["a"]
    (gone,) = outcome.dropped.to_list()
    assert (gone["id"], gone["detail"]["tokens"]) == ("b", ["<step>"])


def test_a_conversation_that_the_template_refuses_is_dropped_with_its_error(base):
    from transformers import AutoTokenizer

    from curate.chat import ChatTemplate
    from tests.conftest import BASE

    tokenizer = AutoTokenizer.from_pretrained(BASE)
    tokenizer.chat_template = (
        "{% if messages | length > 2 %}{{ raise_exception('one round only') }}{% endif %}" + tokenizer.chat_template
    )
    turns = [{"role": role, "content": "x"} for role in ("user", "assistant", "user", "assistant")]
    outcome = prepare(from_rows([{"id": "a", "messages": turns}]), target=ChatTemplate(tokenizer))
    (gone,) = outcome.dropped.to_list()
    assert gone["reason"] == "does not render"
    assert "one round only" in gone["detail"]["error"]


def test_every_assistant_turn_is_supervised(base):
    turns = [{"role": role, "content": f"text {n}"} for n, role in enumerate(("user", "assistant") * 3)]
    (record,) = prepare(from_rows([{"id": "a", "messages": turns}]), target=base.chat).kept.to_list()
    tokens = base.chat.tokenize(record["messages"])
    learned = base.chat.tokenizer.decode([t for t, m in zip(tokens.input_ids, tokens.assistant_mask, strict=True) if m])
    assert [f"text {n}" in learned for n in range(6)] == [False, True] * 3


def test_a_conversation_with_nothing_to_learn_is_dropped(base):
    """A template that ends no turn, and an empty answer: the loss mask covers nothing."""
    from transformers import AutoTokenizer

    from curate.chat import ChatTemplate
    from tests.conftest import BASE

    tokenizer = AutoTokenizer.from_pretrained(BASE)
    tokenizer.chat_template = (
        "{% for m in messages %}{{ 'Q: ' if m.role == 'user' else '' }}{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}{% endif %}"
    )
    (gone,) = prepare(conversation(""), target=ChatTemplate(tokenizer)).dropped.to_list()
    assert gone["reason"] == "nothing to train on"
    assert gone["detail"]["tokens"] > 0
