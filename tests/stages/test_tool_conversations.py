"""Conversations with tool calls go through the stages, and come out as they were."""

import json
import shutil

import datasets
import pytest

from curate import (
    Pipeline,
    Run,
    choose,
    deduplicate,
    embed,
    extend,
    fit,
    load_model,
    moderate,
    prepare,
    respond,
    reward,
    screen,
)
from curate.answers import told
from curate.records.pool import from_rows
from curate.records.texts import texts_of
from tests.chat.templates import trl_template
from tests.conftest import BASE

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    },
    {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {"zone": {}}}}},
]


def call(city="Kelm", name="weather"):
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": json.dumps({"city": city})}}


def record(name="a", city="Kelm", answer="Yes, it rains in Kelm today.", **columns):
    messages = [
        {"role": "system", "content": "You know the weather."},
        {"role": "user", "content": "Does it rain in the city today?"},
        {"role": "assistant", "content": "", "tool_calls": [call(city)]},
        {"role": "tool", "content": "rain", "tool_call_id": "c1"},
        *([{"role": "assistant", "content": answer}] if answer else []),
    ]
    return {"id": name, "messages": messages, "tools": TOOLS, **columns}


PLAIN = {
    "id": "p",
    "messages": [{"role": "user", "content": "Name a herb, please."}, {"role": "assistant", "content": "Basil."}],
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """The demo base model with Qwen 2.5's template, which shows tools."""
    path = tmp_path_factory.mktemp("model") / "base"
    shutil.copytree(BASE, path)
    (path / "chat_template.jinja").write_text(trl_template("qwen2_5"), encoding="utf-8")
    config = json.loads((path / "tokenizer_config.json").read_text("utf-8"))
    config.pop("chat_template", None)
    (path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model(directory):
    loaded = load_model(str(directory))
    yield loaded
    loaded.close()


def without_nulls(messages):
    return [{key: value for key, value in turn.items() if value is not None} for turn in messages]


def test_prepare_renders_tools_and_learns_the_call_and_not_the_result(model):
    outcome = prepare([record(), PLAIN], target=model.chat)
    assert len(outcome.kept) == 2
    tokens = model.chat.tokenize(record()["messages"], TOOLS)
    assert outcome.kept[0]["scores"] == {"length": len(tokens.input_ids), "supervised": sum(tokens.assistant_mask)}
    learnt = model.chat.tokenizer.decode(
        [token for token, bit in zip(tokens.input_ids, tokens.assistant_mask, strict=True) if bit]
    )
    assert "Kelm" in learnt
    assert "The weather of a city." in tokens.text
    assert "rain" not in learnt.replace("rains", "")


def test_prepare_drops_what_the_template_cannot_show(base):
    (gone,) = prepare([record()], target=base.chat).dropped.to_list()
    assert gone["reason"] == "does not render"
    assert "shows no" in gone["detail"]["error"]


def test_prepare_finds_control_tokens_in_arguments(model):
    (gone,) = prepare([record(city="<|im_end|>")], target=model.chat).dropped.to_list()
    assert (gone["reason"], gone["detail"]["tokens"]) == ("control tokens", ["<|im_end|>"])


def test_fit_and_choose_take_conversations_with_tools(model):
    candidates = [{"content": "Yes, it rains.", "generator": "m"}, {"content": "zz qq kk", "generator": "n"}]
    kept = choose(fit([record(answer="", candidates=candidates), PLAIN], model=model)).kept
    assert without_nulls(kept[0]["messages"])[:4] == record()["messages"][:4]
    assert kept[0]["messages"][4]["role"] == "assistant"
    assert kept[0]["tools"] == TOOLS


def test_respond_answers_after_a_result_and_extend_does_not_go_on_after_a_call(model):
    kept = respond([record(answer="")], models=[model], candidates=2, max_tokens=8, seed=1).kept
    assert len(kept[0]["candidates"]) == 2
    assert without_nulls(kept[0]["messages"]) == record(answer="")["messages"]
    waiting = {"id": "w", "messages": record()["messages"][:3], "tools": TOOLS}
    outcome = extend([waiting], model=model, max_tokens=8, response_max_tokens=8)
    assert without_nulls(outcome.kept[0]["messages"]) == waiting["messages"]
    assert outcome.stats["ended early"] == 1


def test_reward_reads_calls_and_results_as_text(reward_model):
    assert reward([record()], model=reward_model).kept[0]["scores"]["reward"] is not None
    assert told(record()["messages"])[1:] == [
        {"role": "user", "content": "Does it rain in the city today?"},
        {"role": "assistant", "content": '{"name": "weather", "arguments": {"city": "Kelm"}}'},
        {"role": "user", "content": "rain"},
        {"role": "assistant", "content": "Yes, it rains in Kelm today."},
    ]


def test_moderate_judges_calls_and_results():
    assert len(moderate([record()]).kept) == 1
    (gone,) = moderate([record(city="how to build a pipe bomb at home")]).dropped.to_list()
    assert (gone["reason"], gone["detail"]["text"]) == ("matches a pattern", "response")


def test_texts_to_compare_hold_the_calls(embedder):
    calling = [{"id": name, "messages": record(city=name)["messages"][:3]} for name in ("Kelm", "Brand")]
    assert texts_of(from_rows(calling), "response") == [
        '{"name": "weather", "arguments": {"city": "Kelm"}}',
        '{"name": "weather", "arguments": {"city": "Brand"}}',
    ]
    same = [*calling, {**calling[0], "id": "again"}]
    outcome = deduplicate(same, on="both", threshold=None)
    assert outcome.dropped["reason"][:] == ["exact duplicate"]
    assert len(embed(outcome, model=embedder, on="response").kept) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tool_calls": [call(name="map")]}, "unknown tool"),
        ({"tool_calls": [call(city=7)]}, "wrong arguments"),
        ({"tool_calls": None, "content": "I look it up."}, "result without a call"),
    ],
)
def test_screen_drops_calls_that_are_wrong(change, reason):
    wrong = record()
    wrong["messages"][2] = {**wrong["messages"][2], **change}
    outcome = screen([record(), {**wrong, "id": "b"}])
    assert outcome.kept["id"][:] == ["a"]
    assert outcome.dropped["reason"][:] == [reason]
    assert len(screen([wrong], tool_calls="keep").kept) == 1


def test_screen_judges_no_result_and_redacts_arguments():
    kept = screen([record(city="mail jo@kelm.org now", answer="Yes.")], personal_data="redact").kept[0]
    assert json.loads(kept["messages"][2]["tool_calls"][0]["function"]["arguments"]) == {"city": "mail <EMAIL> now"}
    assert kept["redactions"] == {"email": 1}
    odd = record()
    odd["messages"][3]["content"] = "ha" * 200
    assert len(screen([odd]).kept) == 1


def test_a_run_writes_calls_and_tools_so_that_any_reader_gets_them_back(tmp_path, directory):
    path = tmp_path / "pool.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (PLAIN, record())))
    stages = [{"load": {"path": str(path)}}, {"screen": {}}, {"prepare": {"target": "m"}}]
    run = Run(Pipeline({"models": {"m": {"model": str(directory)}}, "stages": stages}), tmp_path / "run")
    run.execute()
    rows = [json.loads(line) for line in run.outputs["dataset"].read_text().splitlines()]
    assert (rows[0]["messages"], rows[1]["messages"]) == (PLAIN["messages"], record()["messages"])
    read = datasets.load_dataset(
        "json", data_files=str(run.outputs["dataset"]), split="train", cache_dir=tmp_path / "c"
    )
    (made,) = read[1]["messages"][2]["tool_calls"]
    assert made["function"]["arguments"] == '{"city": "Kelm"}'
    assert json.loads(read[1]["tools"]) == TOOLS
