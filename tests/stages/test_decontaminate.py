"""`decontaminate`: benchmark items that stand in a record, as they are and disguised."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError
from curate.outcome import Outcome
from curate.pipeline import Pipeline
from curate.records.pool import from_rows
from curate.runs.run import Run
from curate.stages.decontaminate import decontaminate

BAKER = (
    "Mira bakes 36 rolls in the morning and sells half of them at the market for 2 dollars each. In the afternoon she "
    "sells the rest for 1 dollar each. How much money does Mira earn in a day?"
)
TRAIN = "A train leaves the station at noon and runs 60 miles an hour. How far has it come when the bell strikes four?"
PANDA = "一只大熊猫每天要吃四十公斤新鲜的竹子，动物园里一共有六只大熊猫，请问饲养员一个星期需要准备多少公斤竹子？"
CODE = '''def running_total(values: list[int]) -> list[int]:
    """Return a list in which every entry is the sum of all the values up to and including that place.
    >>> running_total([1, 2, 3])
    [1, 3, 6]
    """
'''
SHORT = "Name three rivers."
FRUIT = (
    "Mira has 5 apples and Paulo has 7 pears. Mira gives 2 apples to Paulo, and he gives 3 pears to Mira and 1 to Ann. "
    "How many pieces of fruit do Mira and Paulo have in the end?"
)


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    path = tmp_path / "exam.jsonl"
    items = [{"question": BAKER}, {"question": TRAIN}, {"question": PANDA}, {"id": "code/1", "prompt": CODE}]
    path.write_text("".join(json.dumps(item) + "\n" for item in [*items, {"text": SHORT}, {"text": FRUIT}]))
    return path


def record(*turns: str) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[place % 2], "content": turn} for place, turn in enumerate(turns)]}


def applied(benchmark: Path, *conversations: tuple[str, ...], **parameters: Any) -> Outcome:
    rows = [{"id": f"r{number}", **record(*turns)} for number, turns in enumerate(conversations)]
    return decontaminate(from_rows(rows), benchmarks=[benchmark], **parameters)


def hit(benchmark: Path, *turns: str, **parameters: Any) -> str | None:
    """The item that a conversation of these turns is dropped for."""
    dropped = applied(benchmark, turns, **parameters).dropped
    return dropped[0]["detail"]["item"] if len(dropped) else None


def without_spaces_at_random_places(text: str) -> str:
    return "".join(letter for place, letter in enumerate(text) if letter != " " or place % 3)


def with_names_and_numbers_changed(text: str) -> str:
    for before, after in {"Mira": "Anneliese Kofi", "Paulo": "Chen", "7": "1,250", "2": "0.5", "3": "8"}.items():
        text = text.replace(before, after)
    return text


@pytest.mark.parametrize(
    ("text", "item"),
    [
        (BAKER, "1"),
        (BAKER.upper(), "1"),
        (BAKER.lower(), "1"),
        (BAKER.replace(" ", "  \n\t"), "1"),
        (BAKER.replace(".", "!").replace("?", " ..."), "1"),
        (f"Here is a riddle that my teacher gave me today. {BAKER} Please show each step, and check your answer.", "1"),
        (BAKER.replace("Mira", "Joan"), "1"),
        (PANDA, "3"),
        (PANDA.replace("，", " ").replace("？", "?"), "3"),
        (f"老师，我有一个问题：{PANDA}谢谢您！", "3"),
        (PANDA.replace("大熊猫", "大熊猫 ", 1), "3"),
        (f"Complete this:\n```python\n{CODE}\n```", "code/1"),
        (CODE.replace("    ", "\t").replace("running_total", "sums"), "code/1"),
    ],
)
def test_an_item_is_found_however_it_is_dressed(benchmark: Path, text: str, item: str) -> None:
    assert hit(benchmark, text) == item


@pytest.mark.parametrize(("text", "item"), [(BAKER, "1"), (PANDA, "3")])
def test_an_item_that_is_split_over_turns_is_found(benchmark: Path, text: str, item: str) -> None:
    half = len(text) // 2
    assert hit(benchmark, text[:half], "Go on, I am listening.", text[half:]) == item


@pytest.mark.parametrize(
    "text",
    [
        "Write a Python function to sort a list.",
        "How much money does she earn in a day? Explain how a market works.",
        "A baker sells rolls. How many rolls does a baker sell on a day with rain?",
        "How far has it come when the bell strikes four?",  # 10 of an item's 22 words
        "一只大熊猫每天要吃多少竹子？",
        "def running_mean(values: list[int]) -> float:\n    pass",
        "Name three rivers of Europe.",
        "...",
    ],
)
@pytest.mark.parametrize("match", ["words", "templates", "characters"])
def test_what_only_sounds_alike_stays(benchmark: Path, text: str, match: str) -> None:
    assert hit(benchmark, text, match=match) is None


def test_a_share_of_zero_asks_for_any_run_of_eight_words(benchmark: Path) -> None:
    assert hit(benchmark, "How far has it come when the bell strikes four?", share=0) == "2"
    assert hit(benchmark, "How far has it come when the sun sets?", share=0) is None


def test_templates_find_a_problem_with_other_names_and_numbers(benchmark: Path) -> None:
    text = with_names_and_numbers_changed(FRUIT)
    assert hit(benchmark, text) is None
    for disguised in (text, text.upper(), f"Tell me, please: {text} Thank you."):
        assert hit(benchmark, disguised, match="templates") == "6"


def test_templates_find_code_with_other_identifiers(benchmark: Path) -> None:
    text = CODE.replace("running_total", "sums_so_far").replace("values", "entries_of_the_list").replace("value", "x")
    assert hit(benchmark, text) is None
    assert hit(benchmark, text, match="templates") == "code/1"


def test_characters_find_a_text_whose_spaces_were_moved(benchmark: Path) -> None:
    text = without_spaces_at_random_places(BAKER)
    assert hit(benchmark, text) is None
    assert hit(benchmark, text, match="characters") == "1"
    assert hit(benchmark, CODE.replace(" ", "").replace("_", ""), match="characters") == "code/1"
    assert hit(benchmark, " ".join(PANDA), match="characters") == "3"


@pytest.mark.parametrize("match", ["words", "templates", "characters"])
def test_an_item_shorter_than_a_run_is_found_where_a_turn_is_just_that(benchmark: Path, match: str) -> None:
    assert hit(benchmark, "name three rivers", match=match) == "5"
    assert hit(benchmark, "Hello!", "Hello, how can I help?", SHORT, match=match) == "5"
    assert hit(benchmark, "Name four rivers.", match=match) is None


CITIES = ["Lilongwe", "Zomba", "Mzuzu", "Blantyre"]
CAPITAL = {"id": "capital", "question": "What is the capital of Malawi?", "choices": CITIES, "answer": 0}  # six words
TRUE = {
    "id": "true",
    "question": "Which of the following is true?",
    "choices": ["Whales are fish", "Copper is a metal", "Snow is warm", "Lions eat grass"],
}
CHINESE = {"id": "zh", "question": "马拉维的首都是哪里？"}
SUM = {"id": "sum", "problem": "What is 17 + 26?", "answer": "43"}
HELLO = {"id": "hello", "question": "Say hello."}


def short_hit(tmp_path: Path, *turns: str, **parameters: Any) -> str | None:
    """The item that a conversation of these turns is dropped for, of a benchmark of short items."""
    path = tmp_path / "short.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in (CAPITAL, TRUE, CHINESE, SUM, HELLO)))
    return hit(path, *turns, **parameters)


@pytest.mark.parametrize("match", ["words", "templates", "characters"])
@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("What is the capital of Malawi?\nA. Lilongwe\nB. Zomba\nC. Mzuzu\nD. Blantyre", "capital"),
        ("Question: What is the capital of Malawi?\nAnswer:", "capital"),
        ("I am off to a quiz. Then answer this: what is the capital of Malawi? And name ten teams.", "capital"),
        ("Hello there, and tell me please: what is the capital of Malawi", "capital"),
        ("老师您好，请问马拉维的首都是哪里？谢谢您的回答", "zh"),
        ("Which of the following is true? A) Whales are fish B) Copper is a metal C) Snow is warm", "true"),
        ("Which of the following is true?\nWhales are fish\nCopper is a metal\nSnow is warm", "true"),
        ("which of the following is true", "true"),
    ],
)
def test_a_short_item_is_found_inside_a_chat_and_with_its_choices(
    tmp_path: Path, text: str, item: str, match: str
) -> None:
    assert short_hit(tmp_path, text, match=match) == item


@pytest.mark.parametrize("match", ["words", "templates", "characters"])
@pytest.mark.parametrize(
    "text",
    [
        "Which of the following is true? A) Every prime number is odd B) Two times two makes five",
        "What is the capital of Malawi known for, besides its markets?",
        "What is the capital of Malawi's neighbour?",
        "What is the capital of Mali?",
        "What is 17 + 26.5?",
        "Please say hello. Then we begin.",
        "我想知道马拉维的首都是哪里人建的",
    ],
)
def test_a_short_item_is_not_found_in_what_goes_on_otherwise(tmp_path: Path, text: str, match: str) -> None:
    assert short_hit(tmp_path, text, match=match) is None


def test_the_counters_say_how_many_items_are_only_found_as_a_whole_turn(tmp_path: Path) -> None:
    items = [CAPITAL, TRUE, {"id": "bare", "question": "Which of these is false?"}, HELLO, CHINESE]
    (tmp_path / "short.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    (tmp_path / "pool.jsonl").write_text("".join(json.dumps({"id": n, **record("Good day!")}) + "\n" for n in "abc"))
    expected = {"items hit short": 0, "records hit short": 0, "items of short only found as a whole turn": 2}
    assert applied(tmp_path / "short.jsonl", ("Good day!",)).stats == expected
    stages = [
        {"load": {"path": str(tmp_path / "pool.jsonl")}},
        {"decontaminate": {"benchmarks": [str(tmp_path / "short.jsonl")]}},
    ]
    run = Run(Pipeline({"shard_rows": 1, "stages": stages}), tmp_path / "run")
    run.execute()
    assert run.reports[1].stats == expected


@pytest.mark.parametrize(
    "item",
    [
        {"choices": ["red paint", "blue paint", "green paint"]},
        {"options": {"A": "red paint", "B": "blue paint", "C": "green paint"}},
        {"choices": {"label": ["A", "B", "C"], "text": ["red paint", "blue paint", "green paint"]}},
        {"choices": [{"text": "red paint"}, {"text": "blue paint"}, {"text": "green paint"}]},
        {"answer": "It is red paint and blue paint and green paint."},
    ],
)
def test_choices_are_read_in_each_common_shape(tmp_path: Path, item: dict[str, Any]) -> None:
    (tmp_path / "items.jsonl").write_text(json.dumps({"question": "Which of these?", **item}))
    text = "Which of these? A. red paint B. blue paint C. green paint"
    if "answer" in item:
        text = f"Which of these? {item['answer']}"
    assert hit(tmp_path / "items.jsonl", text) == "1"
    assert hit(tmp_path / "items.jsonl", "Which of these? A. red wine B. blue ink C. green tea") is None


def test_responses_are_searched_when_asked_for(benchmark: Path) -> None:
    turns = ("Give me an exercise.", BAKER)
    assert [hit(benchmark, *turns, on=on) for on in ("instruction", "response", "both")] == [None, "1", "1"]


def test_the_detail_shows_both_texts_and_what_else_was_hit(benchmark: Path) -> None:
    outcome = applied(benchmark, (f"Solve: {BAKER} And then this one: {TRAIN[:100]}",))
    (row,) = outcome.dropped
    detail = row["detail"]
    assert row["reason"] == "contaminated"
    assert (detail["benchmark"], detail["item"], detail["share"], detail["threshold"]) == ("exam", "1", 1, 0.5)
    assert detail["in_benchmark"].startswith("mira bakes 36 rolls")
    assert detail["in_record"].startswith("mira bakes 36 rolls")
    assert detail["also"] == [{"benchmark": "exam", "item": "2"}]


def test_the_counters_say_how_many_records_hit_each_benchmark_and_item(benchmark: Path, tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text(json.dumps({"question": "Where do the swallows go when the winter comes?"}))
    rows = [{"id": str(n), **record(text)} for n, text in enumerate([BAKER, BAKER.upper(), TRAIN, "Something else."])]
    outcome = decontaminate(from_rows(rows), benchmarks=[benchmark, tmp_path / "other.jsonl"])
    assert outcome.stats == {
        "items hit exam": 2,
        "items hit other": 0,
        "items of exam only found as a whole turn": 1,
        "records hit exam": 3,
        "records hit other": 0,
        "records hit exam, item 1": 2,
        "records hit exam, item 2": 1,
    }


def test_a_long_excerpt_is_cut_in_the_middle(tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(200))
    (tmp_path / "long.jsonl").write_text(json.dumps({"text": text}))
    shown = applied(tmp_path / "long.jsonl", (text,)).dropped[0]["detail"]["in_record"]
    assert shown == f"{text[:200]} … {text[-200:]}"


@pytest.mark.parametrize(
    "item",
    [
        {"question": TRAIN},
        {"problem": TRAIN},
        {"prompt": TRAIN},
        {"instruction": "Answer.", "input": TRAIN},
        {"query": TRAIN},
        {"text": TRAIN},
        {"turns": ["And now something about trains, my friend.", TRAIN]},
        {"messages": [{"role": "user", "content": TRAIN}, {"role": "assistant", "content": "240 miles"}]},
    ],
)
def test_the_text_of_an_item_is_found_by_its_key(tmp_path: Path, item: dict[str, Any]) -> None:
    (tmp_path / "items.jsonl").write_text(json.dumps(item))
    assert hit(tmp_path / "items.jsonl", TRAIN) == "1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"title": "x", "body": "y"}', "items.jsonl:1: one of the keys 'messages', 'turns', .* found 'title', 'body'"),
        ('{"question": 7}', "items.jsonl:1: question must be a text or a list of texts, found 7"),
        ('{"text": "fine"}\n{"text": ', "items.jsonl:2: not JSON"),
        ("", "items.jsonl holds no items"),
    ],
)
def test_a_benchmark_without_texts_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "items.jsonl").write_text(content)
    with pytest.raises(CurateError, match=rf"decontaminate: benchmarks: .*{message}"):
        hit(tmp_path / "items.jsonl", "x")


def test_a_benchmark_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CurateError, match=r"decontaminate: benchmarks: there is no file .*exam.jsonl"):
        hit(tmp_path / "exam.jsonl", "x")


def test_a_benchmark_that_changes_is_read_again(benchmark: Path) -> None:
    assert hit(benchmark, TRAIN) == "2"
    benchmark.write_text(json.dumps({"question": BAKER}))
    os.utime(benchmark, ns=(1, 1))
    assert hit(benchmark, TRAIN) is None


def test_a_run_gives_the_same_in_shards_and_a_changed_benchmark_runs_it_again(benchmark: Path, tmp_path: Path) -> None:
    texts = ["Hello there!", BAKER, "Something else.", TRAIN, "Good bye!", BAKER.upper()]
    (tmp_path / "pool.jsonl").write_text(
        "".join(json.dumps({"id": str(n), **record(t)}) + "\n" for n, t in enumerate(texts))
    )
    stages = [{"load": {"path": str(tmp_path / "pool.jsonl")}}, {"decontaminate": {"benchmarks": [str(benchmark)]}}]
    run = Run(Pipeline({"shard_rows": 2, "stages": stages}), tmp_path / "run")
    assert list(run.execute()["id"]) == ["0", "2", "4"]
    assert run.reports[1].stats == {
        "items hit exam": 2,
        "items of exam only found as a whole turn": 1,
        "records hit exam": 3,
        "records hit exam, item 1": 2,
        "records hit exam, item 2": 1,
    }

    benchmark.write_text(json.dumps({"question": TRAIN}))
    again = Run(Pipeline({"shard_rows": 2, "stages": stages}), tmp_path / "run")
    assert list(again.execute()["id"]) == ["0", "1", "2", "4", "5"]
    assert [report.cached for report in again.reports] == [True, False]
