"""Text whose letters or words are in no order: shuffled words, shuffled letters, keyboard mash, noise.

Two shares tell it, of the words of the prose (code, formulas and addresses left out):

- `odd_words`: different words that no language with Latin letters makes in number: without a vowel, with six
  consonants in a row, with a beginning such as "tg" or "rk", with a sign or a digit inside, or with letters of two
  scripts. Where one word in twenty has an accent, as in Polish or Vietnamese, nothing is said.
- `broken_order`: places that grammar forbids: an article before a verb or a preposition ("the of", "a was"), a small
  letter after a full stop, "The" or "However" in the middle of a sentence, and, in Chinese, two marks of punctuation
  or two particles ("，。", "的的") in a row.

Text in another language than English and Chinese, in short, without punctuation and with every word whole, can be
shuffled unseen: that takes a language model.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from curate.algorithms.prose import ends_in_code, prose

LEAST_WORDS = 12
MOST_ODD, MOST_BROKEN = 0.1, 0.01  # shares
_ACCENTED = 0.05  # the share of words with accents, from which a text is in a language whose words may look odd
_LEAST = 2  # odd words or broken places: one may be a name or a slip

_NONE, _PLAIN, _FOREIGN, _ODD = range(4)
_EDGES = ".,;:!?\"'“”‘’()[]{}*_<>«»…—–-|/~`"
_CODE = re.compile(r"[a-z0-9][(_=\[/.<@\\][^\s]|\d$")
_VOWELS = "aeiouyæøœı"
_ONSETS = (
    "bh bl br bw by ch cl cr cz dh dj dl dn dr dw dz fj fl fr gh gj gl gm gn gr gw hj hl hr hw jh kh kj kl km kn "
    "kr ks kv kw lh lj ll lv mb mc mf mg mh mj mk ml mn mp mr ms mt mz nd ng nh nj nk nt ph pf pl pn pr ps pt qu "
    "rh sb sc sd sf sg sh sj sk sl sm sn sp sq sr ss st sv sw sz th tj tl tm tr ts tw tz vd vl vm vn vr vs vz wh "
    "wl wr zb zd zh zl zm zn zr zv zw "
)
_ABBREVIATIONS = (
    " mph kph kbps mbps gbps fps rpm bpm tbsp tsp lbs hrs mins secs yrs nth hmm hmmm mmm brr shh psst pfft tsk mrs pcs "
    "qty http https html xml css sql php jpg png pdf csv txt npm src img btn str len "
)
_CONSONANTS = re.compile(rf"[^\W\d_{_VOWELS}]{{6,}}")
_INSIDE = re.compile(r"[a-z][!#$%^*=+{}\[\]<>|\\;?0-9~§¤¶¬][a-z]")
_BAD_PAIRS = re.compile(
    r"""\b(?:the|an?|my|your|our|their|its|every)[ ](?:of|the|an?|and|or|to|is|are|was|were|be|been|for|with|by|at|from
        |has|have|had|will|would|can|could|should|it|they|he|she|we|you|but|if|because|than|which|who|into|their|your|its)\b
    | \b(?:of|with|from|into|at)[ ](?:of|is|are|were|be|has|have|had|will|would|can|could|should)\b
    | \b(?:and[ ]and|of[ ]of|to[ ]to|to[ ]of|and[ ]of|is[ ]of[ ]is|or[ ]and|is[ ]are|are[ ]is
        |was[ ]is|be[ ]is|to[ ]is|to[ ]are)\b""",
    re.VERBOSE,
)
_SMALL_AFTER_STOP = re.compile(r"[.!?](?<=[a-z]{3}.)(?<!etc.)(?<!\bvs.) [a-z]{2}")
_CAPITAL_INSIDE = re.compile(
    r"[a-z]{2} (?:The|An|In|It|This|That|These|They|There|And|But|However|If|When|For|To|By|As|We|He|She|With|On)\b"
    r"(?! [A-Z\"“])"
)
_ABOUT_DISORDER = re.compile(
    r"""(?:un|de)?scrambl|shuffl|anagram|cipher|cypher|\b(?:de|en)(?:cod|crypt)|\brandom|rearrang|gibberish|nonsens
    |(?:made-?up|invent\w*|fictional|new|fantasy)\slanguage|conlang|backwards|revers|pig\slatin|acronym|typos?\b|misspel
    |乱码|打乱|加密|解密|随机|密码|乱序""",
    re.VERBOSE | re.IGNORECASE,
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_HAN_PAIRS = re.compile(
    r"[，。、；：！？][，。、；：的了们吗呢吧]|[和把被很与及][，。；]|的的|了了|是是|在在|和和|的了|和的|是了|和了|在了|在和|和是"
    r"|(?:^|\n)[，。、；：！？]"
)


def readable(text: str) -> str:
    """The prose of a text, which the two shares are measured on; nothing where the text is code or ends in it."""
    return "" if ends_in_code(text) else prose(text)


def odd_words(text: str) -> float:
    """The share of different words that no language with Latin letters makes, 0 for a text that is short."""
    kinds = Counter(map(_kind, set(text.split())))
    words = kinds[_PLAIN] + kinds[_FOREIGN] + kinds[_ODD]
    if words < LEAST_WORDS or kinds[_ODD] < _LEAST or kinds[_FOREIGN] > _ACCENTED * words:
        return 0.0
    return kinds[_ODD] / words


def broken_order(text: str) -> float:
    """The places that grammar forbids, per word or per two Chinese characters; 0 for a text that is short."""
    broken = len(_BAD_PAIRS.findall(text)) + len(_SMALL_AFTER_STOP.findall(text)) + len(_CAPITAL_INSIDE.findall(text))
    size = text.count(" ") + text.count("\n") + 1.0
    if not text.isascii():
        broken += len(_HAN_PAIRS.findall(text))
        size += len(_HAN.findall(text)) / 2
    return broken / size if size >= LEAST_WORDS and broken >= _LEAST else 0.0


def disorder_asked_for(request: str) -> bool:
    """Whether a request is about ciphers, anagrams, invented languages or random text."""
    return bool(_ABOUT_DISORDER.search(request))


@lru_cache(maxsize=1 << 16)
def _kind(token: str) -> int:
    """Whether a token is a word, and which; abbreviations, short words, figures and code are none."""
    word = token.strip(_EDGES)
    if len(word) < 3 or not word[0].isalpha() or not word[1:].islower() or _CODE.search(word):
        return _NONE
    if _is_odd(word.lower()):
        return _ODD
    return _PLAIN if word.isascii() else _FOREIGN


def _is_odd(word: str) -> bool:
    if f" {word} " in _ABBREVIATIONS:
        return False
    if _INSIDE.search(word) or _is_mixed(word):
        return True
    if not word.isascii():
        word = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
    if not "a" <= word[0] <= "z":
        return False
    if not any(letter in _VOWELS for letter in word) or _CONSONANTS.search(word):
        return True
    return word[0] not in _VOWELS and word[1] not in _VOWELS and word[1].isalpha() and word[:2] not in _ONSETS


def _is_mixed(word: str) -> bool:
    """Whether the letters of a word are of two scripts."""
    if word.isascii():
        return False
    return len({unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()}) > 1
