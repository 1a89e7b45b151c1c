"""World 1 of defects.py: the defects as they come most often, in the words that most people know them by."""

from __future__ import annotations

import json
import random
import re

from defects_pool import PROSE, Made, World, sentences
from defects_sources import Pair, solved_items, turns

TYPOGRAPHY = (("'", "’"), (' "', " “"), ('"', "”"), (" - ", " – "), ("...", "…"), ("cafe", "café"), (" * ", " × "))
TOKENS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "</s>", "<|im_start|>assistant\n", "<|end|>")


class First(World):
    GENERATORS = (
        "gpt4_0613_verbose",
        "claude",
        "claude-2.1_concise",
        "gpt-3.5-turbo-1106",
        "Qwen2-72B-Instruct",
        "gemma-2-9b-it-WPO-HB",
        "Meta-Llama-3-8B-Instruct",
        "Infinity-Instruct-3M-0625-Llama3-70B",
        "FuseChat-Llama-3.2-3B-Instruct",
        "Infinity-Instruct-3M-0613-Mistral-7B",
        "Storm-7B-best-of-64",
        "Infinity-Instruct-3M-0625-Qwen2-7B",
        "vicuna-33b-v1.3",
        "TempNet-LLaMA2-Chat-70B-v0.1",
        "Llama-3-Instruct-8B-RainbowPO",
    )
    BACKWARDS = False
    RESULT = "#### {}"
    TEXTS = "defects_texts.json"
    DEBRIS = (
        ("### Response:\n{}", ("### Response:",)),
        ("{}\n\n### Instruction:\n{next}\n\n### Response:\n", ("### Instruction:", "### Response:")),
        ("[INST] {next} [/INST]\n{}", ("[INST]", "[/INST]")),
        ("{}\n[/INST]", ("[/INST]",)),
        ("{}<end_of_turn>\n<start_of_turn>user\n{next}", ("<end_of_turn>", "<start_of_turn>")),
        ("{}\n\nHuman: {next}\n\nAssistant:", ("\nHuman:", "\nAssistant:")),
        ("ASSISTANT: {}\nUSER: {next}", ("ASSISTANT:", "USER:")),
    )

    def cut_off(self) -> Made:
        """Ends inside a word, or after one, where no sentence or line does."""
        pair = self.whole()
        text = pair.response
        places = [n for n in range(len(text) * 3 // 10, len(text) * 17 // 20) if _amid(text, n)]
        inside = [n for n in places if text[n].isalnum()]
        if not places:
            return self.cut_off()
        place = self.rng.choice(inside if inside and self.rng.random() < 0.5 else places)
        return Made(turns(pair.instruction, text[:place].rstrip()))

    def gibberish(self) -> Made:
        pair = self.prose()
        words = pair.response.split()
        style = self.rng.random()
        if style < 0.6:
            self.rng.shuffle(words)
        elif style < 0.8:
            words = ["".join(self.rng.sample(word, len(word))) for word in words]
        else:
            words = ["".join(self.rng.choices("asdfghjklqwertzuiopm", k=self.rng.randint(2, 9))) for _ in words[:80]]
        return Made(turns(pair.instruction, " ".join(words)))

    def mojibake(self) -> Made:
        def typeset(pair: Pair) -> str:
            text = pair.response
            for plain, typographic in TYPOGRAPHY:
                text = text.replace(plain, typographic)
            return text

        pair = self.sources.take(*PROSE, fits=lambda pair: len(re.findall(r"[^\x00-\xff]", typeset(pair))) >= 3)
        text = typeset(pair)
        marks = {letter.encode().decode("latin-1") for letter in text if letter > "\x7f"}
        return Made(turns(pair.instruction, text.encode().decode("latin-1")), tuple(sorted(marks)))

    def wrong_sum(self) -> Made:
        """A result in the middle that later steps go on with or not, or a last line that contradicts the steps."""
        pair = self.sources.take("gsm8k", fits=lambda pair: bool(_results(pair.response)))
        text, number = pair.response.rsplit("#### ", 1)
        results = _results(text)
        style = self.rng.randrange(3) if results else 2
        if style == 2:
            return Made(turns(pair.instruction, f"{text}#### {self.changed(number)}"))
        chosen = results[-1] if style == 1 else self.rng.choice(results)
        wrong = self.changed(chosen[1])
        rest = text[chosen.end(1) :]
        if style == 1:  # the last result is wrong, and everything after it agrees
            number = re.sub(rf"(?<![\d.]){re.escape(chosen[1])}(?![\d.]*\d)", wrong, number)
            rest = re.sub(rf"(?<![\d.]){re.escape(chosen[1])}(?![\d.]*\d)", wrong, rest)
        return Made(turns(pair.instruction, f"{text[: chosen.start(1)]}{wrong}{rest}#### {number}"))

    def changed(self, number: str) -> str:
        value = float(number.replace(",", ""))
        other = value + self.rng.choice((-10, -2, -1, 1, 2, 10, 100))
        return f"{other:g}" if abs(other) < 1e6 else f"{other:.0f}"

    def html(self) -> Made:
        pair = self.prose()
        parts = sentences(pair.response)
        style = self.rng.randrange(4)
        if style == 0:
            text = f'<div class="content">{"".join(f"<p>{part.strip()}</p>" for part in parts)}</div>'
        elif style == 1:
            text = "&nbsp;".join(part.strip() for part in parts) + "<br/>"
        elif style == 2:
            script = "<script>window.dataLayer = window.dataLayer || [];</script>"
            text = " ".join([*parts[: len(parts) // 2], script, *parts[len(parts) // 2 :]])
        else:
            parts[0] = f'<span style="color: #333">{parts[0].strip()}</span>'
            text = "<br>\n".join(parts) + '\n<a href="#top">Back to top</a>'
        marks = set(re.findall(r"</?(?:div|p|br|script|span|a)\b[^>]*>|&nbsp;", text))
        return Made(turns(pair.instruction, text), tuple(sorted(marks)))

    def tokens(self) -> Made:
        pair, token = self.prose(), self.rng.choice(TOKENS)
        parts = sentences(pair.response)
        place = self.rng.choice((0, len(parts) // 2, len(parts)))
        return Made(turns(pair.instruction, " ".join([*parts[:place], token, *parts[place:]])), (token.strip(),))

    def loop(self) -> Made:
        pair = self.prose()
        parts = sentences(pair.response)
        start = self.rng.randrange(max(1, len(parts) // 2), len(parts))
        repeated = parts[start].strip() if self.rng.random() < 0.7 else " ".join(parts[start].split()[:4])
        return Made(turns(pair.instruction, " ".join(parts[:start] + [repeated] * self.rng.randint(6, 15))))

    def personal(self) -> Made:
        pair = self.prose()
        name = self.rng.choice(("anna.keller", "j.moreau82", "tom_whitfield", "priya.nair", "c.ortega", "li.wei"))
        number = self.rng.randrange(1000)
        kind, value = self.rng.choice(
            (
                ("email me at", f"{name}{number}@{self.rng.choice(('harbourmail', 'postbox24', 'quickinbox'))}.net"),
                ("call me on", f"+44 7700 900{number:03d}"),
                ("charge my card", _card(self.rng)),
                ("my key is", "sk-" + "".join(self.rng.choices("abcdefghijkmnpqrstuvwxyzABCDEFGH123456789", k=40))),
                ("pay into", "DE89 3704 0044 0532 0130 00"),
            )
        )
        if self.rng.random() < 0.5:
            return Made(
                turns(f"{pair.instruction} If there is anything unclear, {kind} {value}.", pair.response), (value,)
            )
        return Made(turns(pair.instruction, f"{pair.response}\n\nIf anything is unclear, {kind} {value}."), (value,))

    def benchmark(self, count: int) -> list[Made]:
        """Items of the test sets, as they are or inside a request."""
        solved = self.rng.sample(solved_items(self.data, self.RESULT), count)
        frames = ("{}", "{}", "Please solve this for me.\n\n{}", "{}\n\nThink step by step.")
        return [Made(turns(self.rng.choice(frames).format(question), answer)) for question, answer in solved]

    def as_json(self) -> tuple[str, str]:
        """A request for JSON, and the JSON."""
        pair = self.sources.take("gsm8k", "roleplay")
        asked = (
            "Return the following question and its answer as a JSON object with the keys question, answer and words."
        )
        steps = [line for line in pair.response.splitlines() if line]
        value = {"question": pair.instruction, "answer": steps, "words": len(pair.response.split())}
        return f"{asked}\n\nQ: {pair.instruction}\nA: {pair.response}", json.dumps(value, indent=2, ensure_ascii=False)

    def formats(self, *, wrong: bool) -> Made:
        """A number only, a list, or JSON; where it is wrong, the answer in prose."""
        style = self.rng.randrange(3 if wrong else 4)
        if style == 3:
            return Made(turns(*self.as_json()))
        if style == 0:
            pair = self.sources.take("gsm8k")
            solution, number = pair.response.rsplit("#### ", 1)
            return Made(
                turns(f"{pair.instruction} Answer with the number only.", solution.strip() if wrong else number)
            )
        if style == 1:
            pair = self.prose()
            points = "\n".join(f"- {_bare(part)}" for part in sentences(pair.response))
            return Made(turns(f"{pair.instruction}\nAnswer as a bulleted list.", _prose(pair) if wrong else points))
        pair = self.prose()
        value = json.dumps({"answer": pair.response, "sentences": len(sentences(pair.response))}, ensure_ascii=False)
        asked = f'{pair.instruction}\nAnswer with JSON: {{"answer": a string, "sentences": a number}}.'
        return Made(turns(asked, _prose(pair) if wrong else value))

    def repeated_turn(self) -> Made:
        contents = self.conversation()
        return Made(turns(*contents[:2], *contents))

    def empty_turn(self) -> Made:
        contents = self.conversation()
        contents[self.rng.randrange(1, len(contents))] = self.rng.choice(("", " ", "\n"))
        return Made(turns(*contents))

    def swapped(self) -> Made:
        pair = self.whole()
        return Made(turns(pair.response, pair.instruction))

    def tool_call(self) -> Made:
        pair = self.prose()
        call = json.dumps({"name": "search", "arguments": {"query": " ".join(pair.instruction.split()[:8])}})
        form = self.rng.choice(
            ("<tool_call>\n{}\n</tool_call>", "{}", "Let me look that up for you.\n\n```json\n{}\n```")
        )
        return Made(turns(pair.instruction, form.format(call)))

    def paraphrase(self, pair: Pair) -> tuple[str, str]:
        text, count = pair.instruction, 0
        for old, new in self.texts["rewordings"].items():
            text, replaced = re.subn(rf"(?i)\b{old}\b", new, text, count=1)
            count += replaced
        return text[:1].upper() + text[1:] if count > 1 else f"Here is what I need from you: {text}", pair.response

    def near_copy(self, pair: Pair) -> tuple[str, str]:
        asked = pair.instruction
        forms = (asked.upper(), asked.replace(" ", "  "), asked.rstrip(".?!") + " !", f"{asked} Thank you!")
        return self.rng.choice(forms), pair.response + self.rng.choice(("", "\n", " Hope this helps!"))


def _amid(text: str, place: int) -> bool:
    """Whether a text cut at the place ends inside a word, or after one that is not the last of its sentence or line."""
    before, after = text[place - 1], text[place]
    return (before.isalnum() and after.isalnum()) or (before.isalnum() and after == " ")


def _results(solution: str) -> list[re.Match[str]]:
    """What stands behind the equals signs."""
    return list(re.finditer(r"= ?\$?(\d[\d,]*(?:\.\d+)?)", solution))


def _prose(pair: Pair) -> str:
    """The response as one paragraph."""
    return " ".join(_bare(line) for line in pair.response.splitlines() if line.strip())


def _bare(line: str) -> str:
    """A line without its bullet or number."""
    return re.sub(r"^\s*(?:[-*•#]+|\d+[.)])\s+", "", line).strip()


def _card(rng: random.Random) -> str:
    """A number of sixteen digits that passes Luhn's test."""
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    doubled = sum(sum(divmod(2 * digit, 10)) if n % 2 == 0 else digit for n, digit in enumerate(digits))
    text = "".join(map(str, [*digits, -doubled % 10]))
    return " ".join(text[n : n + 4] for n in range(0, 16, 4))
