"""curate: small, excellent fine-tuning sets.

The public API: the stage functions, `Pipeline` and `Run`. Everything loads on first use, which keeps
`import curate` fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.errors import CurateError
    from curate.models.spec import load_model
    from curate.outcome import Outcome
    from curate.pipeline import Pipeline
    from curate.runs.run import Run
    from curate.stages.choose import choose
    from curate.stages.decontaminate import decontaminate
    from curate.stages.deduplicate import deduplicate
    from curate.stages.diversify import diversify
    from curate.stages.embed import embed
    from curate.stages.extend import extend
    from curate.stages.fit import fit
    from curate.stages.gate import gate
    from curate.stages.label import label
    from curate.stages.load import load
    from curate.stages.moderate import moderate
    from curate.stages.prepare import prepare
    from curate.stages.respond import respond
    from curate.stages.reward import reward
    from curate.stages.screen import screen
    from curate.stages.synthesize import synthesize
    from curate.stages.trim import trim

__all__ = [
    "CurateError",
    "Outcome",
    "Pipeline",
    "Run",
    "choose",
    "decontaminate",
    "deduplicate",
    "diversify",
    "embed",
    "extend",
    "fit",
    "gate",
    "label",
    "load",
    "load_model",
    "moderate",
    "prepare",
    "respond",
    "reward",
    "screen",
    "synthesize",
    "trim",
]

_HOMES = {
    "CurateError": "curate.errors",
    "Outcome": "curate.outcome",
    "Pipeline": "curate.pipeline",
    "Run": "curate.runs.run",
    "load_model": "curate.models.spec",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'curate' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, f"curate.stages.{name}")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
