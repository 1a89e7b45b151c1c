"""Damage in a run directory is noticed, made good where it can be, and told; links and leftovers do no harm."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate import CurateError, Pipeline, Run
from curate.outcome import Outcome
from curate.records.files import read_arrow
from curate.runs.shards import read_facts, write_shard

WORDS = "one two three four five six seven eight nine ten eleven twelve"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A pipeline without models, in several shards, one of its stages with a sketch that is kept."""
    pool = tmp_path_factory.mktemp("pool") / "pool.jsonl"
    rows = [
        {"id": str(n), "prompt": f"{WORDS} {n}?", "response": f"{n} is a number, and a good one."} for n in range(40)
    ]
    pool.write_text("".join(json.dumps(row) + "\n" for row in rows))
    stages = [{"load": {"path": str(pool)}}, {"screen": {}}, {"deduplicate": {"threshold": 0.99}}, {"check_math": {}}]
    return {"shard_rows": 8, "stages": stages}


@pytest.fixture(scope="module")
def whole(content: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run that was finished."""
    run = Run(Pipeline(content), tmp_path_factory.mktemp("whole") / "run")
    assert len(run.execute()) == 40
    return run.directory


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, for a test to spoil."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def stage(directory: Path, number: int) -> Path:
    (home,) = directory.glob(f"stages/{number:02d}-*")
    return home


def zeros(home: Path) -> None:
    file = home / "00003.kept.arrow"
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 2)
        stream.write(bytes(200))


def flipped(home: Path) -> None:
    file = home / "00003.kept.arrow"
    data = bytearray(file.read_bytes())
    data[data.rindex(b"number")] ^= 1
    file.write_bytes(data)


def another(home: Path) -> None:
    for end in ("json", "kept.arrow", "dropped.arrow"):
        shutil.copy(home / f"00002.{end}", home / f"00003.{end}")


def anothers_arrow(home: Path) -> None:
    shutil.copy(home / "00002.kept.arrow", home / "00003.kept.arrow")


def lost(home: Path) -> None:
    (home / "00003.dropped.arrow").unlink()


def cut(home: Path) -> None:
    file = home / "00003.json"
    file.write_bytes(file.read_bytes()[:40])


def counted_otherwise(home: Path) -> None:
    file = home / "00003.json"
    file.write_text(file.read_text().replace('"seconds": 0', '"seconds": 9'))


def empty(home: Path) -> None:
    (home / "00003.json").write_bytes(b"")


def a_list(home: Path) -> None:
    (home / "00003.json").write_text("[]")


DAMAGES = [
    (zeros, "00003.kept.arrow is damaged"),
    (flipped, "00003.kept.arrow is damaged"),
    (another, "00003.json is that of shard 2 of"),
    (anothers_arrow, "00003.kept.arrow is damaged"),
    (lost, "00003.dropped.arrow is not there"),
    (cut, "00003.json is damaged"),
    (counted_otherwise, "00003.json is damaged"),
    (empty, "00003.json is damaged"),
    (a_list, "00003.json is damaged"),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGES, ids=[damage.__name__ for damage, _ in DAMAGES])
def test_a_damaged_shard_is_made_again_and_told(
    content: dict[str, Any],
    whole: Path,
    copy: Path,
    damage: Callable[[Path], None],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(stage(copy, 2))
    run = Run(Pipeline(content), copy)
    run.execute()
    assert run.outputs["dataset"].read_bytes() == (whole / "dataset.jsonl").read_bytes()
    (repaired,) = run.reports[1].repaired
    assert said in repaired
    assert repaired.endswith(f"shard 3 of {stage(copy, 2).name} is made again")
    assert repaired in capsys.readouterr().err
    assert json.loads((copy / "manifest.json").read_text())["repaired"] == [repaired]
    assert [report.cached for report in run.reports] == [True, False, True, True]
    again = Run(Pipeline(content), copy)
    again.execute()
    assert all(report.cached and not report.repaired for report in again.reports)
    assert json.loads((copy / "manifest.json").read_text())["repaired"] == [repaired]


def test_what_was_made_of_records_that_have_changed_since_is_made_again(
    content: dict[str, Any], whole: Path, tmp_path: Path
) -> None:
    """As when a model that answers otherwise each time had to make a shard again."""
    other = Run(Pipeline({**content, "stages": content["stages"][:2]}), tmp_path / "run")
    other.execute()
    home = stage(other.directory, 2)
    shutil.copytree(stage(whole, 3), other.directory / "stages" / stage(whole, 3).name)
    (home / "00004.json").unlink()  # its next shard will hold other records
    facts = read_facts(whole / "stages" / home.name, 4)
    rows = read_arrow(home / "00004.kept.arrow")
    write_shard(home, 4, facts["source"], Outcome(rows.select(range(3)), rows.select([]), {}), seconds=0)
    run = Run(Pipeline({**content, "stages": content["stages"][:3]}), other.directory)
    assert len(run.execute()) == 35
    assert "00000.json was made of other records" in run.reports[2].repaired[0]


def test_a_sketch_that_is_damaged_is_made_again(content: dict[str, Any], whole: Path, copy: Path) -> None:
    (sketch,) = copy.glob("stages/*/sketches-*.npz")
    before = sketch.read_bytes()
    for spoilt in (b"", before[: len(before) // 2], before[:200] + bytes(60) + before[260:]):
        sketch.write_bytes(spoilt)
        for path in stage(copy, 3).glob("*"):
            path.unlink()
        run = Run(Pipeline(content), copy)
        run.execute()
        assert run.outputs["dataset"].read_bytes() == (whole / "dataset.jsonl").read_bytes()


@pytest.mark.parametrize(
    "spoilt", [b"", b"{", b"[]", b'{"date": 3}', b'{"date": "soon"}', b'{"usage": {"a": {"b": 1}}}']
)
def test_a_damaged_manifest_is_told_with_what_to_do(content: dict[str, Any], copy: Path, spoilt: bytes) -> None:
    (copy / "manifest.json").write_bytes(spoilt)
    with pytest.raises(CurateError, match=r"manifest.json is damaged \(.*\); put it back, or remove it to go on"):
        Run(Pipeline(content), copy).execute()
    (copy / "manifest.json").unlink()
    run = Run(Pipeline(content), copy)
    run.execute()
    assert all(report.cached for report in run.reports)


@pytest.mark.parametrize("name", [".lock", "manifest.json"])
@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_is_not_followed(content: dict[str, Any], copy: Path, name: str, there: bool) -> None:
    precious = copy.parent / "precious"
    if there:
        precious.write_text("mine")
    (copy / name).unlink(missing_ok=True)
    (copy / name).symlink_to(precious)
    with pytest.raises(CurateError, match=f"{name} is a symbolic link, .*; remove it"):
        Run(Pipeline(content), copy).execute()
    assert precious.exists() == there
    assert not there or precious.read_text() == "mine"


def test_a_link_where_a_file_is_written_to_is_not_followed(content: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "run/stages").mkdir(parents=True)
    (tmp_path / "precious").write_text("mine")
    (tmp_path / f"run/.manifest.json.{os.getpid()}.tmp").symlink_to(tmp_path / "precious")
    (tmp_path / "run/dataset.jsonl").symlink_to(tmp_path / "precious")
    Run(Pipeline(content), tmp_path / "run").execute()
    assert (tmp_path / "precious").read_text() == "mine"


def test_what_killed_runs_left_unfinished_goes_and_all_else_stays(content: dict[str, Any], copy: Path) -> None:
    left = [copy / ".dataset.jsonl.123.tmp", stage(copy, 2) / ".00003.kept.arrow.4567.tmp"]
    mine = [copy / "notes.tmp", copy / ".notes.tmp"]
    for path in [*left, *mine]:
        path.write_text("x")
    Run(Pipeline(content), copy).execute()
    assert [path.exists() for path in [*left, *mine]] == [False, False, True, True]


def test_what_could_hold_a_secret_is_for_its_owner_alone(whole: Path) -> None:
    for name in ("pipeline.yaml", "manifest.json"):
        assert stat.S_IMODE((whole / name).stat().st_mode) == 0o600
