"""Which texts of a benchmark stand in a text, by the runs of units that they share.

A unit of an item's text is matched when it lies in a shared n-gram, and the share of matched units says how much of the
item a text holds (Tulu 3, arXiv 2411.15124); s1 (arXiv 2501.19393) asks for any shared n-gram. An n-gram has 8 words,
16 characters of a script without spaces, or 32 characters where characters are the units.

An item's text that is shorter than an n-gram, but not than half of one, is found where it stands, whole, up to the end
of a sentence or of a turn. One that is shorter still, or that points to choices ("Which of the following is true?"),
says too little for that and is only found as a whole turn.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from curate.algorithms.matching_units import NUMBER, SIZES, Units, lower_case_words, units_of
from curate.algorithms.ngrams import Ngrams, hash_runs, ngrams
from curate.algorithms.tokens import Tokens, normalise, tokenize

_POINTS = re.compile(r"\b(?:following|these|those|below|above)\b|下列|以下|下面|上述|哪一?项")  # to choices
_END = re.compile(r"[?!;。…()\[\]\"”»」|]|[.:]+\W")  # of a sentence; no point of a number, no colon of a time
_BITS = 22  # of the filter that most n-grams fail: 4 MB


class Overlap(NamedTuple):
    """The overlap of one text of a benchmark with one record."""

    text: int  # the number of the benchmark's text
    share: float  # of its units that are matched
    item: str  # what is matched of it, from the first matched unit to the last one, normalised
    record: str  # the same of the record


class OverlapIndex:
    """The n-grams of a benchmark's texts, to look records up in."""

    def __init__(self, texts: Sequence[str], units: Units) -> None:
        self._units = units
        self._vocabulary = lower_case_words(texts)
        self._texts = [normalise(text) for text in texts]
        self._joined = "\n".join(self._texts)
        self._tokens = units_of(self._texts, units, self._vocabulary)
        grams = self._ngrams(self._tokens)
        owners = np.repeat(np.arange(len(texts)), np.diff(grams.offsets))
        order = np.argsort(grams.hashes, kind="stable")
        self._owners, self._starts, self._sizes = owners[order], grams.starts[order], grams.sizes[order]
        self._hashes, bounds = np.unique(grams.hashes[order], return_index=True)
        self._bounds = np.append(bounds, len(order))
        self._filter = np.zeros(1 << _BITS, dtype=bool)
        self._filter[self._hashes >> np.uint64(64 - _BITS)] = True
        self._index_short(np.flatnonzero((np.diff(grams.offsets) == 0) & (np.diff(self._tokens.offsets) > 0)))

    def _index_short(self, short: np.ndarray) -> None:
        """Indexes the texts that are shorter than an n-gram: by half of one, or as a whole."""
        self.short: list[int] = short.tolist()
        tokens = self._unmasked(self._texts, self._tokens)
        self._counts = np.diff(tokens.offsets)
        self._names = hash_runs(tokens.hashes, tokens.offsets[:-1], self._counts)
        halves = self._halves(tokens)
        self._begun: defaultdict[int, list[int]] = defaultdict(list)  # texts by the half of an n-gram that begins them
        self._whole: defaultdict[int, list[int]] = defaultdict(list)  # texts by all of them
        for text in self.short:
            half = halves.offsets[text]
            if half < halves.offsets[text + 1] and not _POINTS.search(self._texts[text]):
                self._begun[int(halves.hashes[half])].append(text)
            else:
                self._whole[int(self._names[text])].append(text)
        self._halves_begun = np.array(sorted(self._begun), dtype=np.uint64)

    @property
    def only_whole(self) -> list[int]:
        """The numbers of the texts that are only found as a whole turn."""
        return sorted(itertools.chain.from_iterable(self._whole.values()))

    def overlaps(self, records: Sequence[Sequence[str]]) -> list[list[Overlap]]:
        """For each record, given as its turns, all texts that it overlaps with; turns are searched as one text."""
        turns = [normalise(turn) for record in records for turn in record]
        bounds = np.concatenate(([0], np.cumsum([len(record) for record in records]))).astype(np.int64)
        by_turn = units_of(turns, self._units, self._vocabulary)
        tokens = Tokens(by_turn.hashes, by_turn.kinds, by_turn.starts, by_turn.ends, by_turn.offsets[bounds])
        joined = "\n".join(turns)
        grams = self._ngrams(tokens)
        overlaps: list[list[Overlap]] = [[] for _ in records]
        for record, text, mine, theirs in self._shared(grams):
            held = _extent(joined, tokens, grams.starts[mine], grams.sizes[mine])
            overlaps[record].append(self._overlap(text, self._starts[theirs], self._sizes[theirs], held))
        if self.short:
            owners = np.repeat(np.arange(len(records)), np.diff(bounds))
            pairs = {(int(owners[turn]), text) for turn, text in self._short_in(joined, self._unmasked(turns, by_turn))}
            for record, text in sorted(pairs):
                overlaps[record].append(Overlap(text, 1.0, self._texts[text], self._texts[text]))
        return overlaps

    def _short_in(self, joined: str, tokens: Tokens) -> Iterator[tuple[int, int]]:
        """Each turn and the short text that stands in it."""
        names = hash_runs(tokens.hashes, tokens.offsets[:-1], np.diff(tokens.offsets))
        for turn, name in enumerate(names.tolist()):
            yield from ((turn, text) for text in self._whole.get(name, ()))
        halves = self._halves(tokens)
        for half in np.flatnonzero(np.isin(halves.hashes, self._halves_begun)).tolist():
            turn = int(np.searchsorted(halves.offsets, half, side="right")) - 1
            begin, end = int(halves.starts[half]), int(tokens.offsets[turn + 1])
            for text in self._begun[int(halves.hashes[half])]:
                stop = begin + int(self._counts[text])
                if stop > end or hash_runs(tokens.hashes, *np.array([[begin], [stop - begin]]))[0] != self._names[text]:
                    continue
                if stop == end or _END.search(joined[tokens.ends[stop - 1] : tokens.starts[stop]]):
                    yield turn, text

    def _overlap(self, text: int, starts: np.ndarray, sizes: np.ndarray, held: str) -> Overlap:
        first, end = self._tokens.offsets[text], self._tokens.offsets[text + 1]
        changes = np.zeros(end - first + 1, dtype=np.int64)
        np.add.at(changes, starts - first, 1)
        np.add.at(changes, starts - first + sizes, -1)
        share = float(np.mean(np.cumsum(changes[:-1]) > 0))
        return Overlap(text, share, _extent(self._joined, self._tokens, starts, sizes), held)

    def _shared(self, grams: Ngrams) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
        """Each record and text that share n-grams: their numbers, which n-grams of the record, which of the text."""
        likely = np.flatnonzero(self._filter[grams.hashes >> np.uint64(64 - _BITS)])
        entries = np.minimum(np.searchsorted(self._hashes, grams.hashes[likely]), len(self._hashes) - 1)
        same = self._hashes[entries] == grams.hashes[likely] if len(likely) else np.zeros(0, dtype=bool)
        likely, entries = likely[same], entries[same]
        counts = self._bounds[entries + 1] - self._bounds[entries]
        mine = np.repeat(likely, counts)
        theirs = np.arange(len(mine)) + np.repeat(self._bounds[entries] - np.cumsum(counts) + counts, counts)
        records, texts = np.searchsorted(grams.offsets, mine, side="right") - 1, self._owners[theirs]
        order = np.lexsort((texts, records))
        records, texts = records[order], texts[order]
        breaks = np.flatnonzero((np.diff(records, prepend=-1) != 0) | (np.diff(texts, prepend=-1) != 0))
        for begin, end in itertools.pairwise([*breaks.tolist(), len(order)]):
            yield int(records[begin]), int(texts[begin]), mine[order[begin:end]], theirs[order[begin:end]]

    def _ngrams(self, tokens: Tokens) -> Ngrams:
        """The n-grams that may be shared: of those with placeholders, the ones that are half made of words."""
        grams = ngrams(tokens, *SIZES[self._units])
        if self._units != "templates":
            return grams
        masked = np.concatenate(([0], np.cumsum(tokens.hashes <= NUMBER)))
        good = 2 * (masked[grams.starts + grams.sizes] - masked[grams.starts]) <= grams.sizes
        before = np.concatenate(([0], np.cumsum(good)))
        return Ngrams(grams.hashes[good], grams.starts[good], grams.sizes[good], before[grams.offsets])

    def _halves(self, tokens: Tokens) -> Ngrams:
        words, characters = SIZES[self._units]
        return ngrams(tokens, words // 2, characters // 2)

    def _unmasked(self, texts: Sequence[str], tokens: Tokens) -> Tokens:
        """The units of texts by which a short one is found: without placeholders."""
        return tokenize(texts) if self._units == "templates" else tokens


def _extent(joined: str, tokens: Tokens, starts: np.ndarray, sizes: np.ndarray) -> str:
    """What stands in `joined` from the first of these n-grams to the last one."""
    return joined[tokens.starts[starts.min()] : tokens.ends[(starts + sizes).max() - 1]]
