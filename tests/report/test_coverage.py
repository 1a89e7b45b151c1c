"""The coverage report of a choice."""

from __future__ import annotations

import numpy as np
import pytest

from curate.records.pool import from_rows
from curate.report.coverage import coverage
from curate.stages.diversify import diversify


def test_a_choice_beside_the_pool_a_random_choice_and_the_longest() -> None:
    angles = [0, 5, 10, 15, 180, 185, 190, 90]
    rows = [
        {
            "id": str(place),
            "messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "x" * (8 - place)}],
            "embedding": [float(np.cos(np.radians(angle))), float(np.sin(np.radians(angle)))],
            "labels": {"category": "math" if angle < 90 else "code"},
        }
        for place, angle in enumerate(angles)
    ]
    outcome = diversify(from_rows(rows), count=3)
    table = coverage(outcome)
    assert list(table.columns) == ["pool", "chosen", "random", "longest"]
    assert table.loc[("within cosine", 0.8), "chosen"] == 1.0
    assert table.loc[("within cosine", 0.8), "longest"] == 0.5  # all of them at 0 to 10 degrees
    assert table.loc[("labels.category", "math")].tolist()[:2] == [0.5, pytest.approx(1 / 3)]
    assert table.loc[("labels.category", "math"), "longest"] == 1.0
    assert table.loc[("response characters", "50% quantile"), "pool"] == 4.5
    for limit in (0.6, 0.7, 0.8):
        assert table.loc[("within cosine", limit), "chosen"] == outcome.stats[f"coverage {limit}"]
