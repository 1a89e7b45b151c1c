"""The shipped recipes that run on a laptop, made smaller."""

import itertools
import json

import pytest

from curate.pipeline import Pipeline
from curate.runs.run import Run
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def multiturn(tmp_path_factory):
    """What quickstart-multiturn.yaml makes of 16 instructions."""
    recipe = Pipeline.from_yaml(
        ROOT / "pipelines/quickstart-multiturn.yaml", ["synthesize.count=16", "diversify.count=10"]
    )
    return Run(recipe, tmp_path_factory.mktemp("multiturn")).execute()


def test_the_conversations_have_two_or_three_turns_in_strict_alternation(multiturn):
    shapes = {"".join(message["role"][0] for message in messages) for messages in multiturn["messages"]}
    assert len(multiturn) == 10
    assert shapes == {"uaua", "uauaua"}


def test_the_mask_covers_every_assistant_turn_and_no_user_turn(multiturn, base):
    for messages in multiturn["messages"]:
        tokens = base.chat.tokenize(messages)
        spans = [
            base.chat.tokenizer.decode([token for token, _ in span])
            for covered, span in itertools.groupby(
                zip(tokens.input_ids, tokens.assistant_mask, strict=True), key=lambda pair: pair[1]
            )
            if covered
        ]
        answers = [message["content"] for message in messages if message["role"] == "assistant"]
        assert len(spans) == len(answers)
        assert all(span.startswith(answer) for span, answer in zip(spans, answers, strict=True))


def test_a_pool_of_any_shape_becomes_exactly_count_records(tmp_path):
    alpaca = tmp_path / "alpaca.jsonl"
    rows = [{"instruction": f"Say the number {n}.", "input": "", "output": f"{n} it is."} for n in range(12)]
    alpaca.write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]))
    settings = [f"load.path={alpaca}", "diversify.count=5"]
    run = Run(Pipeline.from_yaml(ROOT / "pipelines/lima-from-pool.yaml", settings), tmp_path / "run")
    assert len(run.execute()) == 5
    assert sum(1 for _ in run.outputs["dataset"].open()) == 5
