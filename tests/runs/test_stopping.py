"""A run that is killed or interrupted loses at most the shards in flight, and goes on to the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from curate.yaml_files import yaml_text
from tests.runs.conftest import CONTENT


def start(pipeline, directory):
    command = [sys.executable, "-m", "curate.cli", "run", str(pipeline), "-o", str(directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("wanted", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_killing_a_run_at_random_moments_changes_no_byte(finished, tmp_path, wanted):
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(yaml_text(CONTENT))
    expected = finished.outputs["dataset"].read_bytes()
    moments = random.Random(0)
    began = time.monotonic()
    first = start(pipeline, tmp_path / "whole")
    assert first.wait() == 0, first.stderr.read()
    whole = time.monotonic() - began
    assert (tmp_path / "whole/dataset.jsonl").read_bytes() == expected

    kills = attempts = 0
    while kills < wanted:
        directory = tmp_path / f"run-{attempts}"
        process = start(pipeline, directory)
        try:
            process.wait(moments.uniform(0.2, 1) * whole)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        else:
            assert process.returncode == 0, process.stderr.read()
            assert (directory / "dataset.jsonl").read_bytes() == expected
            attempts += 1
    last = start(pipeline, directory)
    assert last.wait() == 0, last.stderr.read()
    assert (directory / "dataset.jsonl").read_bytes() == expected


def test_an_interrupt_says_how_to_go_on_and_the_same_command_does(finished, tmp_path):
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(yaml_text(CONTENT))
    process = start(pipeline, tmp_path / "run")
    while not list(tmp_path.glob("run/stages/03-*/00000.json")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"Finished shards are in {tmp_path / 'run'}; the same command goes on from there." in errors
    again = start(pipeline, tmp_path / "run")
    assert again.wait() == 0, again.stderr.read()
    assert (tmp_path / "run/dataset.jsonl").read_bytes() == finished.outputs["dataset"].read_bytes()


def test_a_run_that_a_script_started_in_the_background_ends_when_it_is_told_to(finished, tmp_path):
    """Shells that are not interactive let what they start with & ignore SIGINT; SIGTERM must end it all the same."""
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(yaml_text(CONTENT))
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
    content = {**CONTENT, "stages": CONTENT["stages"][:1]}
    (tmp_path / "p.yaml").write_text(yaml_text(content))
    log = tmp_path / "log"
    command = [sys.executable, "-m", "curate", "run", str(tmp_path / "p.yaml"), "-o", str(tmp_path / "run")]
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file)
        while not list((tmp_path / "run").glob("stages/01-*/00002.json")):
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
        early = log.read_text()
        assert process.wait() == 0
    assert "synthesize: 8 of 32 rows" in early
    assert "synthesize: kept 32" in log.read_text()
