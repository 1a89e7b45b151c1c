"""`curate export --push`, to a server that speaks the hub's API; a process of its own, for these tests are offline."""

import json
import os
import subprocess
import sys

import pytest

from curate import CurateError
from curate.exports.push import check_name
from tests.conftest import BASE, ROOT
from tests.exports.hub import TOKEN, served
from tests.exports.records import PLAIN

PUSH = """
import sys
from curate.exports.push import push
push(sys.argv[1], ["train.jsonl"], "me/rivers", public="public" in sys.argv)
"""


@pytest.fixture
def hub():
    with served() as server:
        yield server


@pytest.fixture
def python(hub, tmp_path):
    """Runs Python where the hub is the server."""

    def run(*arguments, login=TOKEN):
        env = {**os.environ, "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_TOKEN": login, "COLUMNS": "200"}
        env |= {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, env=env)

    return run


@pytest.fixture
def data(tmp_path):
    """A directory with a file."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train.jsonl").write_text("{}\n")
    return tmp_path / "data"


def test_the_data_and_the_card_are_uploaded_privately(python, hub, tmp_path):
    pool = tmp_path / "pool.jsonl"
    pool.write_text(json.dumps({"messages": PLAIN}) + "\n")
    arguments = ["export", pool, "--to", "trl", "--target", BASE, "-o", tmp_path / "out", "--push", "me/rivers"]
    result = python("-m", "curate.cli", *arguments)
    assert result.returncode == 0, result.stderr
    assert f"uploaded to {hub.address}/datasets/me/rivers" in result.stdout
    assert hub.private == {"me/rivers": True}
    files = hub.files["me/rivers"]
    assert files.keys() == {"README.md", "train.jsonl", "export.json"}  # train.py holds a path of this machine
    for name in ("README.md", "train.jsonl"):
        assert files[name] == (tmp_path / "out" / name).read_bytes()


def test_a_public_dataset_is_asked_for(python, hub, data):
    assert python("-c", PUSH, data, "public").returncode == 0
    assert hub.private == {"me/rivers": False}
    result = python("-c", PUSH, data)
    assert "me/rivers is there already and anyone can read it; add --public" in result.stderr


def test_what_is_there_and_private_is_uploaded_to_again(python, hub, data):
    for _ in range(2):
        assert python("-c", PUSH, data).returncode == 0
    assert hub.private == {"me/rivers": True}


def test_a_refused_upload_says_what_the_hub_says_and_what_to_do(python, data):
    result = python("-c", PUSH, data, login="hf_of_nobody")
    assert "CurateError: export: push: the hub did not take me/rivers: " in result.stderr
    assert "log in with `hf auth login`" in result.stderr


@pytest.mark.parametrize("name", ["rivers", "a/b/c", "me/ri vers"])
def test_a_name_that_no_dataset_can_have_is_told_before_anything(name):
    with pytest.raises(CurateError, match="a dataset on the hub is named owner/name"):
        check_name(name)
