"""`reward`: how good each response is, as a reward model judges it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from datasets import Dataset
from pydantic import Field

from curate.answers import judged, response_turns, told
from curate.declaration import stage
from curate.errors import CurateError
from curate.models.answering import REFUSED, answers
from curate.models.protocols import Answer, Conversation, LanguageModel, RewardModel, Sampling
from curate.outcome import TOO_LONG, Drop, Outcome, too_long
from curate.records.identity import derive_seed
from curate.records.pool import set_scores
from curate.records.schema import Message, has_response
from curate.records.texts import spoken

REWARD, DIFFERENCE, BASE_REWARD = "reward", "reward_difference", "base_reward"
UNSCORED = "unscored"
NO_RESPONSE = "no response"

Scored = float | Drop  # a reward, or why there is none


def _makes(config: Mapping[str, Any]) -> list[str]:
    names = [REWARD, DIFFERENCE] if config["base"] else [REWARD]
    made = [f"{struct}{name}" for struct in ("candidates.scores.", "scores.") for name in names]
    return [*made, f"scores.{BASE_REWARD}"] if config["base"] else made


@stage(
    sees="each",
    needs=("messages", "candidates|response"),
    makes=_makes,
    reasons={
        TOO_LONG: "conversation and response together exceed a model's context",
        REFUSED: "a model's template or its server refuses the conversation",
        UNSCORED: "the reward is not a finite number",
        NO_RESPONSE: "there is no response and no candidate",
    },
    version=2,
)
def reward(
    records: Dataset,
    *,
    model: Annotated[RewardModel, Field(description="the reward model")],
    base: Annotated[
        LanguageModel | None, Field(description="the base model that will be trained, for reward_difference")
    ] = None,
    max_tokens: Annotated[int, Field(gt=0, description="longest answer of the base model, in tokens")] = 1024,
    temperature: Annotated[float, Field(ge=0, description="of the base model's answers; 0 is greedy")] = 0.0,
    seed: Annotated[int, Field(description="of the base model's answers; a run gives its own")] = 0,
) -> Outcome:
    """Adds the score `reward` to the record for its response, or where none was chosen yet, to every candidate.

    Higher is better, and only rewards of the same model compare. With `base`, that model answers the same conversation
    through its own chat template; the reward of its answer is the record's score `base_reward`, and
    `reward_difference` is reward - base_reward: what the base model cannot do yet by itself (MAGPIE, arXiv 2406.08464).
    The answer itself is not kept.

    The reasoning before an answer is not judged. What exceeds the reward model's context is dropped, never cut.
    """
    turns = response_turns(records)
    rewards = _rewards(model, [(_plain(turn.before), spoken(turn.last)) for turn in turns])
    verdicts = [_drop(scored) for scored in rewards]
    scores = {REWARD: [_number(scored) for scored in rewards]}
    if base is None:
        return judged(records, turns, verdicts, scores, without=Drop(NO_RESPONSE))
    asked = [_plain(m[:-1] if has_response(m) else m) for m in records["messages"]]
    seeds = [derive_seed(seed, "reward", name) for name in records["id"]]
    conversations = [Conversation(messages, own_seed) for messages, own_seed in zip(asked, seeds, strict=True)]
    answered = answers(base, conversations, Sampling((), max_tokens, temperature))
    own = _rewards(model, zip(asked, (_content(answer) for (answer,) in answered), strict=True))
    scores[DIFFERENCE] = [_difference(scored, own[turn.row]) for turn, scored in zip(turns, rewards, strict=True)]
    records = set_scores(records, {BASE_REWARD: [_number(scored) for scored in own]})
    return judged(records, turns, verdicts, scores, drops=list(map(_drop, own)), without=Drop(NO_RESPONSE))


def _plain(messages: Sequence[Mapping[str, Any]]) -> list[Message]:
    """The conversation without reasoning, and its calls and results as text."""
    return [{"role": message["role"], "content": message["content"]} for message in told(messages)]


def _content(answer: Answer) -> str | Drop:
    """What the base model answered, or why it did not."""
    if answer.finish_reason in ("stop", "length"):
        return answer.content
    return Drop(TOO_LONG if answer.finish_reason == "too long" else REFUSED, dict(answer.detail))


def _rewards(model: RewardModel, pairs: Iterable[tuple[Sequence[Message], str | Drop]]) -> list[Scored]:
    """The reward of each answer after its conversation, or why there is none."""
    results: list[Scored] = []
    fitting: dict[int, list[Message]] = {}
    for row, (asked, answer) in enumerate(pairs):
        if isinstance(answer, Drop):
            results.append(answer)
            continue
        conversation: list[Message] = [*asked, {"role": "assistant", "content": answer}]
        try:
            tokens = len(model.chat.encode(model.chat.render(conversation)))
        except CurateError as error:
            results.append(Drop(REFUSED, {"why": str(error), "model": model.name}))
            continue
        results.append(too_long(tokens, model))
        if tokens <= model.context_length:
            fitting[row] = conversation
    for row, value in zip(fitting, model.reward(list(fitting.values())).tolist(), strict=True):
        unscored = Drop(UNSCORED, {"reward": str(value), "model": model.name})
        results[row] = value if math.isfinite(value) else unscored
    return results


def _difference(reward: Scored, base: Scored | None) -> float | None:
    first, second = _number(reward), _number(base)
    return None if first is None or second is None else first - second


def _number(scored: Scored | None) -> float | None:
    return scored if isinstance(scored, float) else None


def _drop(scored: Scored | None) -> Drop | None:
    return scored if isinstance(scored, Drop) else None
