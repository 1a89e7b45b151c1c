"""What the operating system refuses is one sentence with the path and what to do, and then the same command goes on."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from curate.runs import run as runs
from tests.conftest import ROOT
from tests.faults.conftest import Command, Ended

RUN = [sys.executable, "-m", "curate", "run"]


def told(ended: Ended) -> str:
    """The sentence with which a command ended, which is all that it says of it."""
    assert ended.code == 2
    assert "Traceback" not in ended.err
    said = ended.err.splitlines()[-1]
    assert said.startswith("curate: ")
    return said


def test_the_output_is_a_file(curate: Command, pipeline: Path, tmp_path: Path) -> None:
    output = tmp_path / "file"
    output.write_text("mine")
    expected = f"curate: {output} is a file; nothing can be written under it"
    for place in (output, output / "run"):
        assert told(curate("run", pipeline, "-o", place)) == expected
    assert output.read_text() == "mine"


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_name_that_is_too_long(curate: Command, pipeline: Path, tmp_path: Path, command: str) -> None:
    said = told(curate(command, pipeline, "-o", tmp_path / ("a" * 5000)))
    assert "file name too long; name a shorter one" in said
    assert len(said) < 2100


def test_a_pool_and_a_model_whose_names_are_too_long(curate: Command, pipeline: Path) -> None:
    assert "file name too long" in told(curate("check", pipeline, "--set", f"load.path={'a' * 5000}"))
    assert "file name too long" in told(curate("template", "a" * 5000))


def test_apply_writes_to_a_directory_that_is_a_file(curate: Command, tmp_path: Path) -> None:
    (tmp_path / "pool.jsonl").write_text('{"prompt": "a", "response": "b"}\n')
    said = told(curate("apply", "deduplicate", tmp_path / "pool.jsonl", "-o", tmp_path / "pool.jsonl/out.jsonl"))
    assert f"{tmp_path}/pool.jsonl is a file; nothing can be written under it" in said
    said = told(curate("apply", "deduplicate", tmp_path / "pool.jsonl", "-o", tmp_path))
    assert f"{tmp_path} ends in ''; these can be written: .jsonl" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(curate: Command, pipeline: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "permission denied; see that you may" in told(curate("run", pipeline, "-o", tmp_path / "closed/run"))


def test_a_shard_that_goes_away_while_the_run_is_on(
    curate: Command, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = runs.concatenate

    def lost(home: Path, count: int, part: str) -> object:
        if home.name.startswith("03-"):
            shutil.rmtree(home)
        return read(home, count, part)

    monkeypatch.setattr(runs, "concatenate", lost)
    said = told(curate("run", pipeline, "-o", tmp_path / "run"))
    assert "o such file or directory; see that the directory is there and stays, and give the same" in said


def bytes_of(path: Path) -> bytes:
    return (path / "dataset.jsonl").read_bytes()


@pytest.mark.parametrize("size", [2_000, 6_000])
def test_where_no_more_can_be_written_it_goes_on_once_it_can(pipeline: Path, tmp_path: Path, size: int) -> None:
    """A limit of a file's size stands for the end of the disk: the system's call fails in the same place."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    command = [*RUN, str(pipeline), "-o", str(tmp_path / "run")]
    full = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, preexec_fn=limited)
    said = told(Ended(full.returncode, full.stdout, full.stderr))
    assert f"curate: {tmp_path}/run/" in said
    remedy = "raise the limit of a file's size (ulimit -f), and give the same command again: what is finished is kept"
    assert said.endswith(f"file too large; {remedy}")
    assert not list((tmp_path / "run").rglob(".*.tmp"))
    subprocess.run(command, capture_output=True, cwd=ROOT, check=True)
    whole = [*RUN, str(pipeline), "-o", str(tmp_path / "whole")]
    subprocess.run(whole, capture_output=True, cwd=ROOT, check=True)
    assert bytes_of(tmp_path / "run") == bytes_of(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("size", [4, 40, 80, 160, 240])
def test_a_full_disk_and_one_that_can_only_be_read(pipeline: Path, tmp_path: Path, size: int) -> None:
    """A disk of so many kB in memory, in a name space of its own, where that may be made; then 20 MB."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare -rm is not allowed here")
    disk, run = tmp_path / "disk", f"{' '.join(RUN)} {pipeline} -o {tmp_path}/disk/run"
    disk.mkdir()
    script = f"""
        mount -t tmpfs -o size={size}k none {disk} || exit 77
        {run} 2> {tmp_path}/full; echo $? > {tmp_path}/code
        mount -o remount,size=20m {disk}; {run} 2> {tmp_path}/again || exit 1
        cp {disk}/run/dataset.jsonl {tmp_path}/dataset.jsonl
        mount -o remount,ro {disk}; {run} 2> {tmp_path}/closed; echo $? >> {tmp_path}/code
    """
    ended = subprocess.run(["unshare", "-rm", "sh", "-c", script], cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    full, closed = (tmp_path / "full").read_text(), (tmp_path / "closed").read_text()
    assert (tmp_path / "code").read_text().split() == ["2", "2"]
    assert "no space left on device; make room there, and give the same command again" in full.splitlines()[-1]
    assert "read-only file system; name another directory" in closed.splitlines()[-1]
    assert "Traceback" not in full + closed
    subprocess.run([*RUN, str(pipeline), "-o", str(tmp_path / "whole")], capture_output=True, cwd=ROOT, check=True)
    assert (tmp_path / "dataset.jsonl").read_bytes() == bytes_of(tmp_path / "whole")
