"""A run that is killed or interrupted loses at most the shards in flight, and goes on to the same bytes."""

import os
import signal
import subprocess
import sys
import time

import pytest

from curate.yaml_files import yaml_text
from tests.runs.conftest import SHORT


def start(pipeline, directory):
    command = [sys.executable, "-m", "curate.cli", "run", str(pipeline), "-o", str(directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def started(directory, shard):
    """The short pipeline in a process of its own, from the moment when it has finished a shard."""
    pipeline = directory / "p.yaml"
    pipeline.write_text(yaml_text(SHORT))
    process = start(pipeline, directory / "run")
    while not list(directory.glob(f"run/stages/{shard}")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    return process


def goes_on(directory, expected):
    again = start(directory / "p.yaml", directory / "run")
    assert again.wait() == 0, again.stderr.read()
    assert (directory / "run/dataset.jsonl").read_bytes() == expected


def test_a_run_that_is_killed_goes_on_to_the_same_bytes(short, tmp_path):
    process = started(tmp_path, "02-*/00001.json")
    process.send_signal(signal.SIGKILL)
    process.wait()
    goes_on(tmp_path, short)


@pytest.mark.slow
def test_an_interrupt_says_how_to_go_on_and_the_same_command_does(short, tmp_path):
    process = started(tmp_path, "02-*/00000.json")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"Finished shards are in {tmp_path / 'run'}; the same command goes on from there." in errors
    goes_on(tmp_path, short)


def test_a_run_that_a_script_started_in_the_background_ends_when_it_is_told_to(tmp_path):
    """Shells that are not interactive let what they start with & ignore SIGINT; SIGTERM must end it all the same."""
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(yaml_text(SHORT))
    run = tmp_path / "run"
    script = f"trap '' INT; {sys.executable} -m curate run {pipeline} -o {run} & echo $!; wait $!; echo ended $?"
    shell = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    number = int(shell.stdout.readline())
    while not list(run.glob("stages/01-*/00000.json")):
        assert shell.poll() is None, shell.stderr.read()
        time.sleep(0.02)
    os.kill(number, signal.SIGTERM)
    assert shell.stdout.readline() == "ended 130\n"
    assert f"Finished shards are in {run}; the same command goes on from there." in shell.stderr.read()


def test_a_run_whose_output_goes_to_a_file_writes_a_line_for_each_shard_at_once(tmp_path):
    content = {**SHORT, "stages": SHORT["stages"][:1]}
    (tmp_path / "p.yaml").write_text(yaml_text(content))
    log = tmp_path / "log"
    command = [sys.executable, "-m", "curate", "run", str(tmp_path / "p.yaml"), "-o", str(tmp_path / "run")]
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file)
        while not list((tmp_path / "run").glob("stages/01-*/00001.json")):
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
        early = log.read_text()
        assert process.wait() == 0
    assert "synthesize: 4 of 16 rows" in early
    assert "synthesize: kept 16" in log.read_text()
