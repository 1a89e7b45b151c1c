"""The models of a run: each loaded when the first stage needs it, and freed after the last."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from functools import partial
from typing import Any

from curate.models.kept import Role
from curate.pipeline import Pipeline, Step
from curate.runs.spending import Spending
from curate.signatures import with_models


class LoadedModels:
    """The models of `pipeline`, which `spending` counts; `date` is what templates that print today's date print."""

    def __init__(self, pipeline: Pipeline, date: datetime.date, spending: Spending) -> None:
        self._specs, self._date, self._spending = pipeline.models, date, spending
        self._loaded: dict[tuple[str, bool], Any] = {}

    def arguments(self, step: Step) -> dict[str, Any]:
        """The parameters of `step` with models in place of their names."""
        arguments = dict(step.config)
        for parameter, role in step.stage.roles.items():
            arguments[parameter] = with_models(arguments[parameter], partial(self._get, role=role))
        return arguments

    def keep_only(self, names: Iterable[str]) -> None:
        """Frees every model but these."""
        wanted = set(names)
        for name, template_only in list(self._loaded):
            if name not in wanted:
                model = self._loaded.pop((name, template_only))
                if not template_only:
                    model.close()

    def _get(self, name: str, role: Role) -> Any:
        spec, key = self._specs[name], (name, role == "chat")
        if key not in self._loaded:
            self._loaded[key] = (
                spec.load_chat(self._date) if role == "chat" else spec.load(self._date, self._spending.meter(name))
            )
        return self._loaded[key]
