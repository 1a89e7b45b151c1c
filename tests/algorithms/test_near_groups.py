"""Groups of near-duplicates: everything that hangs together, directly or by others."""

from curate.algorithms.near_duplicates import sketch
from curate.algorithms.near_groups import Groups, join_near

BASE = " ".join(f"word{number}" for number in range(24))
STEP = f"{BASE} thirteen fourteen"  # 22 shingles of 28 in common: 0.79
FURTHER = f"{STEP} fifteen sixteen seventeen eighteen nineteen"  # 0.73 to STEP, 0.67 to BASE


def groups_of(texts, threshold=0.7):
    groups = Groups(len(texts))
    join_near(groups, sketch(texts, len(texts)), threshold, texts)
    return groups.numbers().tolist()


def test_equal_texts_are_one_group():
    assert groups_of(["a b c", "x y z", "a  b c"]) == [0, 1, 0]


def test_near_texts_are_one_group_and_others_are_not():
    assert groups_of([BASE, "something else is written here", STEP]) == [0, 1, 0]


def test_texts_that_are_near_by_a_third_one_are_in_its_group():
    assert groups_of([BASE, FURTHER]) == [0, 1]
    assert groups_of([BASE, FURTHER, STEP]) == [0, 0, 0]


def test_texts_without_a_word_are_near_to_nothing_but_their_copies():
    assert groups_of(["", "!", ""]) == [0, 1, 0]


def test_groups_that_were_joined_before_stay_joined():
    groups = Groups(3)
    groups.join(2, 1)
    texts = ["a b c", "a b c", "d e f"]
    join_near(groups, sketch(texts, 3), 0.7, texts)
    assert groups.numbers().tolist() == [0, 0, 0]
