"""Rules that every text has to pass."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from datasets import Dataset
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from curate.algorithms import stack_exchange
from curate.algorithms.language import language
from curate.algorithms.language import languages as known_languages
from curate.algorithms.placeholders import placeholder, self_reference
from curate.algorithms.refusal import refusal
from curate.algorithms.repetition import duplicate_lines, repeated_characters, repeated_ngrams
from curate.algorithms.tool_calls import NO_CALL, UNKNOWN_TOOL, WRONG_ARGUMENTS, tool_fault
from curate.answers import Turn, every_turn, judged, tools_of
from curate.declaration import stage
from curate.errors import CurateError, nearest
from curate.outcome import TOO_LONG, Drop, Outcome
from curate.records.pool import set_labels
from curate.records.texts import spoken
from curate.stages.screen import repair, rules
from curate.stages.screen.rules import BROKEN, RESPONSE, Rule, Text, per_text, within_share, without_phrase

UNFINISHED = "unfinished reasoning"
CUT_OFF = "cut off"
EMPTY = "empty"
TOO_SHORT = "too short"
MOJIBAKE = "mojibake"
SPECIAL = "special tokens"
USER_TURN = "user turn"
DEBRIS = "template debris"
RESIDUE = "markup residue"
CHARACTERS = "repeated characters"
LINES = "repeated lines"
PHRASES = "repeated phrases"
GIBBERISH = "gibberish"
REFUSAL = "refusal"
PLACEHOLDER = "placeholder"
SELF_REFERENCE = "self reference"
LANGUAGE = "language"
PERSONAL = "personal data"
FIRST_PERSON = "first person"
OTHER_ANSWERS = "other answers"
MARKUP = "links or markup"


def _known(codes: list[str]) -> list[str]:
    for code in codes:
        if code not in known_languages():
            raise PydanticCustomError("language", f"there is no language {code!r}; {nearest(code, known_languages())}")
    return codes


Bounds = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]]
Switch = Literal["drop", "keep"]
Repair = Literal["drop", "repair", "keep"]
Share = Annotated[float, Field(gt=0, le=1)]
_KINDS = {"system": "system", "user": "instruction", "assistant": "response", "tool": "result"}


def _bounds(instruction: Bounds | None, response: Bounds | None, narrow: bool) -> dict[str, Bounds]:
    """The least and the most characters of each kind of text."""
    if narrow:
        least, most = response or stack_exchange.LENGTH
        response = max(least, stack_exchange.LENGTH[0]), min(most, stack_exchange.LENGTH[1])
    return {"instruction": instruction or (0, sys.maxsize), "response": response or (0, sys.maxsize)}


def _check(config: Mapping[str, Any]) -> None:
    bounds = _bounds(config["instruction_length"], config["response_length"], config["stack_exchange_rules"])
    for kind, (least, most) in bounds.items():
        if least > most:
            raise CurateError(f"{kind}_length: the least must not exceed the most, found {least} and {most}")


@stage(
    sees="each",
    needs=("messages",),
    makes=lambda config: (
        ["labels.language"] * (config["languages"] is not None) + ["redactions"] * (config["personal_data"] == "redact")
    ),
    reasons={
        UNKNOWN_TOOL: "a call names a tool that the record's `tools` do not have",
        WRONG_ARGUMENTS: "the arguments of a call are no JSON object, or do not meet the tool's JSON Schema",
        NO_CALL: "a tool turn answers no call before it",
        UNFINISHED: "the model reasoned and never came to an answer",
        CUT_OFF: "the response has no end: the length limit stopped the model, or there are signs of it in the text",
        EMPTY: "there is nothing in it but white space and punctuation",
        TOO_SHORT: "it has fewer characters than the bounds allow",
        TOO_LONG: "it has more characters than the bounds allow",
        MOJIBAKE: "it was decoded with another encoding than it was written in, such as cafÃ© for café",
        SPECIAL: "it contains what looks like a control token of a chat template",
        USER_TURN: "the response goes on as the user: the model asked itself the next question",
        DEBRIS: "it has role marks of a prompt's template, such as ### Response: or ASSISTANT:",
        RESIDUE: "the response has tags or entities of HTML outside code, and nobody asked for markup",
        CHARACTERS: "too much of it is a few characters over and over, such as aaaa or ha ha ha ha",
        LINES: "too much of it is lines that stood there before (Gopher, arXiv 2112.11446)",
        PHRASES: "too much of it is runs of words that stood there before (Gopher, arXiv 2112.11446)",
        GIBBERISH: "its letters or its words are in no order, or they are noise",
        REFUSAL: "the response begins with a refusal, or says what it cannot do as an AI",
        PLACEHOLDER: "the response has something to fill in, such as [Your Name], TODO or lorem ipsum",
        SELF_REFERENCE: "the response says that a model wrote it, such as: as an AI language model",
        LANGUAGE: "the conversation is in a language that is not wanted",
        PERSONAL: "it contains an e-mail address, a phone, card or account number, or a secret key",
        FIRST_PERSON: "the response speaks of its writer (LIMA, arXiv 2305.11206)",
        OTHER_ANSWERS: "the response refers to other answers (LIMA, arXiv 2305.11206)",
        MARKUP: "the response has links, images, or HTML other than code and lists (LIMA, arXiv 2305.11206)",
    },
    check=_check,
    version=5,
)
def screen(
    records: Dataset,
    *,
    instruction_length: Annotated[
        Bounds | None, Field(description="the least and the most characters of a user turn; null: any")
    ] = (4, 8_000),
    response_length: Annotated[
        Bounds | None, Field(description="the least and the most characters of a response; null: any")
    ] = (1, 32_000),
    repeated_character_share: Annotated[
        Share | None, Field(description="the largest share of a text in cycles of up to 16 characters; null: any")
    ] = 0.3,
    repeated_line_share: Annotated[
        Share | None, Field(description="the largest share of a text in lines that it had before; null: any")
    ] = 0.5,
    repeated_phrase_share: Annotated[
        Share | None, Field(description="the largest share of a text in runs of words that it had before; null: any")
    ] = 0.5,
    cut_off_score: Annotated[
        int | None,
        Field(
            ge=1, description="the weight of signs in its text that drops a response as cut off; null: none are read"
        ),
    ] = 2,
    mojibake: Annotated[
        Repair, Field(description="what to do with texts that were decoded wrongly; repair: drops what lost characters")
    ] = "drop",
    user_turns: Annotated[
        Repair, Field(description="what to do with responses that go on as the user; repair: cuts them off before")
    ] = "drop",
    template_debris: Annotated[
        Switch, Field(description="what to do with texts that have marks of a template")
    ] = "drop",
    markup_residue: Annotated[Switch, Field(description="what to do with stray tags and entities of HTML")] = "drop",
    gibberish: Annotated[Switch, Field(description="what to do with letters and words in no order")] = "drop",
    refusals: Annotated[
        Switch, Field(description="what to do with responses that refuse; safety training needs them")
    ] = "drop",
    placeholders: Annotated[
        Switch, Field(description="what to do with responses that have something to fill in; templates need it")
    ] = "keep",
    self_references: Annotated[
        Switch, Field(description="what to do with responses that speak of themselves as a model, for sets like LIMA")
    ] = "keep",
    languages: Annotated[
        Annotated[list[str], AfterValidator(_known)] | None,
        Field(min_length=1, description="the languages to keep, as ISO 639-1 codes; null: any, and none is looked for"),
    ] = None,
    personal_data: Annotated[
        Literal["drop", "redact"] | None,
        Field(description="drop what has personal data, or put placeholders such as <EMAIL> there; null: leave it"),
    ] = None,
    tool_calls: Annotated[
        Switch, Field(description="records with calls that their tools do not allow, or results without a call")
    ] = "drop",
    stack_exchange_rules: Annotated[
        bool,
        Field(
            description="LIMA's: responses of 1,200 to 4,096 characters, not in the first person, no reference to "
            "other answers, no links, images or HTML"
        ),
    ] = False,
) -> Outcome:
    """Judges each instruction and each response by rules; the first rule that a text fails is the reason.

    Every user turn is judged as an instruction. Where the conversation is complete, every assistant turn is judged as a
    response, and one bad turn drops the record. Else the candidates are judged: one that fails moves from `candidates`
    to `rejected`, with its reason and the numbers behind it, and a record is dropped when it has none left.

    The rules, in this order: `unfinished reasoning` (there is reasoning and no content), `cut off` (a candidate whose
    finish_reason is `length`), `empty`, `too short` and `too long` (characters, without white space at the ends),
    `mojibake` (by ftfy, and UTF-8 read as GBK), `special tokens`, `user turn` and `template debris` (role marks of
    templates without control tokens; those that a dialogue has too, only where nobody asked for one), `markup residue`
    (tags and entities outside code, where the request is not about markup), `repeated characters`, `repeated lines` and
    `repeated phrases` (the share of a text's characters in cycles of up to 16 characters, in lines that stood there
    before, and in runs of 8 words, or of 16 characters where a script has no spaces), `gibberish` (shuffled letters and
    noise in Latin letters, shuffled words in English and Chinese as far as grammar proves them), `refusal` (in English,
    Chinese, German, French and Spanish), `cut off` again (signs in the text itself: it stops inside a sentence or a
    list, or something is opened and not closed; a missing full stop is no sign), `placeholder`, `self reference`,
    `language`, `personal data`, and LIMA's `first person`, `other answers` and `links or markup`, which also narrow the
    bounds of the length.

    Only mojibake, special tokens, template debris, repetition, bounds and personal data are looked for in instructions.
    What is repaired is repaired first, changes nothing else, and is counted.

    Calls are judged first, by the record's `tools`: `unknown tool`, `wrong arguments` and `result without a call` drop
    the record. The words beside a call are judged as far as they may be broken; what a tool returned, for personal data
    alone.

    The language is that of most of the prose of a conversation, a candidate's being the turns before it and itself, so
    a translation counts as what it is mostly written in. The label `language` keeps it. What cannot be told (few words,
    code, formulas, names) is labelled `und`, and kept. Name close languages together, such as Indonesian and Malay.

    Personal data is looked for in every turn, its reasoning included. Where it is redacted, that is done first, in all
    messages and candidates; the column `redactions` counts what a record lost, and the stats what all of them did.
    """
    stats: Counter[str] = Counter()
    for wanted, mend in (
        (mojibake == "repair", repair.without_mojibake),
        (user_turns == "repair", repair.without_user_turns),
        (personal_data == "redact", repair.without_personal_data),
    ):
        if wanted:
            records, done = mend(records)
            stats += done
    bounds = _bounds(instruction_length, response_length, stack_exchange_rules)
    table: list[tuple[Any, Rule]] = [
        (True, per_text(UNFINISHED, rules.unfinished_reasoning)),
        (True, per_text(CUT_OFF, rules.stopped)),
        (True, per_text(EMPTY, rules.empty)),
        (True, per_text(TOO_SHORT, rules.too_short(bounds))),
        (True, per_text(TOO_LONG, rules.too_long(bounds))),
        (mojibake != "keep", per_text(MOJIBAKE, rules.wrongly_decoded, BROKEN)),
        (True, per_text(SPECIAL, rules.special_tokens, BROKEN)),
        (user_turns != "keep", per_text(USER_TURN, rules.user_turn, RESPONSE)),
        (template_debris == "drop", per_text(DEBRIS, rules.debris)),
        (markup_residue == "drop", per_text(RESIDUE, rules.markup_residue, RESPONSE)),
        (repeated_character_share, within_share(CHARACTERS, repeated_characters, repeated_character_share or 1)),
        (repeated_line_share, within_share(LINES, duplicate_lines, repeated_line_share or 1)),
        (repeated_phrase_share, within_share(PHRASES, repeated_ngrams, repeated_phrase_share or 1)),
        (gibberish == "drop", per_text(GIBBERISH, rules.gibberish, RESPONSE)),
        (refusals == "drop", without_phrase(REFUSAL, refusal)),
        (cut_off_score, per_text(CUT_OFF, rules.without_end(cut_off_score or 0), RESPONSE)),
        (placeholders == "drop", without_phrase(PLACEHOLDER, placeholder)),
        (self_references == "drop", without_phrase(SELF_REFERENCE, self_reference)),
        (languages, per_text(LANGUAGE, rules.other_language(languages or []))),
        (personal_data == "drop", per_text(PERSONAL, rules.personal_data, (*BROKEN, "system", "result"))),
        (stack_exchange_rules, without_phrase(FIRST_PERSON, stack_exchange.first_person)),
        (stack_exchange_rules, without_phrase(OTHER_ANSWERS, stack_exchange.other_answers)),
        (stack_exchange_rules, without_phrase(MARKUP, stack_exchange.link_or_markup)),
    ]
    faults = _tool_faults(records) if tool_calls == "drop" else None
    return _screened(records, [rule for wanted, rule in table if wanted], languages is not None, stats, faults)


def _tool_faults(records: Dataset) -> list[Drop | None]:
    """Why the calls of each record drop it."""
    columns = zip(records["messages"], tools_of(records), strict=True)
    faults = (tool_fault(messages, tools or ()) for messages, tools in columns)
    return [Drop(*fault) if fault else None for fault in faults]


def _screened(
    records: Dataset,
    table: Sequence[Rule],
    tell_language: bool,
    stats: Mapping[str, float],
    drops: Sequence[Drop | None] | None,
) -> Outcome:
    turns = every_turn(records)
    texts = [_text(turn) for turn in turns]
    if tell_language:
        lengths = [len(messages) for messages in records["messages"]]
        last = [turn.candidate is not None or len(turn.messages) == lengths[turn.row] for turn in turns]
        told = [language(_spoken(turn)) if is_last else None for turn, is_last in zip(turns, last, strict=True)]
        texts = [replace(text, language=found) for text, found in zip(texts, told, strict=True)]
        own = {
            turn.row: found.language
            for turn, found in zip(turns, told, strict=True)
            if found and turn.candidate is None
        }
        records = set_labels(records, {"language": [own.get(row) for row in range(len(records))]})
    verdicts = [Drop(*verdict) if verdict else None for verdict in rules.verdicts(texts, table)]
    return judged(records, turns, verdicts, drops=drops, stats=stats)


def _text(turn: Turn) -> Text:
    """What the rules look at in a turn, or in a candidate as one."""
    last = turn.last
    return Text(
        "call" if last.get("tool_calls") else _KINDS[last["role"]],
        spoken(last),
        last.get("reasoning_content"),
        last.get("finish_reason"),
        repair.asked(turn.before),
    )


def _spoken(turn: Turn) -> list[str]:
    """What was said up to this turn, itself included."""
    return [message["content"] for message in turn.messages if message["role"] in ("user", "assistant")]
