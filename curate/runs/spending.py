"""What the models of a run are asked, and the budget that ends a run in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from curate.models.usage import Budget, BudgetSpentError, Meter, Usage
from curate.pipeline import Pipeline

REMEDY = "finished shards are kept: raise the budget, and the same command goes on from here"


class Spending:
    """Counts what the models of `pipeline` are asked, over all executions in a directory; thread-safe.

    `before` is what earlier executions asked of each model; `save` is told the total whenever a shard ends. With a
    budget, the first shard of a stage runs alone and may use what is left; each further one begins only where there is
    room for one more like those before it. Shards that have begun then are finished.
    """

    def __init__(
        self, pipeline: Pipeline, before: Mapping[str, Usage], save: Callable[[Mapping[str, Usage]], None]
    ) -> None:
        self._save = save
        self._budget = Budget(pipeline.budget) if pipeline.budget else None
        self._before = {name: before.get(name, Usage()) for name in pipeline.models}
        self._meters = {name: Meter(spec.prices, self._budget) for name, spec in pipeline.models.items()}
        self._told = dict.fromkeys(pipeline.models, Usage())
        self._lap_lock = threading.Lock()
        self._shards = threading.Condition()
        self._running = self._finished = 0
        self._failed, self._share_before = False, 0.0
        if self._budget:
            for name, usage in self._before.items():
                self._budget.spend(usage, pipeline.models[name].prices)

    def meter(self, name: str) -> Meter:
        """What counts for the model of this name."""
        return self._meters[name]

    def total(self) -> dict[str, Usage]:
        """What each model was asked in all executions; models that were asked nothing are left out."""
        return _without_zeros({name: before + self._meters[name].usage for name, before in self._before.items()})

    def lap(self) -> dict[str, Usage]:
        """What each model was asked since the last call. Shards overlap: each gets what passed since the one before."""
        with self._lap_lock:
            now = {name: meter.usage for name, meter in self._meters.items()}
            passed = {name: usage - self._told[name] for name, usage in now.items()}
            self._told = now
            if lap := _without_zeros(passed):
                self._save(self.total())
        return lap

    def affordable(
        self, shards: Iterable[int], names: Iterable[str], before: Sequence[Mapping[str, Usage]]
    ) -> Iterator[int]:
        """The shards of a stage that asks the models `names`, as long as there is room for another.

        `before` is what those took that earlier executions finished. Waits for shards that are running where it cannot
        know yet. Raises BudgetSpentError when there is no room.
        """
        budget = self._budget
        if budget is not None and not any(budget.charges(self._meters[name].prices) for name in names):
            budget = None
        self._running, self._finished, self._failed = 0, len(before), False
        if budget is not None:
            budget.strict = not before
            self._share_before = budget.share - budget.share_of(merged(before), self._meters)
        for shard in shards:
            with self._shards:
                if budget is not None and not self._has_room(budget):
                    return
                self._running += 1
            yield shard

    @contextmanager
    def shard(self) -> Iterator[None]:
        """While a shard of the stage runs."""
        try:
            yield
        except BaseException as error:
            self._end(failed=True)
            if isinstance(error, BudgetSpentError):
                raise BudgetSpentError(
                    f"{error}, before the first shard of this stage was finished; {REMEDY}"
                ) from None
            raise
        self._end(failed=False)

    def _end(self, *, failed: bool) -> None:
        with self._shards:
            self._running -= 1
            self._finished += not failed
            self._failed |= failed
            if self._budget:
                self._budget.strict = not self._finished
            self._shards.notify_all()

    def _has_room(self, budget: Budget) -> bool:
        """Whether another shard can begin, waiting for those that run where that cannot be told; False after a failure.

        Raises BudgetSpentError when nothing runs any more, and there is no room.
        """
        self._shards.wait_for(lambda: self._failed or not self._running or self._fits(budget))
        if not self._failed and not self._fits(budget):
            raise BudgetSpentError(f"no room for another shard is left in the budget: {budget}; {REMEDY}")
        return not self._failed

    def _fits(self, budget: Budget) -> bool:
        """Whether one shard more, beside those that run, stays within the budget, if it is like those before it."""
        spent = budget.share
        if not self._finished:
            return not self._running and spent < 1
        return spent + (spent - self._share_before) / self._finished * (self._running + 1) <= 1


def merged(laps: Iterable[Mapping[str, Usage]]) -> dict[str, Usage]:
    """What several laps together asked of each model."""
    together: dict[str, Usage] = {}
    for lap in laps:
        for name, usage in lap.items():
            together[name] = together.get(name, Usage()) + usage
    return together


def _without_zeros(usages: Mapping[str, Usage]) -> dict[str, Usage]:
    return {name: usage for name, usage in usages.items() if usage != Usage()}
