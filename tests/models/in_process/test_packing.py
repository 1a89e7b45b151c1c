"""Packing: every token of every text is laid out once, and what it may see is what it would see alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from curate.models.in_process.packing import Pack, Text, packs

TOKENS = st.lists(st.integers(0, 3), min_size=2, max_size=12)  # few kinds, so that beginnings are often the same


@st.composite
def texts(draw: st.DrawFn) -> list[Text]:
    pool = []
    for number, tokens in enumerate(draw(st.lists(TOKENS, min_size=1, max_size=8))):
        scored = draw(st.sets(st.integers(1, len(tokens) - 1), min_size=1))
        pool.append(Text(number, tokens, sorted(scored)))
    return pool


def seen(pack: Pack, index: int) -> list[int]:
    """The tokens that the token at `index` sees, itself included, in the order of their positions."""
    (segment,) = [segment for segment in pack.segments if segment.begin <= index < segment.end]
    visible = [*range(segment.prefix.start, segment.prefix.stop), *range(segment.begin, index + 1)]
    assert [pack.positions[other] for other in visible] == list(range(len(visible)))
    return [pack.tokens[other] for other in visible]


@given(texts(), st.integers(1, 30))
def test_each_scored_token_is_predicted_from_all_that_stands_before_it(pool: list[Text], limit: int) -> None:
    packed = set()
    for pack in packs(pool, limit):
        for number, sources, targets in zip(pack.numbers, pack.sources, pack.targets, strict=True):
            text = pool[number]
            packed.add(number)
            assert targets == [text.tokens[index] for index in text.scored]
            assert [seen(pack, source) for source in sources] == [text.tokens[:index] for index in text.scored]
    assert packed == set(range(len(pool)))


@given(texts(), st.integers(1, 30))
def test_a_row_exceeds_the_limit_only_for_a_single_text(pool: list[Text], limit: int) -> None:
    assert all(len(pack.tokens) <= limit or len(pack.numbers) == 1 for pack in packs(pool, limit))


@given(texts(), st.integers(1, 30), st.randoms())
def test_the_order_of_the_texts_does_not_matter(pool: list[Text], limit: int, random: object) -> None:
    shuffled = sorted(pool, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert [pack.tokens for pack in packs(shuffled, limit)] == [pack.tokens for pack in packs(pool, limit)]


def test_texts_of_one_prompt_share_it_and_nothing_is_padded() -> None:
    pool = [Text(number, [1, 2, 3, *answer], range(3, 5)) for number, answer in enumerate([[4, 5], [6, 7], [8, 9]])]
    (pack,) = packs(pool, 100)
    assert pack.tokens == [1, 2, 3, 4, 6, 8]  # the last token of each predicts nothing
    assert pack.positions == [0, 1, 2, 3, 3, 3]
