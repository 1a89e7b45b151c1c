"""What each trainer makes of its file, by its own rules, against what `prepare` proves."""

import json

import pytest

from curate import CurateError, export
from tests.chat.conversations import assistant, user
from tests.exports.records import CALLED, PLAIN, REASONED, SYSTEM, TOOL

TWO = [*PLAIN, user("And of Italy?"), assistant("The Po.")]
SAME = {
    ("trl", "llama3"): [PLAIN, SYSTEM, TWO],
    ("trl", "gemma"): [PLAIN, TWO],
    ("trl", "qwen3"): [PLAIN, REASONED],
    ("trl:prompt-completion", "qwen2_5"): [PLAIN, SYSTEM, TWO],
    ("trl:prompt-completion", "gptoss"): [PLAIN, REASONED, TWO],
    ("axolotl", "llama3"): [PLAIN, SYSTEM, TWO],
    ("llama-factory", "qwen2_5"): [PLAIN, SYSTEM, TWO],
    ("llama-factory", "qwen3"): [PLAIN, REASONED],
    ("ms-swift", "llama3"): [PLAIN, SYSTEM, TWO],
    ("verl", "qwen2_5"): [PLAIN, TWO],
    ("verl", "llama3"): [PLAIN, SYSTEM, TWO],
}
OTHER = {  # what a trainer does otherwise, known from its code
    ("trl", "qwen2_5"): "the text is the same, but it learns '\\n'",
    ("trl", "gptoss"): "the text is the same, but it learns '<|start|>assistant'",
    ("trl", "llama3_2"): "TRL has no training template for this chat template, and refuses assistant_only_loss",
    ("axolotl", "qwen2_5"): "the text is the same, but it does not learn '\\n'",
    ("ms-swift", "qwen2_5"): "the text lacks '\\n' at its end",
    ("verl", "qwen3"): "it renders message by message and stops",
    ("verl", "gemma"): "the template refuses what the trainer gives it: Conversation roles must alternate",
    ("llama-factory", "gemma"): "it cannot parse this chat template (System role not supported)",
}


def exported(name, family, conversations, target_of, directory):
    to, _, form = name.partition(":")
    records = [{"messages": messages} for messages in conversations]
    return export(records, to=to, form=form or None, output=directory, target=str(target_of(family)))


@pytest.mark.parametrize(("name", "family"), SAME)
def test_the_trainer_makes_the_text_and_the_mask_that_prepare_proves(name, family, target_of, tmp_path):
    made = exported(name, family, SAME[name, family], target_of, tmp_path / "out")
    assert made.proof.same, made.proof
    assert "proven" in "\n".join(made.lines())


@pytest.mark.parametrize(("name", "family"), OTHER)
def test_what_the_trainer_does_otherwise_is_told_and_counted(name, family, target_of, tmp_path):
    made = exported(name, family, [PLAIN], target_of, tmp_path / "out")
    (kind,) = made.proof.differences
    assert kind.startswith(OTHER[name, family])
    assert f"1 of 1 differ: {kind}" in "\n".join(made.lines())
    assert json.loads((tmp_path / "out/export.json").read_text())["differences"] == {kind: 1}


def test_reasoning_inline_in_a_template_that_knows_none_is_told_with_the_text(target_of, tmp_path):
    made = exported("llama-factory", "qwen2_5", [REASONED], target_of, tmp_path / "out")
    (example,) = made.proof.examples.values()
    assert "'<think>\\nTwo and two.\\n</t' for '4<|im_end|>\\n'" in example
    assert "the target's template shows no reasoning, and 1 records have some" in made.notes


def test_gpt_oss_reads_its_reasoning_from_the_file(target_of, tmp_path):
    made = exported("trl:prompt-completion", "gptoss", [REASONED], target_of, tmp_path / "out")
    (row,) = map(json.loads, (tmp_path / "out/train.jsonl").read_text().splitlines())
    assert row["completion"] == [{"role": "assistant", "content": "4", "thinking": "Two and two."}]
    assert made.proof.same


def test_reasoning_that_earlier_turns_lose_is_told(target_of, tmp_path):
    twice = [*REASONED, user("3 + 3?"), assistant("6", "Three and three.")]
    made = exported("trl", "qwen3", [twice], target_of, tmp_path / "out")
    assert list(made.proof.differences) == ["the text is another one than the template writes"]


@pytest.mark.parametrize(
    ("to", "form", "family"),
    [("trl", "prompt-completion", "qwen2_5"), ("trl", "prompt-completion", "qwen3"), ("axolotl", None, "llama3_1")],
)
def test_tools_and_calls_go_through(to, form, family, target_of, tmp_path):
    records = [{"messages": CALLED, "tools": [TOOL]}, {"messages": PLAIN}]
    made = export(records, to=to, form=form, output=tmp_path / "out", target=str(target_of(family)))
    assert made.proof.same, made.proof
    assert not made.left_out


def test_what_a_trainer_makes_of_arguments_is_told(target_of, tmp_path):
    records = [{"messages": CALLED, "tools": [TOOL]}]
    made = export(records, to="verl", output=tmp_path / "out", target=str(target_of("qwen2_5")))
    (example,) = made.proof.examples.values()
    assert """for '{"city": "Rome"}}""" in example


def test_openai_is_compared_without_a_tokenizer(tmp_path):
    made = export([{"messages": REASONED}], to="openai", output=tmp_path / "out")
    lines = "\n".join(made.lines())
    assert "read back: all 1 conversations are the same" in lines
    assert "reasoning_content is left out of 1 records: OpenAI has no place for it" in lines


def test_records_that_the_template_refuses_are_left_out_and_counted(target_of, tmp_path):
    made = exported("trl", "gemma", [PLAIN, SYSTEM], target_of, tmp_path / "out")
    (reason,) = made.left_out
    assert reason.startswith("the chat template of gemma takes no system turns")
    assert made.files == {"train.jsonl": 1}


def test_records_without_an_answer_are_left_out(target_of, tmp_path):
    made = exported("trl", "llama3", [PLAIN, PLAIN[:1]], target_of, tmp_path / "out")
    assert made.left_out == {"the loss mask covers no token": 1}


def test_records_with_control_tokens_are_left_out(target_of, tmp_path):
    made = exported("trl", "llama3", [PLAIN, [user("Say <|eot_id|>"), assistant("No.")]], target_of, tmp_path / "out")
    assert made.left_out == {"a text holds control tokens of the template, which would take effect": 1}


def test_lines_that_cannot_be_read_are_counted(tmp_path):
    (tmp_path / "pool.jsonl").write_text(json.dumps({"messages": PLAIN}) + "\n{broken\n")
    made = export(tmp_path / "pool.jsonl", to="openai", output=tmp_path / "out")
    assert "left out 1: the line could not be read" in list(made.lines())


def test_nothing_left_is_an_error_with_the_reason(target_of, tmp_path):
    with pytest.raises(CurateError, match="no record is left for train: 1 left out, the loss mask covers no token"):
        exported("trl", "llama3", [PLAIN[:1]], target_of, tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"to": "trl"}, "export: which model will be trained?"),
        ({"to": "openai", "split": 1.5}, "export: split must lie between 0 and 1, found 1.5"),
        ({"to": "preference"}, "export: preference pairs are made by a score of the candidates; name it: --by reward"),
        ({"to": "trl", "target": "no/such/dir/here"}, "export: target: there is no directory"),
    ],
)
def test_wrong_arguments_are_told(arguments, message, tmp_path):
    with pytest.raises(CurateError) as error:
        export([{"messages": PLAIN}], output=tmp_path / "out", **arguments)
    assert message in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_directory_with_other_files_is_not_written_to(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CurateError, match="holds files that no export made; name another directory"):
        export([{"messages": PLAIN}], to="openai", output=tmp_path)


def test_a_date_in_the_template_is_told(target_of, tmp_path):
    made = exported("axolotl", "llama3_2", [PLAIN], target_of, tmp_path / "out")
    assert "the template prints the date" in "\n".join(made.notes)


def test_an_export_replaces_an_earlier_one(tmp_path):
    records = [{"messages": [user(f"Say {word}."), assistant(word)]} for word in ("apple", "pear", "stone", "river")]
    export(records, to="openai", output=tmp_path / "out", split=0.25)
    export(records, to="openai", output=tmp_path / "out")
    assert not (tmp_path / "out/validation.jsonl").exists()
    assert len((tmp_path / "out/train.jsonl").read_text().splitlines()) == 4
