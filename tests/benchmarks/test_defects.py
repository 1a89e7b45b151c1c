"""The pools of benchmarks/defects.py: as many defects as they say, the same from the same seed, and counted right."""

import json
import random
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from defects import left
from defects_first import First
from defects_pool import CLEAN, DEFECTS, REPEATS, write_pool
from defects_second import Second
from defects_sources import read_sources

RECORDS = 500
WORLDS = pytest.mark.parametrize("world", [First, Second])


def word(rng):
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(3))


def sentence(rng, words):
    return f'It\'s the {" ".join(word(rng) for _ in range(words))} of a "{word(rng)}".'


def solved(rng):
    first, second = rng.randint(11, 99), rng.randint(11, 99)
    total = first + second
    question = f"{word(rng)} has {first} {word(rng)} and {second} {word(rng)} in the {word(rng)}. How many is that?"
    steps = f"There are {first} + {second} = <<{first}+{second}={total}>>{total} of them.\n"
    return question, f"{steps}Twice that is {total} * 2 = <<{total}*2={2 * total}>>{2 * total}.\n#### {2 * total}"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data directory with made-up sets in the shapes of the real ones."""
    folder, rng = tmp_path_factory.mktemp("data"), random.Random(0)

    def write(name, rows):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def pair():
        asked = f"Tell me about the {' '.join(word(rng) for _ in range(8))} please."
        answer = " ".join(sentence(rng, 6) for _ in range(5))
        return {"instruction": asked, "input": "", "output": answer}

    write("gpteacher_roleplay", [pair() for _ in range(400)])
    write("codealpaca", [pair() for _ in range(300)])
    write("gsm8k_train", [dict(zip(("question", "answer"), solved(rng), strict=True)) for _ in range(500)])
    write("gsm8k_test", [dict(zip(("question", "answer"), solved(rng), strict=True)) for _ in range(40)])
    write("humaneval", [{"prompt": "def f(a):\n", "canonical_solution": "    return a\n"}])
    write("mt_bench", [{"turns": [sentence(rng, 12), sentence(rng, 12)]}])
    seeds = [pair() for _ in range(20)]
    write("self_instruct_seeds", [{**row, "instances": [{"input": "", "output": row["output"]}]} for row in seeds])
    asked = [pair() for _ in range(100)]
    generators = [world.GENERATORS[n] for world in (First, Second) for n in (0, 1, 2)]
    rows = [
        {"instruction": row["instruction"], "output": f"{sentence(rng, 5)} {row['output']}", "generator": generator}
        for row in asked
        for generator in generators
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "multi_response.parquet")
    return folder


def lines(path):
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def pools(data, tmp_path_factory):
    """The folder of one pool of each world."""
    folder = tmp_path_factory.mktemp("pools")
    for world in (First, Second):
        write_pool(world, data, RECORDS, 7, folder / world.__name__)
    return folder


@WORLDS
def test_every_kind_has_its_rate(pools, world):
    counts = Counter(row["kind"] for row in lines(pools / world.__name__ / "key.jsonl"))
    planted = {
        kind: round(RECORDS * rate / 1000) for kinds in (DEFECTS, REPEATS, CLEAN) for kind, rate in kinds.items()
    }
    assert counts == Counter({**planted, "clean": RECORDS - sum(planted.values())})


@WORLDS
def test_the_same_seed_gives_the_same_pool_and_another_seed_another(pools, data, tmp_path, world):
    for seed in (7, 8):
        write_pool(world, data, RECORDS, seed, tmp_path / str(seed))
    for name in ("pool.jsonl", "key.jsonl"):
        first = (pools / world.__name__ / name).read_bytes()
        assert (tmp_path / "7" / name).read_bytes() == first
        assert (tmp_path / "8" / name).read_bytes() != first


@WORLDS
def test_the_marks_stand_in_the_records_and_an_id_says_nothing(pools, world):
    texts = {
        row["id"]: "".join(turn["content"] for turn in row["messages"])
        for row in lines(pools / world.__name__ / "pool.jsonl")
    }
    key = lines(pools / world.__name__ / "key.jsonl")
    marked = [row for row in key if row["marks"]]
    assert {"mojibake", "HTML residue", "template debris", "control tokens", "personal data"} == {
        r["kind"] for r in marked
    }
    for row in marked:
        assert any(mark.strip() in texts[row["id"]] for mark in row["marks"]), row
    assert list(texts) == [f"r{number:06d}" for number in range(RECORDS)]


@WORLDS
def test_of_an_untouched_pool_everything_is_left_and_nothing_is_lost(pools, world):
    folder = pools / world.__name__
    texts = {
        row["id"]: "\n\n".join(turn["content"] for turn in row["messages"]) for row in lines(folder / "pool.jsonl")
    }
    remaining, lost, sizes = left(lines(folder / "key.jsonl"), texts)
    assert lost == set()
    assert {kind: count for kind, count in sizes.items() if kind not in CLEAN and kind != "clean"} == dict(remaining)


def test_what_is_mended_is_not_left_and_a_repeat_counts_beside_its_original_only():
    def row(name, kind, sort, group="", marks=()):
        return {"id": name, "kind": kind, "class": sort, "group": group or name, "marks": list(marks)}

    key = [
        row("a", "HTML", "defect", marks=["<p>", "</p>"]),
        row("b", "HTML", "defect", marks=["<p>", "</p>"]),
        row("c", "clean", "clean"),
        row("d", "copy", "repeat", "c"),
        row("e", "clean", "clean"),
        row("f", "copy", "repeat", "e"),
        row("g", "clean", "clean"),
    ]
    remaining, lost, sizes = left(key, {"a": "mended", "b": "one </p>", "c": "x", "d": "x", "f": "y"})
    assert remaining == Counter({"HTML": 1, "copy": 1})
    assert (lost, sizes["clean"]) == ({"g"}, 3)


def test_false_sums_refusals_and_twins_are_no_clean_pairs(data, tmp_path):
    for path in data.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    question = "Ada has 3 pears and buys 4 from the man at the market. How many are in her basket now?"
    with (tmp_path / "gsm8k_train.jsonl").open("a") as file:
        print(json.dumps({"question": question, "answer": "She has 3+4 = <<3+4=8>>8.\n#### 8"}), file=file)
    rows = [
        ("Name the tallest mountain of the Alps.", "I'm sorry, I can't help with that."),
        ("Name a river.", "The Po."),
    ]
    with (tmp_path / "gpteacher_roleplay.jsonl").open("a") as file:
        for asked, answer in [*rows, ("Name a river", "The Rhine.")]:
            print(json.dumps({"instruction": asked, "input": "", "output": answer}), file=file)
    clean = read_sources(data, First.GENERATORS, 1, backwards=False, result="{}").left_out
    spoilt = read_sources(tmp_path, First.GENERATORS, 1, backwards=False, result="{}").left_out
    assert spoilt - clean == Counter({"wrong sum": 1, "refusal": 1, "near twin": 1})
