"""The reward backend on a real reward model: what it computes, and what it refuses."""

import json
import shutil

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from curate.errors import CurateError
from curate.models.protocols import LanguageModel, RewardModel
from curate.models.spec import load_model, parse_spec
from tests.conftest import BASE, CHAT, held_out_comparisons


def conversations():
    return [side for pair in held_out_comparisons()[:12] for side in (pair.right, pair.spoilt)]


def test_it_is_a_reward_model_and_no_language_model(reward_model):
    assert isinstance(reward_model, RewardModel)
    assert not isinstance(reward_model, LanguageModel)
    assert parse_spec("models.rm", {"model": "owner/name", "backend": "reward"}).kind == "reward"


def test_one_alone_and_all_together_get_the_same_reward(reward_model):
    together = reward_model.reward(conversations())
    alone = np.concatenate([reward_model.reward([messages]) for messages in conversations()])
    assert together.dtype == np.float32
    assert together == pytest.approx(alone, abs=1e-5)
    assert len(set(together.tolist())) > 12


def test_the_reward_is_what_the_plain_classifier_says_of_the_rendered_conversation(reward_directory, reward_model):
    model = AutoModelForSequenceClassification.from_pretrained(reward_directory, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(reward_directory)
    for messages in conversations()[:4]:
        ids = tokenizer(tokenizer.apply_chat_template(messages, tokenize=False), return_tensors="pt")["input_ids"]
        expected = model(input_ids=ids).logits[0, 0].item()
        assert reward_model.reward([messages])[0] == pytest.approx(expected, abs=1e-5)


def test_a_model_without_a_padding_token_rewards_batches_as_well(reward_directory, reward_model, tmp_path):
    shutil.copytree(reward_directory, tmp_path / "rm")
    path = tmp_path / "rm" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "pad_token_id": None}))
    model = load_model(str(tmp_path / "rm"), backend="reward", dtype="float32", device="cpu")
    twice = [messages for messages in conversations()[:4] for _ in range(2)]
    assert model.reward(twice) == pytest.approx(reward_model.reward(twice), abs=1e-5)


def test_no_conversations_give_no_rewards(reward_model):
    assert reward_model.reward([]).shape == (0,)


def test_what_exceeds_the_context_is_an_error(reward_model):
    with pytest.raises(CurateError, match="more than the context of rm"):
        reward_model.reward([[{"role": "user", "content": "word " * 3000}]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id2label": {"0": "a", "1": "b", "2": "c"}}, "classifies into 3 labels; a reward model has one output"),
        ({"id2label": None}, "classifies into 2 labels; a reward model has one output"),
        ({"architectures": ["Qwen3ForCausalLM"]}, "is no reward model but Qwen3ForCausalLM"),
    ],
)
def test_what_has_more_than_one_output_is_refused_before_it_is_loaded(reward_directory, tmp_path, change, message):
    shutil.copytree(reward_directory, tmp_path / "rm")
    path = tmp_path / "rm" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(CurateError, match=message):
        parse_spec("models.rm", {"model": str(tmp_path / "rm"), "backend": "reward"}).check()


def test_a_language_model_is_refused(tmp_path):
    with pytest.raises(CurateError, match="demo-chat is no reward model but Qwen3ForCausalLM"):
        load_model(str(CHAT), backend="reward")


def test_a_head_that_is_not_in_the_files_is_refused(tmp_path):
    from curate.models.reward import RewardTransformersModel

    shutil.copytree(BASE, tmp_path / "rm")
    path = tmp_path / "rm" / "config.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}})
    )
    with pytest.raises(CurateError, match=r"its files lack the weights score.weight; see that config.json"):
        RewardTransformersModel(str(tmp_path / "rm"))
