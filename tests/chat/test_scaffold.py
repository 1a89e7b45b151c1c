"""What stands around the contents of a conversation, without any template."""

import pytest

from curate.chat.scaffold import ContentChanged, Mark, Scaffold, Slot, TurnShape, cut, sentinels, shape_of, shared_start
from tests.chat.conversations import assistant, turns

QUESTION, REASONING, ANSWER = Slot(0, "content"), Slot(1, "reasoning"), Slot(1, "content")
SCAFFOLD = Scaffold(["Q:", "\nA:", "."], [QUESTION, ANSWER], [(Mark(1, 3), Mark(2, 1))])  # the answer and its full stop


def test_a_rendering_is_cut_at_its_sentinels():
    rendered = cut(f"Q:{QUESTION.sentinel}\nA:({REASONING.sentinel}){ANSWER.sentinel}.")
    assert rendered.gaps == ["Q:", "\nA:(", ")", "."]
    assert rendered.slots == [QUESTION, REASONING, ANSWER]
    assert (rendered.after(QUESTION), rendered.after(ANSWER)) == ("\nA:(", ".")


def test_the_shape_holds_roles_reasoning_and_blank_contents():
    messages = [*turns("Hi", " \n"), *turns("So?"), assistant("Ho", "Hm.")]
    assert shape_of(messages) == (
        TurnShape("user", None, False),
        TurnShape("assistant", " \n", False),
        TurnShape("user", None, False),
        TurnShape("assistant", None, True),
    )
    assert shape_of(sentinels(shape_of(messages))) == shape_of(messages)


@pytest.mark.parametrize(
    ("contents", "written"),
    [
        (("Hi", "Ho"), "Ho."),
        (("\nA:", "\nA:."), "\nA:.."),  # what looks like the scaffold
        (("Hi", " Ho\n"), " Ho\n."),
    ],
)
def test_the_spans_are_what_the_model_writes(contents, written):
    text = "Q:{}\nA:{}.".format(*contents)
    ((begin, end),) = SCAFFOLD.spans(text, contents)
    assert text[begin:end] == written


def test_contents_that_the_template_stripped_still_match():
    assert SCAFFOLD.gap_starts("Q:Hi\nA:Ho.", [" Hi", "Ho\n"]) == [0, 4, 9]


@pytest.mark.parametrize(("text", "slot"), [("Q:hi\nA:Ho.", 0), ("Q:Hi\nA:ho.", 1), ("Q:Hi\nA:Ho.!", 1)])
def test_a_content_that_was_changed_is_named(text, slot):
    with pytest.raises(ContentChanged) as changed:
        SCAFFOLD.spans(text, ["Hi", "Ho"])
    assert changed.value.slot == slot


def test_shared_start_counts_the_characters_in_common():
    assert [shared_start("abc", "abd"), shared_start("", "a"), shared_start("ab", "ab")] == [2, 0, 2]
