"""How vLLM engines end: replicas that share the work, one that is killed, one that fails, and a run that goes on."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from curate.errors import CurateError
from curate.models.protocols import LanguageModel, Prompt, Sampling
from curate.models.spec import load_model
from curate.models.vllm import VllmModel
from curate.yaml_files import yaml_text
from tests.conftest import CHAT
from tests.models.test_vllm import FREE, PROMPTS, with_curate

LONG = [Prompt([5, 6, 7 + seed % 3], seed) for seed in range(400)]
MANY = Sampling((), 250, n=2)
ENGINE = "VLLM::EngineCore"


def processes(parent: int | None = None) -> list[psutil.Process]:
    """The engines' processes below this one or `parent`, those that have ended and not been taken note of aside."""
    below = psutil.Process(parent).children(recursive=True)
    tracker = "multiprocessing.resource_tracker"
    return [p for p in below if p.status() != psutil.STATUS_ZOMBIE and tracker not in " ".join(p.cmdline())]


def eventually(done: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


def remove_log(sentence: str) -> None:
    """Removes the log that a sentence names, which must be there."""
    path = re.search(r"its log is (\S+?)\)", sentence)
    assert path
    Path(path[1]).unlink()


@pytest.fixture(scope="module")
def before(vllm_tiny: LanguageModel) -> set[int]:
    """The processes of other engines, those of `vllm_tiny` among them."""
    return {process.pid for process in processes()}


@pytest.fixture(scope="module")
def pair(vllm_tiny: LanguageModel, before: set[int], tiny_directory: Path) -> Iterator[VllmModel]:
    """Two engines with the tiny model."""
    model = load_model(str(tiny_directory), backend="vllm", dtype="float32", enforce_eager=True, replicas=2)
    assert isinstance(model, VllmModel)
    yield model
    model.close()


def test_replicas_give_the_text_of_one_engine_and_take_equal_shares(pair: VllmModel, vllm_tiny: LanguageModel) -> None:
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(pair.complete, LONG[:100], MANY)
        eventually(lambda: sum(engine.load for engine in pair._engines) > 50)
        loads = [engine.load for engine in pair._engines]
        assert abs(loads[0] - loads[1]) < 30
        assert written.result() == vllm_tiny.complete(LONG[:100], MANY)


def test_each_replica_has_processor_cores_of_its_own(pair: VllmModel, before: set[int]) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one core")
    workers = [p for p in processes() if p.pid not in before and p.name().startswith("VLLM::Worker")]
    bound = [set(worker.cpu_affinity()) for worker in workers]
    assert len(bound) == 2
    assert bound[0].isdisjoint(bound[1])


def test_a_killed_engine_ends_every_call_in_one_sentence_and_leaves_nothing(
    pair: VllmModel, vllm_tiny: LanguageModel, before: set[int]
) -> None:
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(pair.complete, LONG[part::3], MANY) for part in range(3)]
        eventually(lambda: all(engine.load > 100 for engine in pair._engines))
        mine = [process for process in processes() if process.pid not in before]
        paths = {Path(area.path) for process in mine for area in process.memory_maps()}
        shared = [path for path in paths if path.name.startswith("psm_")]
        assert shared
        next(process for process in mine if process.name() == ENGINE).kill()
        errors = [future.exception() for future in waiting]
    said = str(errors[0])
    assert re.fullmatch(
        r"the vLLM engine of tiny died: its process was ended by the signal SIGKILL \(its log is \S+\); lower "
        r"max_num_seqs, max_num_batched_tokens or gpu_memory_utilization, and give the same command again: finished "
        r"shards are kept",
        said,
    )
    remove_log(said)
    assert [(type(error), str(error)) for error in errors] == [(CurateError, said)] * 3
    with pytest.raises(CurateError, match="died: its process was ended"):
        pair.score([[5, 6, 7]], [[0, 1, 1]])
    pair.close()
    eventually(lambda: {process.pid for process in processes()} == before)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("vllm")] == ["vllm tiny"]
    eventually(lambda: not any(path.exists() for path in shared))
    assert len(vllm_tiny.complete(PROMPTS, FREE)) == 8


@pytest.mark.usefixtures("needs_vllm")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kv_cache_dtype": "fp9"}, "cache_dtype: Input should be .*, found 'fp9'"),
        ({"max_model_len": 512}, r"User-specified max_model_len \(512\) is greater than .*"),
    ],
)
def test_an_engine_that_cannot_start_says_why_in_a_line(
    tiny_directory: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(CurateError) as error:
        load_model(str(tiny_directory), backend="vllm", **options)
    assert re.fullmatch(rf"models.tiny: vLLM cannot load tiny: {said} \(its log is \S+\)", str(error.value))
    remove_log(str(error.value))


@pytest.fixture(scope="module")
def narrow_directory(tiny_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with 100 words fewer than its tokenizer: a higher token is none that it can look up."""
    from transformers import AutoModelForCausalLM

    directory = tmp_path_factory.mktemp("models") / "narrow"
    shutil.copytree(tiny_directory, directory)
    model = AutoModelForCausalLM.from_pretrained(tiny_directory)
    model.resize_token_embeddings(100)
    model.save_pretrained(directory)
    return directory


def test_an_engine_that_fails_says_the_root_cause(needs_vllm: None, narrow_directory: Path) -> None:
    model = load_model(str(narrow_directory), backend="vllm", dtype="float32", enforce_eager=True)
    assert isinstance(model, VllmModel)
    assert len(model.complete(PROMPTS, FREE)) == 8
    with pytest.raises(CurateError) as error:
        model.complete([Prompt([5, 300], 0)], FREE)
    assert str(error.value).startswith(
        "the vLLM engine of narrow died: IndexError: index out of range in self (its log"
    )
    assert "\n" not in str(error.value)
    model.close()
    remove_log(str(error.value))


def test_a_run_whose_engine_is_killed_says_so_in_a_line_and_goes_on(needs_vllm: None, tmp_path: Path) -> None:
    content = {
        "models": {"teacher": {"backend": "vllm", "model": str(CHAT), "dtype": "float32", "enforce_eager": True}},
        "shard_rows": 8,
        "stages": [{"synthesize": {"model": "teacher", "count": 400, "max_tokens": 96}}],
    }
    (tmp_path / "p.yaml").write_text(yaml_text(content))
    command = [sys.executable, "-m", "curate", "run", str(tmp_path / "p.yaml"), "-o", str(tmp_path / "run")]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=with_curate())
    eventually(lambda: list(tmp_path.glob("run/stages/*/00000.json")) or run.poll() is not None, 300)
    below = processes(run.pid)
    next(process for process in below if process.name() == ENGINE).send_signal(signal.SIGKILL)
    output, _ = run.communicate()
    assert run.returncode == 2, output
    (said,) = [line for line in output.splitlines() if line.startswith("curate: ")]
    assert output.splitlines()[-1] == said
    assert (
        "stage 1 (synthesize): the vLLM engine of demo-chat died: its process was ended by the signal SIGKILL" in said
    )
    assert "Traceback" not in output
    remove_log(said)
    assert not psutil.wait_procs(below, timeout=120)[1]
    kept = sorted(path.name for path in tmp_path.glob("run/stages/*/*.json"))
    assert kept
    assert "done.json" not in kept
    again = subprocess.run(command, capture_output=True, text=True, check=False, env=with_curate())
    assert again.returncode == 0, again.stderr
    assert f"{8 * len(kept)} of 400 rows are there" in again.stderr
    assert len((tmp_path / "run/dataset.jsonl").read_text().splitlines()) == 400


@pytest.mark.parametrize("moment", ["while it starts", "while it works"])
def test_the_engines_of_a_run_that_is_killed_end_with_it(needs_vllm: None, tmp_path: Path, moment: str) -> None:
    content = {
        "models": {"teacher": {"backend": "vllm", "model": str(CHAT), "dtype": "float32", "enforce_eager": True}},
        "shard_rows": 8,
        "stages": [{"synthesize": {"model": "teacher", "count": 4000, "max_tokens": 96}}],
    }
    (tmp_path / "p.yaml").write_text(yaml_text(content))
    command = [sys.executable, "-m", "curate", "run", str(tmp_path / "p.yaml"), "-o", str(tmp_path / "run")]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=with_curate())
    shards = lambda: list(tmp_path.glob("run/stages/*/00000.json"))  # noqa: E731
    eventually(lambda: run.poll() is not None or (processes(run.pid) if moment == "while it starts" else shards()), 300)
    below = processes(run.pid)
    assert below
    run.kill()
    run.wait()
    assert not psutil.wait_procs(below, timeout=120)[1]
