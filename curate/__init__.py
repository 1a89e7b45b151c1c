"""curate: small, excellent fine-tuning sets.

The public API: the stage functions, `Pipeline` and `Run`, and what a stage of one's own takes (`stage`, `Drop`,
`partition`, `response_turns`, `judged` ...). Everything loads on first use, which keeps `import curate` fast.
"""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

from curate.registry import own_stages

if TYPE_CHECKING:
    from curate.answers import Turn as Turn
    from curate.answers import every_turn as every_turn
    from curate.answers import judged as judged
    from curate.answers import response_turns as response_turns
    from curate.declaration import stage as stage
    from curate.errors import CurateError as CurateError
    from curate.exports.export import export as export
    from curate.models.kept import close_models as close_models
    from curate.models.protocols import Embedder as Embedder
    from curate.models.protocols import LanguageModel as LanguageModel
    from curate.models.protocols import RewardModel as RewardModel
    from curate.models.spec import load_model as load_model
    from curate.outcome import Drop as Drop
    from curate.outcome import Outcome as Outcome
    from curate.outcome import partition as partition
    from curate.pipeline import Pipeline as Pipeline
    from curate.records.identity import derive_seed as derive_seed
    from curate.records.pool import from_rows as from_rows
    from curate.records.pool import set_labels as set_labels
    from curate.records.pool import set_scores as set_scores
    from curate.runs.run import Run as Run
    from curate.stages.check_math import check_math as check_math
    from curate.stages.choose import choose as choose
    from curate.stages.decontaminate import decontaminate as decontaminate
    from curate.stages.deduplicate import deduplicate as deduplicate
    from curate.stages.diversify import diversify as diversify
    from curate.stages.embed import embed as embed
    from curate.stages.extend import extend as extend
    from curate.stages.fit import fit as fit
    from curate.stages.gate import gate as gate
    from curate.stages.instruct import instruct as instruct
    from curate.stages.label import label as label
    from curate.stages.load import load as load
    from curate.stages.moderate import moderate as moderate
    from curate.stages.prepare import prepare as prepare
    from curate.stages.respond import respond as respond
    from curate.stages.reward import reward as reward
    from curate.stages.screen import screen as screen
    from curate.stages.synthesize import synthesize as synthesize
    from curate.stages.trim import trim as trim
    from curate.stages.vet import vet as vet

_HOMES = {
    "Turn": "curate.answers",
    "every_turn": "curate.answers",
    "judged": "curate.answers",
    "response_turns": "curate.answers",
    "stage": "curate.declaration",
    "CurateError": "curate.errors",
    "export": "curate.exports.export",
    "close_models": "curate.models.kept",
    "Embedder": "curate.models.protocols",
    "LanguageModel": "curate.models.protocols",
    "RewardModel": "curate.models.protocols",
    "load_model": "curate.models.spec",
    "Drop": "curate.outcome",
    "Outcome": "curate.outcome",
    "partition": "curate.outcome",
    "Pipeline": "curate.pipeline",
    "derive_seed": "curate.records.identity",
    "from_rows": "curate.records.pool",
    "set_labels": "curate.records.pool",
    "set_scores": "curate.records.pool",
    "Run": "curate.runs.run",
}

__all__ = ["__version__", *sorted(_HOMES), *own_stages()]
__version__ = metadata.version("curate-sft")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'curate' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, f"curate.stages.{name}")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
