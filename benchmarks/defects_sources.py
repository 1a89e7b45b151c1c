"""Clean pairs of instruction and response for the pools of defects.py, from the sets in a data directory.

What is obviously bad in the sets is left out, each for the first of these reasons:

- `empty`: a response without a letter or a digit;
- `too long`: over 6,000 characters, where generators reach their limit of tokens;
- `refusal`: declines, apologises for not being able to, or calls itself an AI language model;
- `template`: special tokens or role marks of a chat template;
- `mojibake`: UTF-8 that was read as another encoding, or U+FFFD;
- `markup`: HTML tags or entities where the instruction is not about markup or code;
- `loop`: eight words in a row more than three times, or a line of 30 characters more than four times;
- `not English`: fewer than 4% of 20 words or more are among the commonest English ones (code aside);
- `personal data`: e-mail addresses outside example domains, or numbers as of telephones;
- `harmful`: an instruction with a word of a short list (a rough one: it may take good records too);
- `unfinished`: an odd number of code fences, brackets of code that do not close, prose whose last line is long and ends
  in a letter, a comma or a dash;
- `wrong sum`: an annotated equation of GSM8K that is false, or a result that is not the last equation's;
- `benchmark`: ten words in a row of a benchmark's item;
- `near twin`: a TF-IDF cosine of 0.8 or more with an instruction that was taken before.
"""

from __future__ import annotations

import ast
import json
import operator
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

TWIN = 0.8
NEIGHBOUR, ANSWER = 0.45, 0.2  # above these cosines of questions or answers, a neighbour's answer might serve too
BENCHMARKS = ("gsm8k_test", "humaneval", "mt_bench")
BRACKETS = {")": "(", "]": "[", "}": "{"}
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
COMMON = re.compile(
    r"\b(the|an?|of|to|and|in|is|are|was|were|be|it|that|this|for|on|with|as|at|by|from|or|you|your|i|my|me|he|she|his|her|"
    r"they|we|our|not|can|will|have|has|do|how|what|which|who|if|so|each|there|more|than|one)\b"
)
PATTERNS = {
    "refusal": r"(?i)\bas an? (ai|artificial)\b|\b(i'm|i am|i’m) (sorry|unable|not able)|language model|can't help|"
    r"^\W*(i|we) (can't|cannot|can’t|won't|apologi[sz]e)|cannot (assist|fulfill)|"
    r"\bi (don't|do not|don’t) have (personal|access|the ability|real-time)",
    "template": r"<\||\|>|\[/?INST\]|</?s>|<(start|end)_of_turn>|###\s*(Instruction|Response|Input|Human|Assistant)|"
    r"(?m:^\W*(Human|USER|ASSISTANT|User|Assistant|AI|Bot):)",
    "mojibake": r"\ufffd|[\x80-\x9f]|â€|Ã[\x80-\xbf]|Â[\x80-\xbf\s]",
    "personal data": r"[\w.+-]+@(?!example\.|email\.|company\.|domain\.)[\w-]+\.\w{2,}|"
    r"(?<!\d)\+?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?!\d)",
}
MARKUP = re.compile(
    r"</?(div|p|br|span|a|b|i|li|ul|script|style|html|body|table|td|tr|h\d)\b[^>]*>|&(nbsp|amp|lt|gt|quot|#\d+);"
)
ABOUT_CODE = re.compile(r"(?i)html|xml|css|markup|tag|code|script|program|php|java|python|react|web|svg|regex|function")
HARMFUL = re.compile(
    r"(?i)\b(bomb|suicid\w*|kill (someone|my|a person|people)|racist|nazis?|hitler|porn\w*|sex\w*|rap(e|ist)|cocaine|"
    r"heroin|meth|steal\w*|rob(bing)? |hack(ing|er)?|slurs?|weapons?|explosives?|poison|drugs?|shoplift\w*|torture|"
    r"terroris\w*|dick|fuck\w*)\b"
)


@dataclass(frozen=True)
class Pair:
    """An instruction and its response; `group` names the instruction."""

    instruction: str
    response: str
    group: str

    @property
    def messages(self) -> list[dict[str, str]]:
        return turns(self.instruction, self.response)


def turns(*contents: str) -> list[dict[str, str]]:
    """Messages of user and assistant in turn."""
    return [{"role": ("user", "assistant")[n % 2], "content": content} for n, content in enumerate(contents)]


@dataclass
class Sources:
    """The clean pairs, by set and instruction; what is taken is not given again, unless as another response to it."""

    pairs: dict[str, list[list[Pair]]]  # set, then instructions, then responses
    generator: random.Random
    left_out: Counter[str] = field(default_factory=Counter)
    spare: list[Pair] = field(default_factory=list)
    _vectors: dict[str, tuple[csr_matrix, csr_matrix]] = field(default_factory=dict)
    _free: dict[str, dict[int, None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._free = {name: dict.fromkeys(range(len(rows))) for name, rows in self.pairs.items()}

    def take(self, *names: str, fits: Callable[[Pair], bool] = lambda pair: True) -> Pair:
        """An unused pair of one of the sets, drawn at random; of any set where none of them has one that fits."""
        for candidates in (self.generator.sample(names, len(names)), [*self.pairs][::-1]):
            for name in candidates:
                for number in self._free[name]:
                    if fits(pair := self.pairs[name][number][0]):
                        del self._free[name][number]
                        return pair
        raise SystemExit("the data directory has too few pairs for this many records: lower --records")

    def take_clean(self, name: str) -> Pair | None:
        """An unused pair of the set, whose other responses become spare; None where the set is used up."""
        number = next(iter(self._free[name]), None)
        if number is None:
            return None
        del self._free[name][number]
        first, *others = self.pairs[name][number]
        self.spare += others
        return first

    def take_near(self, name: str, count: int) -> list[Pair]:
        """An unused pair of the set, and those nearest to it whose responses would not serve for one another."""
        if len(self._free[name]) < count:
            raise SystemExit(f"{name} has too few pairs for this many records: lower --records")
        if name not in self._vectors:
            firsts = [rows[0] for rows in self.pairs[name]]
            texts = [pair.instruction for pair in firsts], [pair.response for pair in firsts]
            self._vectors[name] = _tfidf(texts[0]), _tfidf(texts[1])
        asked, answered = self._vectors[name]
        chosen = [next(iter(self._free[name]))]
        free = np.array([number for number in self._free[name] if number != chosen[0]])
        near = _cosines(asked, free, chosen[-1])
        while len(chosen) < count:
            near[(_cosines(asked, free, chosen[-1]) > NEIGHBOUR) | (_cosines(answered, free, chosen[-1]) > ANSWER)] = -1
            chosen.append(int(free[np.argmax(near)]))
            near[np.argmax(near)] = -1
        for number in chosen:
            del self._free[name][number]
        return [self.pairs[name][number][0] for number in chosen]


def read_sources(data: Path, generators: tuple[str, ...], seed: int, *, backwards: bool, result: str) -> Sources:
    """The clean pairs of a data directory.

    `generators` are those of AlpacaEval whose responses count; `backwards` reads each set's shuffled order from its
    end, so that two worlds share only what both need; `result` is how a GSM8K solution ends, with `{}` for its result.
    """
    left_out: Counter[str] = Counter()
    grams = {gram for name in BENCHMARKS for text in items(data, name) for gram in _grams(text, 10)}
    sets = {
        "alpacaeval": _alpacaeval(data, generators, seed),
        "gsm8k": _gsm8k(data, result, left_out),
        "codealpaca": _alpaca(data, "codealpaca"),
        "roleplay": _alpaca(data, "gpteacher_roleplay"),
        "seeds": (
            (_joined(row["instruction"], row["instances"][0]["input"]), (row["instances"][0]["output"],))
            for row in _rows(data, "self_instruct_seeds")
        ),
    }
    pairs: dict[str, list[list[Pair]]] = {}
    for name, rows in sets.items():
        good = []
        for number, (instruction, responses) in enumerate(rows):
            group = f"{name}-{number}"
            candidates = [Pair(instruction.strip(), response.strip(), group) for response in responses]
            reasons = [_fault(pair, name, grams) for pair in candidates]
            left_out.update(reason for reason in reasons if reason)
            if kept := [pair for pair, reason in zip(candidates, reasons, strict=True) if not reason]:
                good.append(kept)
        random.Random(seed).shuffle(good)
        good = _without_twins(good[::-1] if backwards else good, left_out)
        pairs[name] = good
    return Sources(pairs, random.Random(seed), left_out)


def items(data: Path, name: str) -> Iterator[str]:
    """The texts of a benchmark's questions."""
    for row in _rows(data, name):
        yield from row["turns"] if "turns" in row else [row.get("question") or row["prompt"]]


def solved_items(data: Path, result: str) -> list[tuple[str, str]]:
    """The questions of GSM8K's test set and of HumanEval, with their solutions."""
    solved = [(row["question"], _solution(row["answer"], result)) for row in _rows(data, "gsm8k_test")]
    return solved + [(row["prompt"], row["prompt"] + row["canonical_solution"]) for row in _rows(data, "humaneval")]


def _rows(data: Path, name: str) -> list[dict]:
    with (data / f"{name}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _joined(instruction: str, given: str) -> str:
    given = "" if given.strip(" <>.").lower() in ("noinput", "n/a", "none", "no input") else given.strip()
    return f"{instruction}\n\n{given}" if given else instruction


def _alpaca(data: Path, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for row in _rows(data, name):
        yield _joined(row["instruction"], row["input"]), (row["output"],)


def _alpacaeval(data: Path, generators: tuple[str, ...], seed: int) -> Iterator[tuple[str, list[str]]]:
    """Each instruction with the responses of the generators, in an order of its own."""
    responses: dict[str, list[str]] = defaultdict(list)
    table = pq.read_table(data / "multi_response.parquet", columns=["instruction", "output", "generator"])
    for row in sorted(table.to_pylist(), key=lambda row: (row["instruction"], row["generator"])):
        if row["generator"] in generators:
            responses[row["instruction"]].append(row["output"])
    order = random.Random(seed)
    for instruction, texts in responses.items():
        order.shuffle(texts)
        yield instruction, texts


def _gsm8k(data: Path, result: str, left_out: Counter[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for row in _rows(data, "gsm8k_train"):
        if _right_sums(row["answer"]):
            yield row["question"], (_solution(row["answer"], result),)
        else:
            left_out["wrong sum"] += 1


def _solution(answer: str, result: str) -> str:
    """A solution of GSM8K without the calculator's annotations."""
    steps, number = answer.rsplit("#### ", 1)
    return re.sub(r"<<[^>]*>>", "", steps) + result.format(number.strip())


def _right_sums(answer: str) -> bool:
    """Whether every annotated equation holds, to a hundredth, and the last one gives the result."""
    try:
        equations = [(value_of(left), value_of(right)) for left, right in re.findall(r"<<([^=<>]+)=([^<>]+)>>", answer)]
        result = value_of(answer.rsplit("#### ", 1)[1].replace(",", ""))
    except (ValueError, ZeroDivisionError):
        return False
    close = all(abs(left - right) <= max(Fraction(1, 100), abs(left) / 1000) for left, right in equations)
    return bool(equations) and close and equations[-1][1] == result


def value_of(text: str) -> Fraction:
    """The value of numbers with + - * / and brackets; ValueError for anything else."""
    try:
        return _exact(ast.parse(re.sub(r"(?<![\d.])0+(?=\d)", "", text.strip()), mode="eval").body)
    except SyntaxError:
        raise ValueError(text) from None


def _exact(node: ast.expr) -> Fraction:
    match node:
        case ast.BinOp(left, op, right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_exact(left), _exact(right))
        case ast.UnaryOp(ast.USub(), operand):
            return -_exact(operand)
        case ast.Constant(int() | float()):
            return Fraction(repr(node.value))
    raise ValueError(ast.unparse(node))


def _fault(pair: Pair, name: str, benchmark_grams: set[str]) -> str | None:
    """Why a pair is not clean; None where nothing speaks against it."""
    text = f"{pair.instruction}\n{pair.response}"
    if not pair.instruction or not re.search(r"\w", pair.response):
        return "empty"
    if len(pair.response) > 6000:
        return "too long"
    for reason, pattern in PATTERNS.items():
        if re.search(pattern, pair.response if reason == "refusal" else text):
            return reason
    code = name == "codealpaca"
    if not code and not ABOUT_CODE.search(pair.instruction) and MARKUP.search(text):
        return "markup"
    if _loops(pair.response):
        return "loop"
    if not code and not _english(text):
        return "not English"
    if name in ("alpacaeval", "seeds") and HARMFUL.search(pair.instruction):
        return "harmful"
    if not (_closes(pair.response) if code else _ends(pair.response)):
        return "unfinished"
    return "benchmark" if any(gram in benchmark_grams for gram in _grams(text, 10)) else None


def _loops(text: str) -> bool:
    grams, lines = Counter(_grams(text, 8)), Counter(line for line in text.splitlines() if len(line) >= 30)
    return max(grams.values(), default=0) > 3 or max(lines.values(), default=0) > 4


def _english(text: str) -> bool:
    text = re.sub(r"(?s)```.*?```", "", text).lower()
    words = len(re.findall(r"\w+", text))
    return words < 20 or len(COMMON.findall(text)) >= 0.04 * words


def _closes(code: str) -> bool:
    """Whether the brackets outside of quotes close in order."""
    opened: list[str] = []
    for sign in re.findall(r"[()\[\]{}]", re.sub(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`", "", code)):
        if sign not in BRACKETS:
            opened.append(sign)
        elif not opened or opened.pop() != BRACKETS[sign]:
            return False
    return not opened


def _ends(text: str) -> bool:
    last = text.splitlines()[-1]
    prose = len(last) > 100 and not re.match(r"\W|\d", last)
    return text.count("```") % 2 == 0 and not (prose and re.search(r"[\w,;–-]$", last))


def _grams(text: str, size: int) -> list[str]:
    words = re.findall(r"\w+", text.lower())
    return [" ".join(words[n : n + size]) for n in range(len(words) - size + 1)]


def _tfidf(texts: list[str]) -> csr_matrix:
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)).fit_transform(texts).tocsr()


def _cosines(table: csr_matrix, rows: np.ndarray, row: int) -> np.ndarray:
    return (table[rows] @ table[row].T).toarray()[:, 0]


def _without_twins(rows: list[list[Pair]], left_out: Counter[str]) -> list[list[Pair]]:
    """The instructions, without those that are too near to an earlier one that stays."""
    table = _tfidf([responses[0].instruction for responses in rows])
    kept: list[int] = []
    stays = np.ones(len(rows), dtype=bool)
    for start in range(0, len(rows), 500):
        near = (table[start : start + 500] @ table.T >= TWIN).tocsr()
        for row in range(near.shape[0]):
            number = start + row
            others = near.indices[near.indptr[row] : near.indptr[row + 1]]
            stays[number] = not any(stays[other] for other in others if other < number)
    kept = np.flatnonzero(stays).tolist()
    left_out["near twin"] += len(rows) - len(kept)
    return [rows[number] for number in kept]
