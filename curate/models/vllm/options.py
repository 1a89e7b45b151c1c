"""What a vLLM engine is given: its arguments, refused where they would break results, and its share of the machine."""

from __future__ import annotations

import ast
import importlib.util
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import CurateError, nearest

# Arguments of vLLM's that are not the user's to set under `engine`, and what to do instead.
OURS = {
    "model": "the key 'model' beside 'engine' names it",
    "tokenizer": "it is that of the model",
    "load_format": "weights load from safetensors only",
    "generation_config": "stages say how to sample",
    "structured_outputs_config": "schemas are enforced by llguidance, as in every backend",
    "logprobs_mode": "scores are log-probabilities before any sampling parameter",
    "enable_chunked_prefill": "on a CPU a prompt with a seed cannot be split between two steps",
    "disable_log_stats": "nothing reads vLLM's counters",
    "device_ids": "set the environment variable CUDA_VISIBLE_DEVICES",
    "data_parallel_size": "use 'replicas' beside 'engine'",
    "hf_token": "a run's manifest holds no secrets; set the environment variable HF_TOKEN",
}
TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology"


def check_engine(engine: Mapping[str, Any], declared: Collection[str]) -> None:
    """Raises CurateError for a key of `engine` that is ours, a parameter of the backend (`declared`), or unknown to
    the vLLM that is installed.
    """
    known = engine_arguments()
    for key in engine:
        if key in OURS:
            raise CurateError(f"engine: {key!r} cannot be set; {OURS[key]}")
        if key in declared:
            raise CurateError(f"engine: {key!r} is a parameter of the backend; put it beside 'engine', not in it")
        if known and key not in known:
            raise CurateError(f"engine: vLLM has no engine argument {key!r}; {nearest(key, known - OURS.keys())}")


def engine_arguments() -> set[str]:
    """The names of vLLM's engine arguments, read from its source, for importing it takes seconds; none without vLLM."""
    package = importlib.util.find_spec("vllm")
    if package is None or package.origin is None:
        return set()
    source = Path(package.origin).with_name("engine") / "arg_utils.py"
    module = ast.parse(source.read_text("utf-8"))
    arguments = next(node for node in module.body if isinstance(node, ast.ClassDef) and node.name == "EngineArgs")
    names = (node.target for node in arguments.body if isinstance(node, ast.AnnAssign))
    return {name.id for name in names if isinstance(name, ast.Name) and name.id[0] != "_"}


def shares(replicas: int, size: int) -> list[dict[str, str]]:
    """The environment of each of several engines: its own `size` GPUs, or where there are none its own processor cores.

    One engine, and engines whose cores VLLM_CPU_OMP_THREADS_BIND says, share nothing out. Raises CurateError when there
    are too few.
    """
    gpus = visible_gpus()
    if replicas == 1 or (not gpus and os.environ.get("VLLM_CPU_OMP_THREADS_BIND", "auto") != "auto"):
        return [{}] * replicas
    units, unit = (gpus, "GPUs") if gpus else (processor_cores(), "processor cores")
    if len(units) < replicas * size:
        raise CurateError(
            f"{replicas} replicas of {size} {unit} each need {replicas * size}, and {len(units)} are there; "
            "lower 'replicas'"
        )
    if gpus:
        groups = (gpus[size * number :][:size] for number in range(replicas))
        return [{"CUDA_VISIBLE_DEVICES": ",".join(group)} for group in groups]
    parts = [",".join(part) for part in np.array_split(units, replicas * size)]
    groups = (parts[size * number :][:size] for number in range(replicas))
    return [{"VLLM_CPU_OMP_THREADS_BIND": "|".join(group)} for group in groups]


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    listed = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")]
    count = torch.cuda.device_count()
    return listed[:count] if any(listed) else [str(number) for number in range(count)]


def processor_cores() -> list[str]:
    """One logical processor of each core that this process may use, those of a package side by side."""
    if not hasattr(os, "sched_getaffinity"):
        return [str(number) for number in range(os.cpu_count() or 1)]
    cores = {_core(number): str(number) for number in sorted(os.sched_getaffinity(0))}
    return [cores[core] for core in sorted(cores)]


def _core(number: int) -> tuple[int, ...]:
    """The package and core of a logical processor; where the system does not say it, each is a core."""
    topology = Path(TOPOLOGY.format(number))
    try:
        return tuple(int((topology / name).read_text()) for name in ("physical_package_id", "core_id"))
    except OSError:
        return (0, number)
