"""The exports in TRL itself: train.py as it is, and labels that are the mask that `prepare` proves."""

import subprocess
import sys

import pytest

from curate import export
from tests.chat.conversations import assistant, user
from tests.exports.records import CALLED, PLAIN, REASONED, SYSTEM, TOOL
from tests.training import train_by_script

TWO = [*PLAIN, user("And of Italy?"), assistant("The Po.")]
CASES = {  # family, what it can show, and the rows that train.py reads
    "qwen2_5": ([PLAIN, SYSTEM, TWO], "tokens"),
    "llama3": ([PLAIN, SYSTEM, TWO], "messages"),
    "llama3_2": ([PLAIN, SYSTEM, TWO], "tokens"),
    "gemma": ([PLAIN, TWO], "messages"),
    "qwen3": ([PLAIN, REASONED, [*REASONED, *TWO]], "tokens"),
    "gptoss": ([PLAIN, REASONED, TWO], "tokens"),
}


@pytest.mark.slow
@pytest.mark.parametrize("family", CASES)
def test_two_steps_of_trl_learn_what_prepare_proves(family, small_model, tmp_path):
    conversations, form = CASES[family]
    target = small_model(family)
    export(
        [{"messages": messages} for messages in conversations], to="trl", output=tmp_path / "out", target=str(target)
    )
    assert ("tokens.parquet" in (tmp_path / "out/train.py").read_text()) == (form == "tokens")
    train_by_script(tmp_path / "out", target, tmp_path / "model")


@pytest.mark.slow
def test_two_steps_of_trl_learn_calls_and_not_their_results(small_model, tmp_path):
    target = small_model("qwen2_5")
    export([{"messages": CALLED, "tools": [TOOL]}], to="trl", output=tmp_path / "out", target=str(target))
    train_by_script(tmp_path / "out", target, tmp_path / "model")


@pytest.mark.slow
def test_train_py_runs_as_it_is(small_model, tmp_path):
    words = ("apple", "pear", "stone", "river")
    records = [{"messages": [user(f"Say {word}."), assistant(f"{word}!")]} for word in words]
    export(
        records,
        to="trl",
        form="prompt-completion",
        output=tmp_path / "out",
        target=str(small_model("gemma")),
        split=0.25,
    )
    command = [sys.executable, str(tmp_path / "out/train.py"), "--max-steps", "1"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "eval_loss" in result.stdout
    assert (tmp_path / "out/model/model.safetensors").exists()


@pytest.mark.slow
def test_dpo_takes_the_pairs(small_model, tmp_path):
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    candidates = [{"content": content, "scores": {"reward": score}} for content, score in (("Yes.", 1.0), ("No.", 0.0))]
    target = str(small_model("llama3"))
    export(
        [{"messages": PLAIN[:1], "candidates": candidates}],
        to="preference",
        by="reward",
        output=tmp_path / "out",
        target=target,
    )
    settings = DPOConfig(
        output_dir=str(tmp_path / "model"), max_steps=1, per_device_train_batch_size=1, report_to=[], bf16=False
    )
    trainer = DPOTrainer(
        AutoModelForCausalLM.from_pretrained(target),
        args=settings,
        train_dataset=load_dataset(
            "json", data_files=str(tmp_path / "out/train.jsonl"), split="train", cache_dir=str(tmp_path)
        ),
        processing_class=AutoTokenizer.from_pretrained(target),
    )
    assert trainer.train().global_step == 1
