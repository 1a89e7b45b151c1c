"""Words, and single characters where a script puts no spaces between words: the units that texts are compared by.

A token is
- a run of letters, marks and digits ("don't" is two), by Unicode's categories L, M and N;
- one character of a script that writes words without spaces (Chinese, Japanese kana, Thai, Lao, Khmer, Burmese), or
  one pictograph;
- one symbol that carries meaning in formulas and code (Unicode's S categories, and `* / % -`), or a run of the same;
- `#`, `&` or `@` beside a word (C#, R&D), and `\\` or `!` before one (\\d, !x).
Everything else, spaces and punctuation, only separates tokens. Text in several scripts needs no language to be named.

Tokens are 64-bit hashes: every text of a batch is hashed at once, by array operations over its code points, and the
same token has the same hash in every process. Two different tokens collide with a probability of about 5e-20.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from curate.algorithms.splitmix64 import mix

WORD, CHARACTER, SYMBOL, _ATTACHED = 1, 2, 3, 4
_SEPARATOR, _UNKNOWN = 0, 255
_OPERATORS = frozenset("*/%-")
_BESIDE, _BEFORE = "#&@", "\\!"  # symbols where a word is beside them, or right after them and none before
# What normalisation leaves as it is, for it has another meaning: superscripts, subscripts, and \D beside \d.
_KEPT = re.compile(r"(\\[A-Z]|[²³¹⁰-₎])")
_BOXES = range(0x2500, 0x2600)  # lines and blocks that draw tables, no pictographs
_SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # the ideographic iteration mark and zero
    (0x3040, 0x312F),  # hiragana, katakana, bopomofo
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x323AF),
)

_BATCH = 1 << 16  # characters at a time: the arrays of one batch stay in the processor's cache
_BASE = 0x9E3779B97F4A7C15  # odd, so that its powers do not vanish modulo 2**64
_BASE_INVERSE = pow(_BASE, -1, 1 << 64)
_classes = np.full(0x110000, _UNKNOWN, dtype=np.uint8)  # filled in as characters are met
_codes = np.zeros(0x110000, dtype=np.uint64)  # what a character adds to its token's hash; a separator adds nothing


@dataclass(frozen=True)
class Tokens:
    """The tokens of n texts, one text after another.

    `hashes` uint64 (t,); `kinds` uint8 (t,): WORD, CHARACTER or SYMBOL; `starts` and `ends` int64 (t,), in characters
    of all texts joined by one character; the tokens of text i are `offsets[i]:offsets[i + 1]`, int64 (n + 1,).
    """

    hashes: np.ndarray
    kinds: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    offsets: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """The characters of each token, int64 (t,)."""
        return self.ends - self.starts

    @property
    def owners(self) -> np.ndarray:
        """The text of each token, int64 (t,)."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


def normalise(text: str) -> str:
    """Compatibility forms unified (NFKC), case folded, every run of white space one space, none at the ends.

    Superscripts, subscripts and letters after a backslash stay as they are.
    """
    return " ".join(fold(text).split())


def fold(text: str) -> str:
    """As `normalise`, with the white space as it is: has the same tokens, and is made faster."""
    if text.isascii() and "\\" not in text:
        return text.casefold()
    parts = _KEPT.split(text)
    parts[::2] = [unicodedata.normalize("NFKC", part).casefold() for part in parts[::2]]
    return "".join(parts)


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts in order, a few at a time: so many that working on their characters at once is fastest."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text) + 1
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def tokenize(texts: Sequence[str]) -> Tokens:
    """The tokens of each text, as it is: pass normalised texts to ignore case and character forms."""
    codes = code_points("\n".join(texts))
    classes = _resolved(classify(codes), codes)
    inside = classes != _SEPARATOR
    goes_on = (classes[1:] == WORD) & (classes[:-1] == WORD)
    goes_on |= (classes[1:] == SYMBOL) & (classes[:-1] == SYMBOL) & (codes[1:] == codes[:-1])
    begins, closes = inside.copy(), inside.copy()
    begins[1:] &= ~goes_on
    closes[:-1] &= ~goes_on
    starts = np.flatnonzero(begins)
    ends_of_texts = np.cumsum([len(text) + 1 for text in texts], dtype=np.int64)
    return Tokens(
        hashes=_hash_runs(np.where(inside, _codes[codes], np.uint64(0)), starts),
        kinds=classes[starts],
        starts=starts,
        ends=np.flatnonzero(closes) + 1,
        offsets=np.concatenate(([0], np.searchsorted(starts, ends_of_texts))).astype(np.int64),
    )


def code_points(text: str) -> np.ndarray:
    """The code points of a text, uint32, one for each character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _resolved(classes: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The classes, with SYMBOL or separator for each character that is a symbol only where a word is near it."""
    places = np.flatnonzero(classes == _ATTACHED)
    if not len(places):
        return classes
    bordered = np.concatenate(([False], (classes == WORD) | (classes == CHARACTER), [False]))
    after_word, before_word = bordered[places], bordered[places + 2]
    beside = np.isin(codes[places], [ord(character) for character in _BESIDE])
    backslash = codes[places] == ord("\\")
    counts = before_word & (~after_word | backslash) | (beside & after_word)
    classes[places] = np.where(counts | (beside & before_word), SYMBOL, _SEPARATOR)
    return classes


def _hash_runs(terms: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """A hash of each token's characters: a polynomial in `_BASE` modulo 2**64 (Karp and Rabin 1987), mixed.

    `terms` is what each character adds, uint64; it is overwritten.
    """
    if not len(starts):
        return np.zeros(0, dtype=np.uint64)
    bits = len(terms).bit_length()
    terms *= _powers(_BASE, bits)[: len(terms)]
    return mix(np.add.reduceat(terms, starts) * _powers(_BASE_INVERSE, bits)[starts])


@lru_cache(maxsize=6)
def _powers(base: int, bits: int) -> np.ndarray:
    """The first 2**bits powers of `base` modulo 2**64, from its zeroth."""
    powers = np.full(1 << bits, base, dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, out=powers)


def classify(codes: np.ndarray) -> np.ndarray:
    """The class of each code point, uint8: 0 for what separates tokens, WORD, CHARACTER, SYMBOL, or one of their own
    for those that are symbols beside a word."""
    classes = _classes[codes]
    unknown = codes[classes == _UNKNOWN]
    if not len(unknown):
        return classes
    met = np.unique(unknown)
    met_classes = np.array([_class_of(code) for code in met.tolist()], dtype=np.uint8)
    _codes[met] = np.where(met_classes == _SEPARATOR, np.uint64(0), mix(met + np.uint64(1)))
    _classes[met] = met_classes  # last, for another thread may be reading
    return _classes[codes]


def _class_of(code: int) -> int:
    category = unicodedata.category(chr(code))
    if category[0] in "LMN":
        return CHARACTER if any(low <= code <= high for low, high in _SPACELESS) else WORD
    if category == "So" and code not in _BOXES:
        return CHARACTER
    if chr(code) in _BESIDE + _BEFORE:
        return _ATTACHED
    return SYMBOL if category[0] == "S" or chr(code) in _OPERATORS else _SEPARATOR
