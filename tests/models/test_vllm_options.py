"""What a vLLM engine may be given, and how engines divide a machine; none is started."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from curate import Pipeline
from curate.errors import CurateError
from curate.models.spec import load_model, parse_spec
from curate.models.vllm import options
from curate.runs.manifest import Manifest

OPTIONS = {
    "max_num_seqs": 64,
    "max_num_batched_tokens": 4096,
    "quantization": "fp8",
    "kv_cache_dtype": "fp8",
    "replicas": 2,
    "engine": {"max_logprobs": 5},
}


def pipeline(directory: Path, **more: Any) -> Pipeline:
    models = {"teacher": {"backend": "vllm", "model": str(directory), **more}}
    return Pipeline({"models": models, "stages": [{"synthesize": {"model": "teacher", "count": 1}}]})


@pytest.mark.usefixtures("needs_vllm")
@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"block_sise": 16}, "engine: vLLM has no engine argument 'block_sise'; did you mean 'block_size'?"),
        ({"max_num_seqs": 16}, "engine: 'max_num_seqs' is a parameter of the backend; put it beside 'engine', not in"),
        ({"load_format": "pt"}, "engine: 'load_format' cannot be set; weights load from safetensors only"),
        ({"hf_token": "x"}, "manifest holds no secrets; set the environment variable HF_TOKEN"),
    ],
)
def test_a_wrong_engine_argument_is_told_before_anything_loads(
    tiny_directory: Path, engine: dict[str, Any], message: str
) -> None:
    with pytest.raises(CurateError, match=re.escape(message)):
        pipeline(tiny_directory, engine=engine)
    with pytest.raises(CurateError, match=re.escape(message)):
        load_model(str(tiny_directory), backend="vllm", engine=engine)


@pytest.mark.usefixtures("needs_vllm")
def test_what_is_said_of_engine_arguments_is_true_of_the_vllm_that_is_here() -> None:
    from vllm.engine.arg_utils import EngineArgs

    assert options.engine_arguments() == {name for name in EngineArgs.__dataclass_fields__ if name[0] != "_"}
    assert options.OURS.keys() <= options.engine_arguments()


def test_options_stand_in_the_manifest(tiny_directory: Path, tmp_path: Path) -> None:
    Manifest(pipeline(tiny_directory, **OPTIONS), tmp_path / "manifest.json").write([])
    teacher = json.loads((tmp_path / "manifest.json").read_text())["models"]["teacher"]
    assert teacher.items() >= OPTIONS.items()


@pytest.mark.parametrize("key", OPTIONS)
def test_what_can_change_results_counts(tiny_directory: Path, key: str) -> None:
    value = {"backend": "vllm", "model": str(tiny_directory)}
    plain, given = (parse_spec("m", spec).fingerprint() for spec in (value, {**value, key: OPTIONS[key]}))
    assert (plain != given) == (key in {"quantization", "kv_cache_dtype", "engine"})


def test_engines_divide_the_gpus_that_are_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 5)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2, 4,6,7")
    assert options.shares(2, 2) == [{"CUDA_VISIBLE_DEVICES": "1,2"}, {"CUDA_VISIBLE_DEVICES": "4,6"}]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert options.shares(2, 1) == [{"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "1"}]
    assert options.shares(1, 2) == [{}]
    with pytest.raises(CurateError, match=r"^3 replicas of 2 GPUs each need 6, and 5 are there; lower 'replicas'$"):
        options.shares(3, 2)


def test_engines_divide_the_cores_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.delenv("VLLM_CPU_OMP_THREADS_BIND", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3, 4, 5, 6, 7})
    monkeypatch.setattr(options, "TOPOLOGY", f"{tmp_path}/{{}}")
    for number in range(8):  # two packages of two cores with two threads each
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "physical_package_id").write_text(f"{number % 2}\n")
        (tmp_path / str(number) / "core_id").write_text(f"{number // 2 % 2}\n")
    bind = "VLLM_CPU_OMP_THREADS_BIND"
    assert options.shares(2, 1) == [{bind: "4,6"}, {bind: "5,7"}]
    assert options.shares(2, 2) == [{bind: "4|6"}, {bind: "5|7"}]
    with pytest.raises(CurateError, match="5 replicas of 1 processor cores each need 5, and 4 are there"):
        options.shares(5, 1)
    monkeypatch.setenv(bind, "0-3")
    assert options.shares(2, 1) == [{}, {}]
