"""What models are asked and what they write, counted in tokens, and what that costs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from curate.errors import CurateError

MILLION = 1_000_000
Price = Annotated[float, Field(ge=0, description="of a million tokens")]


@with_config(ConfigDict(extra="forbid"))
class Prices(TypedDict):
    """What a million tokens cost, in any one currency; of the prompt's, those that were cached may cost less."""

    prompt: Price
    completion: NotRequired[Price]
    cached: NotRequired[Price]


@with_config(ConfigDict(extra="forbid"))
class BudgetLimits(TypedDict):
    """What all executions of a run may cost together: money in the currency of the prices, or tokens, or both."""

    money: NotRequired[Annotated[float, Field(gt=0)]]
    tokens: NotRequired[Annotated[int, Field(gt=0, description="of prompts and completions")]]


@dataclass(frozen=True)
class Usage:
    """Requests to a model and their tokens: `cached_tokens` are those of `prompt_tokens` that were not computed again.

    `uncounted` is the number of requests whose tokens an endpoint did not say.
    """

    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    uncounted: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))

    def __sub__(self, other: Usage) -> Usage:
        return Usage(*(a - b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))

    @property
    def tokens(self) -> int:
        """Of prompts and completions."""
        return self.prompt_tokens + self.completion_tokens

    def cost(self, prices: Prices | None) -> float | None:
        """What it costs at these prices; None without prices."""
        if prices is None:
            return None
        fresh = self.prompt_tokens - self.cached_tokens
        cached = self.cached_tokens * prices.get("cached", prices["prompt"])
        return (fresh * prices["prompt"] + cached + self.completion_tokens * prices.get("completion", 0.0)) / MILLION


class BudgetSpentError(CurateError):
    """What a run may cost has been spent."""


class Budget:
    """What may be spent, and what has been; thread-safe. `share` is the part that is spent of the scarcer limit.

    While `strict`, a request that exceeds it is an error; otherwise whoever begins work sees to it that there is room.
    """

    strict = True

    def __init__(self, limits: BudgetLimits) -> None:
        self.limits = limits
        self._limits = {name: float(limits[name]) for name in ("money", "tokens") if name in limits}
        self._spent = dict.fromkeys(self._limits, 0.0)
        self._lock = threading.Lock()

    @property
    def share(self) -> float:
        """From 0 on; 1 and more when nothing is left."""
        with self._lock:
            return max(self._spent[name] / limit for name, limit in self._limits.items())

    def share_of(self, usages: Mapping[str, Usage], meters: Mapping[str, Meter]) -> float:
        """The part of it that `usages`, by the names of models and at the prices of their meters, took."""
        one = Budget(self.limits)
        for name, usage in usages.items():
            one.spend(usage, meters[name].prices)
        return one.share

    def charges(self, prices: Prices | None) -> bool:
        """Whether a model with these prices takes from it."""
        return "tokens" in self._limits or prices is not None

    def spend(self, usage: Usage, prices: Prices | None) -> None:
        """Takes the tokens and the money of `usage`."""
        with self._lock:
            for name, amount in (("tokens", usage.tokens), ("money", usage.cost(prices) or 0.0)):
                if name in self._spent:
                    self._spent[name] += amount

    def __str__(self) -> str:
        """What is spent of what, as `4.93 of 5 (money)`."""
        with self._lock:
            return " and ".join(
                f"{self._spent[name]:.6g} of {limit:.6g} ({name})" for name, limit in self._limits.items()
            )


class Meter:
    """Counts what one model is asked, and takes it from `budget`; thread-safe."""

    def __init__(self, prices: Prices | None = None, budget: Budget | None = None) -> None:
        self.prices = prices
        self._budget = budget if budget is not None and budget.charges(prices) else None
        self._usage = Usage()
        self._lock = threading.Lock()

    @property
    def usage(self) -> Usage:
        """What has been counted."""
        return self._usage

    @property
    def cost(self) -> float | None:
        """What that costs; None without prices."""
        return self._usage.cost(self.prices)

    def count(self, usage: Usage) -> None:
        """Adds `usage`.

        Raises BudgetSpentError when that exceeds a strict budget, CurateError when there is a budget and the tokens are
        not known.
        """
        with self._lock:
            self._usage += usage
        if self._budget is None:
            return
        if usage.uncounted:
            raise CurateError(
                "the endpoint does not say how many tokens a request took, so no budget can be kept with it; leave "
                "budget out, or use an endpoint that returns usage"
            )
        self._budget.spend(usage, self.prices)
        if self._budget.strict and self._budget.share > 1:
            raise BudgetSpentError(f"the budget is spent: {self._budget}")


def usage_in(reply: Any) -> Usage | None:
    """What the reply of an OpenAI-compatible endpoint says under `usage`, if it says it."""
    said = reply.get("usage") if isinstance(reply, Mapping) else None
    if not isinstance(said, Mapping):
        return None
    prompt, completion = _number(said.get("prompt_tokens")), _number(said.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    details = said.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else said.get("prompt_cache_hit_tokens")
    return Usage(1, prompt, min(prompt, _number(cached) or 0), completion)


def as_json(usages: Mapping[str, Usage]) -> dict[str, dict[str, int]]:
    """What each model was asked, as a file holds it."""
    return {name: asdict(usage) for name, usage in usages.items()}


def usages_of(said: Mapping[str, Mapping[str, int]]) -> dict[str, Usage]:
    """What `as_json` wrote."""
    return {name: Usage(**usage) for name, usage in said.items()}


def total(usages: Iterable[Usage]) -> Usage:
    """All of it together."""
    return sum(usages, Usage())


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
