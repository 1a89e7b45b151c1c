"""The records that the shipped judge is trained and measured on."""

import random

import pytest

from curate.records.labels import VALUES
from curate.records.schema import has_response
from pairs import KINDS
from pairs.judging import MEASURED_ATTACKS, TRAINED_ATTACKS, attacked, labelled
from pairs.labels import CATEGORY_OF_DOMAIN, DIFFICULTY, LABELS, OTHER_CATEGORIES


def test_the_same_seed_gives_the_same_records():
    assert list(labelled(50, seed=3)) == list(labelled(50, seed=3))
    assert list(labelled(50, seed=3)) != list(labelled(50, seed=4))


def test_every_label_is_one_that_the_stage_knows_and_occurs():
    records = list(labelled(2000, seed=0))
    for name, values in VALUES.items():
        assert {record.labels[name] for record in records} == set(values)
    assert 0.4 < sum(has_response(record.messages) for record in records) / len(records) < 0.7


def test_every_kind_has_labels_and_every_name_in_the_tables_is_a_kind():
    names = {name for kind in KINDS for name in (kind.name, f"{kind.domain}/{kind.name}")}
    assert len(LABELS) == len(KINDS)
    assert {kind.domain for kind in KINDS} <= CATEGORY_OF_DOMAIN.keys()
    for table in (OTHER_CATEGORIES, DIFFICULTY):
        assert [name for listed in table.values() for name in listed.split() if name not in names] == []


@pytest.mark.parametrize("wordings", [TRAINED_ATTACKS, MEASURED_ATTACKS])
def test_an_attack_claims_other_labels_and_changes_none(wordings):
    rng = random.Random(0)
    for record in labelled(50, seed=1):
        hostile = attacked(record, wordings, rng)
        assert hostile.labels == record.labels
        assert hostile.messages != record.messages
        assert all(hostile.claimed[name] != value for name, value in record.labels.items())


def test_what_is_measured_was_not_trained_on():
    assert not set(MEASURED_ATTACKS) & set(TRAINED_ATTACKS)
