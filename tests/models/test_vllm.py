"""A vLLM engine and its requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from curate.errors import CurateError
from curate.models.protocols import Completion, LanguageModel, Prompt, Sampling
from curate.yaml_files import yaml_text
from tests.conftest import CHAT

PROMPTS = [Prompt([5, 6, 7 + seed % 3], seed) for seed in range(8)]
FREE = Sampling((), 16, n=2)


def test_the_same_seed_gives_the_same_text(vllm_tiny: LanguageModel) -> None:
    first = vllm_tiny.complete(PROMPTS, FREE)
    assert vllm_tiny.complete(PROMPTS[::-1], FREE)[::-1] == first
    assert len({sample.text for samples in first for sample in samples}) == 16


def test_threads_share_the_engine(vllm_tiny: LanguageModel) -> None:
    expected = vllm_tiny.complete(PROMPTS, FREE)
    scores = vllm_tiny.score([[5, 6, 7, 8, 9]], [[0, 0, 1, 1, 1]])
    with ThreadPoolExecutor(3) as pool:
        halves = [pool.submit(vllm_tiny.complete, half, FREE) for half in (PROMPTS[:4], PROMPTS[4:])]
        scored = pool.submit(vllm_tiny.score, [[5, 6, 7, 8, 9]], [[0, 0, 1, 1, 1]])
        assert halves[0].result() + halves[1].result() == expected
        assert scored.result()[0].ranks.tolist() == scores[0].ranks.tolist()


def test_prompts_that_fill_more_than_one_step_keep_their_seeds(vllm_tiny: LanguageModel) -> None:
    """4,800 tokens; a step takes 2,048, on a CPU 4,096. There, a prompt split between two steps ends the engine."""
    prompts = [Prompt([5 + seed] * 200, seed) for seed in range(24)]
    brief = Sampling((), 4)
    assert vllm_tiny.complete(prompts, brief) == [vllm_tiny.complete([prompt], brief)[0] for prompt in prompts]


def test_a_prompt_is_asked_again_as_soon_as_its_completions_are_there(vllm_tiny: LanguageModel) -> None:
    other, brief, asked = Prompt([9, 8, 7], 99), Sampling((), 8, n=2), []

    def again(number: int, completions: Sequence[Completion]) -> Prompt | None:
        asked.append((number, list(completions), threading.get_ident()))
        return other if number in (1, 4) and sum(number == one for one, *_ in asked) < 3 else None

    first, (second,) = vllm_tiny.complete(PROMPTS, brief), vllm_tiny.complete([other], brief)
    completions = vllm_tiny.complete(PROMPTS, brief, again)
    assert completions == [second if number in (1, 4) else first[number] for number in range(8)]
    assert sorted(number for number, *_ in asked) == [0, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 7]
    for number, seen, thread in asked:
        assert seen in (first[number], second)
        assert thread == threading.get_ident()


def test_a_prompt_that_is_asked_again_waits_for_no_other(vllm_tiny: LanguageModel) -> None:
    """The second prompt has ended three times before the first, which is hundreds of times as long, has four times."""
    prompts = [Prompt([5, 6, 7], 0), Prompt([9] * 253, 1)]
    order: list[int] = []

    def again(number: int, _: Sequence[Completion]) -> Prompt | None:
        order.append(number)
        return prompts[number] if order.count(number) < (4, 3)[number] else None

    vllm_tiny.complete(prompts, Sampling((), 252), again)
    assert sorted(order) == [0, 0, 0, 0, 1, 1, 1]
    assert order[-1] == 0


def test_greedy_and_stop_tokens_are_those_of_transformers(
    vllm_tiny: LanguageModel, tiny: LanguageModel, tiny_directory: Path
) -> None:
    greedy = Sampling((), 12, temperature=0.0)
    assert vllm_tiny.complete(PROMPTS[:3], greedy) == tiny.complete(PROMPTS[:3], greedy)
    stop = int(plain_greedy(tiny_directory, PROMPTS[0].token_ids, 5)[-1])
    stopping = Sampling((stop,), 12, temperature=0.0)
    completions = vllm_tiny.complete(PROMPTS[:1], stopping)
    assert completions == tiny.complete(PROMPTS[:1], stopping)
    assert completions[0][0].finish_reason == "stop"


def plain_greedy(directory: Path, prompt: Sequence[int], count: int) -> list[int]:
    """The `count` tokens that the plain model finds likeliest after `prompt`, one after another."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    ids = list(prompt)
    for _ in range(count):
        with torch.inference_mode():
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(prompt) :]


def test_max_tokens_shrinks_to_what_the_context_leaves(vllm_tiny: LanguageModel) -> None:
    assert vllm_tiny.context_length == 255
    (completion,) = vllm_tiny.complete([Prompt([9] * 250, 0)], Sampling((), 100))[0]
    assert completion.finish_reason == "length"
    assert len(vllm_tiny.score([[9] * 255], [[0] * 100 + [1] * 155])[0].ranks) == 155


def test_what_does_not_fit_is_told_before_the_engine_sees_it(vllm_tiny: LanguageModel) -> None:
    with pytest.raises(CurateError, match="a prompt has 255 tokens, which leaves no room"):
        vllm_tiny.complete([Prompt([9] * 255, 0)], FREE)
    with pytest.raises(CurateError, match="a sequence has 256 tokens, more than the context"):
        vllm_tiny.score([[9] * 256], [[0] + [1] * 255])


def test_a_refused_request_fails_alone(vllm_tiny: LanguageModel) -> None:
    with pytest.raises(CurateError, match=r"vLLM refuses the request: temperature must be in \[0, 2\], got 3.0"):
        vllm_tiny.complete(PROMPTS, Sampling((), 4, temperature=3.0))
    assert len(vllm_tiny.complete(PROMPTS, FREE)) == 8


SCRIPT = """
import sys
import psutil
from curate.models.protocols import Prompt, Sampling
from curate.models.spec import load_model

if __name__ == "__main__":
    model = load_model(sys.argv[1], backend="vllm", dtype="float32", enforce_eager=True)
    print(model.complete([Prompt([5, 6, 7], 1)], Sampling((), 3))[0][0].finish_reason)
    children = psutil.Process().children(recursive=True)
    engine = [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]
    print(len(engine) > 0)
    model.close()
    print(len(psutil.wait_procs(engine, timeout=10)[1]))
    try:
        model.complete([Prompt([5, 6, 7], 1)], Sampling((), 3))
    except Exception as error:
        print(error)
"""


@pytest.mark.usefixtures("needs_vllm")
def test_close_ends_the_engines_processes(tiny_directory: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tiny_directory)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=with_curate()).stdout
    ended = "the vLLM engine of tiny has ended; load the model again"
    assert output.splitlines()[-4:] == ["length", "True", "0", ended]


def with_curate() -> dict[str, str]:
    """The environment, with this checkout on the path, for it may not be installed."""
    root = Path(__file__).parents[2]
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def test_a_pipeline_with_vllm_runs_from_the_command_line(needs_vllm: None, tmp_path: Path) -> None:
    """The engine starts its process from the installed command as it does from Python, and none is left behind."""
    content = {
        "models": {"teacher": {"backend": "vllm", "model": str(CHAT), "dtype": "float32", "enforce_eager": True}},
        "shard_rows": 4,
        "stages": [
            {"synthesize": {"model": "teacher", "count": 12, "max_tokens": 96}},
            {"respond": {"models": ["teacher"], "candidates": 2, "max_tokens": 96}},
            {"fit": {"model": "teacher"}},
            {"choose": {"by": "fit"}},
        ],
    }
    (tmp_path / "p.yaml").write_text(yaml_text(content))
    command = [
        str(Path(sys.executable).with_name("curate")),
        "run",
        str(tmp_path / "p.yaml"),
        "-o",
        str(tmp_path / "run"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    records = [json.loads(line) for line in (tmp_path / "run" / "dataset.jsonl").read_text().splitlines()]
    assert len(records) == 12
    assert all(record["generator"] == "demo-chat" and record["scores"]["logprob"] < 0 for record in records)
    assert all(record["messages"][-1]["role"] == "assistant" for record in records)


def test_the_engine_counts_what_it_reads_from_its_cache_and_what_it_writes(vllm_tiny: LanguageModel) -> None:
    ids, sampling = [5 + place % 50 for place in range(80)], Sampling((), 8)
    vllm_tiny.complete([Prompt(ids, 1)], sampling)
    before = vllm_tiny.meter.usage  # type: ignore[attr-defined]  # of a backend of ours
    vllm_tiny.complete([Prompt(ids, 2)], sampling)
    used = vllm_tiny.meter.usage - before  # type: ignore[attr-defined]
    assert (used.requests, used.prompt_tokens, used.completion_tokens) == (1, 80, 8)
    assert 0 < used.cached_tokens < 80
