"""The shipped recipes that run on a laptop, made smaller."""

import itertools
import json

import pytest

from curate.pipeline import Pipeline
from curate.runs.run import Run
from tests.conftest import ROOT
from tests.models.endpoints import Endpoint


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


@pytest.fixture
def endpoint(monkeypatch):
    """A chat endpoint on this machine that does as it is told."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    served = Endpoint({})
    served.obey()
    yield served
    served.close()


def test_with_an_api_key_instructions_on_topics_become_graded_conversations(endpoint, tmp_path):
    own = [f"models.{name}.base_url={endpoint.url}" for name in ("teacher", "judge")]
    settings = [*own, "instruct.topics=[law, cooking, bees]", "instruct.count=12", "diversify.count=9"]
    records = Run(Pipeline.from_yaml(ROOT / "pipelines/api-key.yaml", settings), tmp_path / "run").execute()
    assert len(records) == 9
    assert {row["domain"] for row in records} == {"law", "cooking", "bees"}
    assert all([turn["role"] for turn in row["messages"]] == ["user", "assistant"] for row in records)
    assert all(row["scores"]["quality"] == 5 for row in records)
    assert {headers["Authorization"] for _, headers, _ in endpoint.requests} == {"Bearer sesame"}


def test_documents_become_questions_with_answers_that_are_traced_to_their_file_and_line(endpoint, tmp_path):
    settings = [f"models.teacher.base_url={endpoint.url}", "instruct.count=12", "diversify.count=6"]
    records = Run(Pipeline.from_yaml(ROOT / "pipelines/from-documents.yaml", settings), tmp_path / "run").execute()
    assert len(records) == 6
    for row in records:
        passage, lines = row["source"]["passage"], (ROOT / row["source"]["file"]).read_text().split("\n")
        assert passage.startswith(lines[row["source"]["line"] - 1].strip())
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
        assert passage not in row["messages"][0]["content"]
