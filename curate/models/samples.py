"""Several samples of each prompt from an endpoint that may give fewer, and a bad prompt told from a bad endpoint."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from curate.errors import CurateError
from curate.models.endpoint import Endpoint, GaveUpError, RefusedError, shown
from curate.models.protocols import Answer, Completion, Finish
from curate.records.identity import derive_seed

TRIES = 3  # requests that may bring nothing, before what is missing counts as refused
FINISHES: dict[str, Finish] = {  # what endpoints call the end of a text
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "refused",
}


class Seeded(Protocol):
    """What is asked: it has a seed of its own."""

    @property
    def seed(self) -> int:
        """Of its random stream."""
        ...


S = TypeVar("S", Completion, Answer)
I = TypeVar("I", bound=Seeded)  # noqa: E741 (an item)
Request = Callable[[I, int, int], tuple[list[S], str]]
"""Asks for so many samples of an item under a seed: those that came, and what is wrong with those that did not."""


class Sampler(Generic[S]):
    """Asks `endpoint`, at most for `most` samples at a time; `lost` makes the sample that says why none came.

    A sample that did not come is asked for again, under a seed of its own. Where none comes in the end, or where the
    endpoint refuses a request, the sample is `lost` if the same settings have brought samples for another item: then it
    is that item's fault. If they have brought nothing yet, it is told as an error. A prompt that is too long, and one
    that a content filter stops, are that item's fault in any case. Where the endpoint fails until it is given up, it is
    asked for `plain`, an item that is nobody's: if that fails too, it is told as an error; if not, the item is tried
    once more, and is then lost.
    """

    def __init__(
        self, endpoint: Endpoint, lost: Callable[[Finish, str], S], plain: Seeded, most: int | None = None
    ) -> None:
        self._endpoint, self._plain = endpoint, plain
        self._lost: Callable[[Finish, str], S] = lost
        self._most = most or sys.maxsize
        self._worked: set[Hashable] = set()

    def all(
        self,
        request: Request[I, S],
        items: Sequence[I],
        count: int,
        settings: Hashable,
        again: Callable[[int, list[S]], I | None] | None = None,
    ) -> list[list[S]]:
        """`count` samples of each item, or of the last that `again` has put in its place.

        Raises CurateError for what concerns all of them.
        """
        samples: dict[int, list[S]] = {}
        asked = dict(enumerate(items))
        while asked:
            answered = self._endpoint.each(
                lambda pair: self._settled(request, *pair, count, settings, again), list(asked.items())
            )
            doubts = [doubt for _, doubt in answered if doubt]
            if doubts and settings not in self._worked:
                raise CurateError(doubts[0])
            came = dict(zip(asked, answered, strict=True))
            samples |= {number: answer for number, (answer, _) in came.items()}
            asked = {
                number: item
                for number, (answer, doubt) in came.items()
                if doubt and again and (item := again(number, answer))
            }
        return [samples[number] for number in range(len(items))]

    def _settled(
        self,
        request: Request[I, S],
        number: int,
        item: I,
        count: int,
        settings: Hashable,
        again: Callable[[int, list[S]], I | None] | None,
    ) -> tuple[list[S], str]:
        """The samples with which `again` is content; or those with a fault that may be the endpoint's, and the fault.

        It is not asked about the latter: if nothing has worked yet, asking for more would be in vain.
        """
        while True:
            samples, doubt = self._samples(request, item, count)
            if any(sample.finish_reason in ("stop", "length") for sample in samples):
                self._worked.add(settings)
            if doubt and settings not in self._worked:
                return samples, doubt
            other = again(number, samples) if again else None
            if other is None:
                return samples, ""
            item = other

    def _samples(self, request: Request[I, S], item: I, count: int) -> tuple[list[S], str]:
        """The samples of one item, and the fault of those that are lost if it may be the endpoint's."""
        samples: list[S] = []
        why, asked, tries, failed = "", 0, 0, False
        while len(samples) < count and tries < TRIES:
            wanted = min(count - len(samples), self._most)
            seed = derive_seed(item.seed, "request", asked) if asked else item.seed
            try:
                came, why = request(item, wanted, seed)
            except RefusedError as refusal:
                if wanted > 1 and refusal.names("n"):
                    self._most = min(self._most, wanted // 2)
                    continue
                finish: Finish = "too long" if refusal.too_long else "refused"
                certain = refusal.filtered or (refusal.too_long and not refusal.names("max_tokens"))
                lost = [self._lost(finish, str(refusal))] * (count - len(samples))
                return samples + lost, "" if certain else str(refusal)
            except GaveUpError as failure:
                if failed:
                    return samples + [self._lost("refused", str(failure))] * (count - len(samples)), ""
                self._check_alive(request, failure)
                failed = True
                continue
            samples += came[:wanted]
            asked, tries = asked + 1, tries + (not came)
        missing = count - len(samples)
        return samples + [self._lost("refused", why)] * missing, why if missing else ""

    def _check_alive(self, request: Request[Any, S], failure: GaveUpError) -> None:
        """Raises `failure` unless the endpoint answers something plain."""
        try:
            request(self._plain, 1, self._plain.seed)
        except CurateError:
            raise failure from None


def read_choices(
    reply: Any, asked: int, url: str, read: Callable[[Mapping[str, Any], Finish], S | None]
) -> tuple[list[S], str]:
    """The samples among the choices of a reply, in the order of their indices, and what is wrong with the others.

    `read` makes a sample of a choice and its end, or None where it has no text.
    """
    choices = reply.get("choices") if isinstance(reply, Mapping) else None
    if not isinstance(choices, list):
        return [], f"POST {url}: no choices came but {shown(reply)!r}"
    if all(isinstance(choice, Mapping) and isinstance(choice.get("index"), int) for choice in choices):
        choices = sorted(choices, key=lambda choice: choice["index"])
    samples: list[S] = []
    why = f"POST {url}: {len(choices)} of {asked} texts came"
    for choice in choices:
        finish = FINISHES.get(str(choice.get("finish_reason"))) if isinstance(choice, Mapping) else None
        sample = read(choice, finish) if finish else None
        if sample is None:
            why = f"POST {url}: a choice without a text or a known end came: {shown(choice)!r}"
        else:
            samples.append(sample)
    return samples, why
