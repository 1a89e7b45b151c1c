"""How texts are laid out in rows for scoring: no padding, and a beginning that several share only once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from curate.models.in_process.attention import Segment


@dataclass(frozen=True)
class Text:
    """A token sequence to score: those of `tokens` at the indices `scored`, of which the first is not 0."""

    number: int
    tokens: Sequence[int]
    scored: Sequence[int]

    @property
    def prompt(self) -> tuple[int, ...]:
        """What stands before the first scored token."""
        return tuple(self.tokens[: self.scored[0]])

    @property
    def fed(self) -> Sequence[int]:
        """What the model must read: all before the last scored token, which predicts nothing that is wanted."""
        return self.tokens[: self.scored[-1]]


@dataclass
class Pack:
    """One row of tokens: texts one after another, of which those with the same prompt share it."""

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # of the texts
    sources: list[list[int]] = field(default_factory=list)  # per text: where in the row each scored token is predicted
    targets: list[list[int]] = field(default_factory=list)  # per text: the scored tokens

    def add(self, text: Text, prompt: slice | None) -> slice:
        """Lays `text` out, after its `prompt` if that is in the row already; returns where its prompt is.

        Prompt and rest are segments of their own also where nothing is shared, so that what the attention sums up, and
        in which order, does not depend on what else is in the row.
        """
        length = text.scored[0]
        prompt = prompt or self._lay(text.fed[:length], 0, slice(0, 0))
        rest = self._lay(text.fed[length:], length, prompt)
        starts = [prompt.start if index <= length else rest.start - length for index in text.scored]
        self.sources.append([start + index - 1 for start, index in zip(starts, text.scored, strict=True)])
        self.targets.append([text.tokens[index] for index in text.scored])
        self.numbers.append(text.number)
        return prompt

    def _lay(self, tokens: Sequence[int], position: int, prefix: slice) -> slice:
        begin, end = len(self.tokens), len(self.tokens) + len(tokens)
        self.tokens += tokens
        self.positions += range(position, position + len(tokens))
        if tokens:
            self.segments.append(Segment(begin, end, prefix))
        return slice(begin, end)


def packs(texts: Sequence[Text], limit: int) -> Iterator[Pack]:
    """Rows of at most `limit` tokens, longer only for a text that is longer itself; those of one prompt side by side.

    What shares a row depends on the texts and not on their order.
    """
    groups: dict[tuple[int, ...], list[Text]] = defaultdict(list)
    for text in texts:
        groups[text.prompt].append(text)
    pack = Pack()
    for prompt in sorted(groups):
        prompt_slice = None
        for text in sorted(groups[prompt], key=lambda text: (*text.tokens, -1, *text.scored)):
            new = len(text.fed) - (len(prompt) if prompt_slice else 0)
            if pack.tokens and len(pack.tokens) + new > limit:
                yield pack
                pack, prompt_slice = Pack(), None
            prompt_slice = pack.add(text, prompt_slice)
    if pack.numbers:
        yield pack
