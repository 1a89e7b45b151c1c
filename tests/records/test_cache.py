"""Arrays that a run keeps for the next time."""

from __future__ import annotations

import numpy as np

from curate.records.cache import cached, cached_in


def test_what_was_kept_is_not_computed_again(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return {"a": np.arange(3), "b": np.ones(2, dtype=bool)}

    for _ in range(2):
        with cached_in(tmp_path):
            found = cached("name", compute)
        assert (found["a"].tolist(), found["b"].tolist()) == ([0, 1, 2], [True, True])
    assert len(calls) == 1


def test_another_name_or_another_directory_is_computed(tmp_path):
    numbers = iter(range(3))
    found = []
    for directory, name in ((tmp_path, "a"), (tmp_path, "b"), (tmp_path / "other", "a")):
        with cached_in(directory):
            found += cached(name, lambda: {"x": np.array([next(numbers)])})["x"].tolist()
    assert found == [0, 1, 2]


def test_without_a_directory_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cached("name", lambda: {"x": np.zeros(1)})
    assert list(tmp_path.iterdir()) == []
