"""What the console shows of the records that went."""

from __future__ import annotations

from curate import load, screen
from curate.report.examples import example_lines


def conversation(number: int, answer: str) -> dict[str, object]:
    question = {"role": "user", "content": f"What is number {number}?\nTell me."}
    turns = [question, {"role": "assistant", "content": answer}]
    return {"id": f"r{number}", "messages": turns}


def test_each_reason_has_its_number_and_its_first_records_with_the_numbers_behind_it() -> None:
    loop = "ha " * 60
    rows = [conversation(1, ""), conversation(2, loop), conversation(3, loop), conversation(4, loop)]
    first, *examples, other, single = example_lines("screen", screen(rows).dropped)
    assert first == "screen, 3 repeated characters:"
    assert [line.split(":")[0] for line in examples] == ["  r2", "  r3"]
    assert examples[0].startswith("  r2: What is number 2? Tell me. → ha ha ha")
    assert examples[0].endswith("… (text response, share 1, threshold 0.3)")
    assert (other, single.split(":")[0]) == ("screen, 1 empty:", "  r1")


def test_lines_that_could_not_be_read_are_shown_too(tmp_path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_text('{"messages": \n{"instruction": "Hi", "output": "Hello."}\n')
    reason, line = example_lines("load", load(path).dropped)
    assert reason.startswith("load, 1 not JSON: ")
    assert str(path) in line


def test_nothing_is_said_where_nothing_went() -> None:
    assert example_lines("screen", screen([conversation(1, "It is one.")]).dropped) == []
