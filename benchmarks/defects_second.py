"""World 2 of defects.py. Who writes rules does not read it."""

from __future__ import annotations

import json
import re

from defects_pool import PROSE, Made, World, prose, sentences
from defects_sources import Pair, solved_items, turns, value_of

TOKENS = (
    "<|start_header_id|>assistant<|end_header_id|>",
    "<|assistant|>",
    "<pad><pad>",
    "[EOS]",
    "<unk>",
    "<｜end▁of▁sentence｜>",
    "<eos>",
    "<|end_of_text|>",
)
ENTITIES = {"&": "&amp;", "'": "&#8217;", '"': "&quot;", " - ": " &ndash; "}


class Second(World):
    GENERATORS = (
        "dbrx-instruct",
        "Qwen1.5-14B-Chat",
        "Qwen-14B-Chat",
        "Infinity-Instruct-3M-0625-Llama3-8B",
        "Infinity-Instruct-7M-Gen-Llama3_1-8B",
        "Llama-3-Instruct-8B-WPO-HB-v2",
        "Nanbeige-Plus-Chat-v0.1",
        "Samba-CoE-v0.2-best-of-16",
        "openbuddy-llama2-13b-v11.1",
        "text_davinci_003",
        "vicuna-13b",
        "vicuna-7b",
        "zephyr-7b-alpha-ExPO",
        "gemma-2b-it",
        "humpback-llama-65b",
        "ghost-7b-alpha",
    )
    BACKWARDS = True
    RESULT = "The answer is {}."
    TEXTS = "defects_second.json"
    NEAR, SHIFTED = 3, 7
    DEBRIS = (
        ("{}\n\nQ: {next}\nA:", ("\nQ:", "\nA:")),
        ("<<SYS>>\nYou are a helpful assistant.\n<</SYS>>\n\n{}", ("<<SYS>>", "<</SYS>>")),
        ("GPT4 Correct Assistant: {}", ("GPT4 Correct Assistant:",)),
        ("{}\n### Human: {next}\n### Assistant: ", ("### Human:", "### Assistant:")),
        (
            "Below is an instruction that describes a task. Write a response that completes the request.\n\n{}",
            ("Below is an",),
        ),
        ("[|AI|]: {}\n[|Human|]: {next}", ("[|AI|]", "[|Human|]")),
        ("{}\n<human>: {next}\n<bot>:", ("<human>:", "<bot>:")),
        ("{}\n\nUser asks: {next}\nModel replies:", ("User asks:", "Model replies:")),
        ("## Output\n{}\n## Input\n{next}", ("## Output", "## Input")),
    )

    def cut_off(self) -> Made:
        """After so many words as a limit of tokens allows, often amid a bracket, a number, a list or a phrase."""
        pair = self.whole()
        ends = [match.end() for match in re.finditer(r"\S+", pair.response)]
        ends = ends[len(ends) // 4 : len(ends) * 9 // 10]
        tempting = [n for n in ends if re.search(r"[,(:\-]$|\b(and|the|a|of|to|with|is)$|\n\d+\.$", pair.response[:n])]
        amid = [n - self.rng.randint(1, 3) for n in ends if re.search(r"\w{5}$", pair.response[:n])]
        plain = [n for n in ends if re.search(r"\w$", pair.response[:n]) and pair.response[n] == " "]
        choices = [places for places in (tempting, amid, plain) if places]
        if not choices:
            return self.cut_off()
        text = pair.response[: self.rng.choice(self.rng.choice(choices))]
        return Made(turns(pair.instruction, text))

    def gibberish(self) -> Made:
        pair, other = self.prose(), self.prose()
        style = self.rng.randrange(4)
        if style == 0:  # the sentences of two answers in any order
            parts = [part.strip() for part in sentences(pair.response) + sentences(other.response)]
            self.rng.shuffle(parts)
            text = " ".join(parts)
        elif style == 1:
            text = re.sub(
                r"(?i)[aeiou](?=\w)",
                lambda m: self.rng.choice("aeiou") if self.rng.random() < 0.3 else "",
                pair.response,
            )
        elif style == 2:  # phrases of three words from two answers in turn
            words = [one.split() for one in (pair.response, other.response)]
            text = " ".join(" ".join(one[n : n + 3]) for n in range(0, min(map(len, words)), 3) for one in words)
        else:
            vocabulary = sorted({word.strip(".,;:!?").lower() for word in f"{pair.response} {other.response}".split()})
            text = " ".join(self.rng.choice(vocabulary) for _ in range(len(pair.response.split()))) + "."
        return Made(turns(pair.instruction, text))

    def mojibake(self) -> Made:
        pair = self.sources.take(*PROSE, fits=lambda pair: len(re.findall(r"'|\"| - ", pair.response)) >= 3)
        text = pair.response.replace("'", "’").replace(' "', " “").replace('"', "”").replace(" - ", " — ")
        letters = sorted({letter for letter in text if letter > "\x7f"})
        style = self.rng.randrange(4)

        def damaged(letter: str) -> str:
            once = letter.encode().decode("cp1252", errors="replace")
            twice = once.encode().decode("cp1252", errors="replace")
            return (once, twice, letter.encode().decode("mac_roman"), "\ufffd" * len(letter.encode()))[style]

        table = {letter: damaged(letter) for letter in letters}
        return Made(turns(pair.instruction, text.translate(str.maketrans(table))), tuple(table.values()))

    def wrong_sum(self) -> Made:
        """An operand or a sign that is wrong, digits that changed places, or an earlier result as the answer."""
        found = r"(\d[\d,.]*\d|\d) ?([-+*/x]) ?\$?(\d[\d,.]*\d|\d) ?= ?\$?(\d[\d,.]*\d|\d)"
        pair = self.sources.take("gsm8k", fits=lambda pair: len(re.findall(found, pair.response)) >= 2)
        text, ending = pair.response.rsplit("The answer is ", 1)
        equations = list(re.finditer(found, text))
        style, equation = self.rng.randrange(4), self.rng.choice(equations)
        if style < 2:
            left, sign, right, result = equation.groups()
            if style == 0:
                right = str(int(float(right.replace(",", ""))) + self.rng.choice((1, 2, 3, 5)))
            else:
                sign = {"-": "+", "+": "-", "*": "+", "x": "-", "/": "*"}[sign]
            if value_of(f"{left}{sign}{right}-{result}".replace(",", "").replace("x", "*")) == 0:
                return self.wrong_sum()
            text = f"{text[: equation.start()]}{left} {sign} {right} = {result}{text[equation.end() :]}"
        elif style == 2 or equations[0][4] == ending.rstrip("."):
            last = equations[-1][4]
            wrong = last[::-1] if last != last[::-1] and last[-1] not in "0." else f"{last}0"
            text = re.sub(rf"(?<![\d.]){re.escape(last)}(?![\d.]*\d)", wrong, text)
            ending = re.sub(rf"(?<![\d.]){re.escape(last)}(?![\d.]*\d)", wrong, ending)
        else:
            ending = f"{equations[0][4]}."
        return Made(turns(pair.instruction, f"{text}The answer is {ending}"))

    def html(self) -> Made:
        pair = self.sources.take(*PROSE, fits=lambda pair: prose(pair) and len(re.findall("['\"]", pair.response)) >= 2)
        text, parts, style = pair.response, sentences(pair.response), self.rng.randrange(5)
        if style == 0:
            for plain, entity in ENTITIES.items():
                text = text.replace(plain, entity)
        elif style == 1:
            text = "".join(f"<!-- wp:paragraph -->\n{part.strip()}\n<!-- /wp:paragraph -->\n" for part in parts)
        elif style == 2:
            text = "<ul>" + "".join(f"<li>{part.strip()}</li>" for part in parts) + "</ul>"
        elif style == 3:
            text = f'{parts[0]} <iframe src="//player.test/embed/81" width="560"></iframe> {" ".join(parts[1:])}'
        else:
            text = "\\u003cp\\u003e" + "\\u003c/p\\u003e\\u003cp\\u003e".join(parts) + "\\u003c/p\\u003e"
        marks = set(re.findall(r"&#?\w+;|<!-- /?wp:paragraph -->|</?(?:ul|li|iframe)\b[^>]*>|\\u003c/?p\\u003e", text))
        return Made(turns(pair.instruction, text), tuple(sorted(marks)))

    def tokens(self) -> Made:
        pair, token = self.prose(), self.rng.choice(TOKENS)
        text = self.rng.choice(("{token}\n\n{}", "{}{token}", "{}\n{token}\n")).replace("{token}", token)
        return Made(turns(pair.instruction, text.replace("{}", pair.response)), (token,))

    def loop(self) -> Made:
        pair = self.prose()
        parts = [part.strip() for part in sentences(pair.response)]
        again, times = self.rng.choice(parts), self.rng.randint(6, 14)
        word = self.rng.choice(again.split())
        tail = self.rng.choice(
            (
                "\n".join(f"{n}. {again}" for n in range(1, times)),
                " ".join([word] * times * 3),
                "\n\n".join([" ".join(parts[:3])] * (times // 2 + 1)),
                " ".join(f"{again.rstrip('.')} ({n})." for n in range(2, times)),
            )
        )
        return Made(turns(pair.instruction, f"{parts[0]}\n{tail}"))

    def personal(self) -> Made:
        pair, number = self.prose(), self.rng.randrange(10, 99)
        digits = "".join(self.rng.choices("0123456789", k=8))
        key = "AKIA" + "".join(self.rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))
        value, form = self.rng.choice(
            (
                (f"marta.{number}@nordpost-mail.org", "Regards, Marta ({})"),
                (f"+33 6 39 98 {digits[:2]} {digits[2:4]}", "Sent from my phone, {}"),
                (f"GB33BUKB20201555{digits}"[:22], "Account for the refund: {}"),
                (key, "aws_access_key_id = {}"),
                (f"(212) 664-{digits[:4]}", "P.S. Text me at {}."),
                (f"5555 5555 5555 4444, exp 0{number % 9 + 1}/29", "Card: {}"),
            )
        )
        said = form.format(value)
        contents = (
            (f"{said}\n\n{pair.instruction}", pair.response)
            if self.rng.random() < 0.5
            else (pair.instruction, f"{pair.response}\n\n{said}")
        )
        return Made(turns(*contents), (value.split(",")[0],))

    def benchmark(self, count: int) -> list[Made]:
        made = []
        for question, answer in self.rng.sample(solved_items(self.data, self.RESULT), count):
            style, words = self.rng.randrange(4), question.split(" ")
            half = len(words) // 2
            contents = (
                (f"My teacher gave me this one. {question} Can you show how it is done?", answer),
                (question.upper(), answer),
                (" ".join(words[:half]), "Please go on.", " ".join(words[half:]), answer),
                ("Make up an exercise and solve it.", f"Here is one.\n\n{question}\n\nSolution:\n{answer}"),
            )[style]
            made.append(Made(turns(*contents)))
        return made

    def as_json(self) -> tuple[str, str]:
        pairs = [self.sources.take("roleplay", "codealpaca") for _ in range(2)]
        rows = [{"task": pair.instruction, "solution": pair.response, "length": len(pair.response)} for pair in pairs]
        listed = "\n\n".join(f"Task: {pair.instruction}\nSolution: {pair.response}" for pair in pairs)
        return f"Turn these notes into a JSON array with task, solution and length.\n\n{listed}", json.dumps(rows)

    def formats(self, *, wrong: bool) -> Made:
        """Yes or no, CSV, numbered steps; where it is wrong, prose."""
        style = self.rng.randrange(3 if wrong else 4)
        if style == 3:
            return Made(turns(*self.as_json()))
        pair = self.sources.take("gsm8k") if style < 2 else self.prose()
        parts = [part.strip() for part in sentences(pair.response)]
        if style == 0:
            number = pair.response.rsplit("The answer is ", 1)[1].rstrip(".")
            asked = f"Is {number} the right answer? Say only yes or no.\n\n{pair.instruction}"
            return Made(turns(asked, pair.response if wrong else "Yes"))
        if style == 1:
            lines = "\n".join(f'{n},"{part}"' for n, part in enumerate(parts, 1))
            asked = f"{pair.instruction}\n\nGive your steps as CSV with the columns step and text, and nothing else."
            return Made(turns(asked, pair.response if wrong else f"step,text\n{lines}"))
        value = "answer:\n" + "\n".join(f"  - {json.dumps(part)}" for part in parts)
        return Made(turns(f"{pair.instruction}\n\nReply in YAML.", pair.response if wrong else value))

    def repeated_turn(self) -> Made:
        contents = self.conversation()
        contents[-1] = contents[1]
        return Made(turns(*contents))

    def empty_turn(self) -> Made:
        contents = self.conversation()
        contents[self.rng.randrange(len(contents))] = self.rng.choice(("nan", "\u200b", "\t\n", "null"))
        return Made(turns(*contents))

    def swapped(self) -> Made:
        contents = self.conversation()
        return Made(turns(*contents[1:], self.whole().instruction))

    def tool_call(self) -> Made:
        pair = self.prose()
        query = json.dumps({"q": " ".join(pair.instruction.split()[-8:])})
        forms = (
            "Thought: I should look this up.\nAction: search\nAction Input: {}",
            "<function=search>{}</function>",
            '[TOOL_CALLS] [{"name": "lookup", "arguments": {}}]',
            "I'll check.\n\nsearch({})",
        )
        return Made(turns(pair.instruction, self.rng.choice(forms).replace("{}", query)))

    def paraphrase(self, pair: Pair) -> tuple[str, str]:
        text = pair.instruction
        for old, new in self.texts["rewordings"].items():
            text = re.sub(rf"(?i)\b{old}\b", new, text, count=1)
        return (text if text != pair.instruction else f"I have a task for you. {text}"), pair.response

    def near_copy(self, pair: Pair) -> tuple[str, str]:
        asked, place = pair.instruction, self.rng.randrange(5, len(pair.instruction) - 5)
        forms = (
            asked[:place] + asked[place + 1] + asked[place] + asked[place + 2 :],
            re.sub(r"[.,?!']", "", asked),
            asked.lower(),
            f"{asked}\n\n(Edit: typo fixed)",
        )
        return self.rng.choice(forms), re.sub(r"\n+", "\n", pair.response)
