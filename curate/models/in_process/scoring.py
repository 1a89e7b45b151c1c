"""Scoring by the transformers backend: the log-probability and the rank of given tokens, from one forward pass.

The model's own layers compute the hidden states, of packed rows where that is sound; its output layer then runs on the
scored positions only, a few at a time, so that memory does not grow with length times vocabulary.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.models.in_process.attention import packed_arguments
from curate.models.in_process.packing import Pack, Text, packs
from curate.models.protocols import TokenScores

if TYPE_CHECKING:
    import torch

CPU_PACK, GPU_PACK = 1536, 16384  # tokens a row
MOST_WORKERS = 4  # rows that a CPU computes at a time: each holds logits of its own
CPU_ROWS, GPU_ROWS = 128, 512  # positions that the output layer computes at a time
TOLERANCE = {"float32": 1e-3, "float16": 1e-1, "bfloat16": 1e-1}  # RMS error of the logits, in standard deviations
WINDOWS = {  # the kinds of layers that can be packed, and the setting that says how far back each sees
    "full_attention": None,
    "sliding_attention": "sliding_window",
    "chunked_attention": "attention_chunk_size",
}
LENGTH_DEPENDENT_ROPE = {"dynamic", "longrope"}  # angles that depend on the longest text in the row


class Scorer:
    """Scores token sequences under `model`, a causal language model of transformers; not thread-safe.

    Two things are tried out on a few tokens, at the first use, against the model's ordinary forward pass: whether the
    output layer can be run apart from the rest, and whether packed texts come out as they do alone. A model with
    recurrent layers (or one that does not hand `segments` on to its attention) fails the second; then, as for texts
    longer than a sliding window, one text at a time is fed. One that fails the first computes the logits of all tokens.
    """

    def __init__(self, model: Any) -> None:
        import torch

        self._model = model
        self._config = model.config.get_text_config()
        self._limit, self._rows = (GPU_PACK, GPU_ROWS) if model.device.type == "cuda" else (CPU_PACK, CPU_ROWS)
        self._workers = min(torch.get_num_threads(), MOST_WORKERS) if model.device.type == "cpu" else 1
        self._apart = True
        self._apart = self._agrees(_PROBES[:1])
        self._longest_packed = _longest_packed(self._config) if self._agrees(_PROBES) else 0

    def score(self, sequences: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> list[TokenScores]:
        """The scores of the tokens of each sequence at which its mask is 1; that of the first token is 0."""
        results = [TokenScores(np.zeros(0, np.float32), np.zeros(0, np.int64))] * len(sequences)
        rows = list(self._plan(sequences, masks))
        for (pack, _), scores in zip(rows, self._run(rows), strict=True):
            for number, text_scores in zip(pack.numbers, scores, strict=True):
                results[number] = text_scores
        return results

    def _run(self, rows: Sequence[tuple[Pack, bool]]) -> list[list[TokenScores]]:
        """The scores of each row. On a CPU several rows are computed at a time, with a share of the threads each.

        Threads that divide every operation among them wait for each other after each; those with a row of their own
        do not.
        """
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(max(1, threads // self._workers))
        try:
            with ThreadPoolExecutor(self._workers, thread_name_prefix="score") as pool:
                return list(pool.map(lambda row: self._scores(*row), rows))
        finally:
            torch.set_num_threads(threads)

    def _plan(self, sequences: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> Iterator[tuple[Pack, bool]]:
        """The rows to feed, and whether each is a text that the model must see by itself."""
        texts = [
            Text(number, sequence, scored)
            for number, (sequence, mask) in enumerate(zip(sequences, masks, strict=True))
            if (scored := [index for index, bit in enumerate(mask) if bit])
        ]
        fitting = [text for text in texts if len(text.fed) <= self._longest_packed]
        per_worker = 1 + sum(len(text.fed) for text in fitting) // self._workers
        for pack in packs(fitting, min(self._limit, per_worker)):
            yield pack, False
        for text in texts:
            if len(text.fed) > self._longest_packed:
                yield next(packs([text], 0)), True

    def _scores(self, pack: Pack, alone: bool) -> list[TokenScores]:
        """The scores of the texts of a pack, in their order in it."""
        import torch

        with torch.inference_mode():  # which holds for one thread
            return self._score_states(pack, self._states(pack, alone))

    def _score_states(self, pack: Pack, states: torch.Tensor) -> list[TokenScores]:
        """The scores of the texts of a pack, from its hidden states."""
        import torch

        sources = torch.tensor(list(chain.from_iterable(pack.sources)), device=states.device)
        targets = torch.tensor(list(chain.from_iterable(pack.targets)), device=states.device)
        logprob_parts, rank_parts = [], []
        for positions, tokens in zip(sources.split(self._rows), targets.split(self._rows), strict=True):
            logits = self._logits(states[positions])
            chosen = logits.gather(1, tokens[:, None])
            rank_parts.append(1 + (logits > chosen).sum(-1, dtype=torch.int32))
            logprob_parts.append(-torch.nn.functional.cross_entropy(logits, tokens, reduction="none"))
        bounds = pairwise(accumulate(map(len, pack.targets), initial=0))
        logprobs = torch.cat(logprob_parts).cpu().numpy()
        ranks = torch.cat(rank_parts).cpu().numpy().astype(np.int64)
        return [TokenScores(logprobs[begin:end], ranks[begin:end]) for begin, end in bounds]

    def _states(self, pack: Pack, alone: bool) -> torch.Tensor:
        """The last hidden states (t, width), or if the output layer cannot be run apart, the logits (t, vocabulary)."""
        import torch

        ids = torch.tensor([pack.tokens], device=self._model.device)
        positions = torch.tensor([pack.positions], device=ids.device)
        arguments = {"use_cache": False} if alone else packed_arguments(pack.segments, positions)
        if self._apart:
            states: torch.Tensor = self._model.get_decoder()(input_ids=ids, **arguments).last_hidden_state[0]
            return states
        logits: torch.Tensor = self._model(input_ids=ids, **arguments).logits[0]
        return logits

    def _logits(self, states: torch.Tensor) -> torch.Tensor:
        """The logits (n, vocabulary), float32, of hidden states (n, width); scaled and capped as the model does it."""
        import torch

        if not self._apart:
            return states.float()
        logits: torch.Tensor = self._model.get_output_embeddings()(states).float()
        if scale := getattr(self._config, "logit_scale", None):  # Cohere
            logits *= scale
        if divisor := getattr(self._config, "logits_scaling", None):  # Granite
            logits /= divisor
        if cap := getattr(self._config, "final_logit_softcapping", None):  # Gemma
            logits = cap * torch.tanh(logits / cap)
        return logits

    def _agrees(self, texts: Sequence[Sequence[int]]) -> bool:
        """Whether the logits of these texts, in one pack, are those of each alone in the ordinary forward pass."""
        import torch

        vocabulary = self._config.vocab_size
        tokens = [[number % vocabulary for number in text] for text in texts]
        alone = [self._model(input_ids=torch.tensor([ids], device=self._model.device)).logits[0] for ids in tokens]
        planned = (Text(n, [*ids, 0], range(_SHARED, len(ids) + 1)) for n, ids in enumerate(tokens))
        (pack,) = packs(list(planned), self._limit)
        try:
            packed = self._logits(self._states(pack, len(texts) == 1))
        except (AttributeError, TypeError, ValueError, RuntimeError):  # it does not take what it is given
            return False
        wanted = torch.cat([alone[number][_SHARED - 1 :].float() for number in pack.numbers])
        error = (packed[list(chain.from_iterable(pack.sources))] - wanted).square().mean().sqrt()
        name = str(self._model.dtype).removeprefix("torch.")
        return bool(error <= TOLERANCE[name] * wanted.std())


_SHARED = 6  # tokens that the texts of the trial have in common
_PROBES = [[*range(101, 101 + 13 * _SHARED, 13), *range(first, first + 17 * 9, 17)] for first in (307, 211, 953)]


def _longest_packed(config: Any) -> int:
    """The longest text, in tokens, that every layer of the model sees as a whole; 0 if nothing can be packed."""
    rope = getattr(config, "rope_parameters", None) or {}
    ropes = [rope, *(value for value in rope.values() if isinstance(value, dict))]  # one for all layers, or one a kind
    kinds = set(getattr(config, "layer_types", None) or WINDOWS)
    if not kinds <= WINDOWS.keys() or LENGTH_DEPENDENT_ROPE.intersection(rope.get("rope_type") for rope in ropes):
        return 0
    windows = [getattr(config, name, None) for kind in kinds if (name := WINDOWS[kind])]
    return min((window for window in windows if window), default=sys.maxsize)
