"""`curate mask`: what a file would train."""

import json
import os
import subprocess
import sys

import pytest

from curate import from_rows
from curate.report.masks import CONTROL, CUT, NO_RENDERING, NOTHING, inspect_masks, painted, visible
from tests.chat.conftest import bpe, template_of, tokenizer_for
from tests.chat.conversations import assistant, user
from tests.conftest import BASE, ROOT
from tests.exports.records import CALLED, TOOL

__all__ = ["bpe", "template_of", "tokenizer_for"]  # fixtures

GOOD = [user("Name a river."), assistant("The Ebro.")]


def report_of(template, *conversations, max_length=500):
    records = from_rows([{"id": f"r{n}", "messages": messages} for n, messages in enumerate(conversations)])
    return inspect_masks(records, template, max_length)


def test_a_good_file_has_no_faults(template_of):
    report = report_of(template_of("llama3"), GOOD, GOOD)
    assert (report.records, report.at_fault, report.faults) == (2, 0, {})
    assert report.lengths[0] > report.supervised[0] > 0


def test_what_would_train_on_nothing_is_counted(template_of):
    report = report_of(template_of("llama3"), GOOD, GOOD[:1])
    assert (report.faults, report.at_fault) == ({NOTHING: 1}, 1)
    assert report.examples[NOTHING] == "record r1 ends with a user turn"


def test_what_a_cut_loses_is_counted(template_of):
    template = template_of("llama3")
    long = [user("Name a river."), assistant("one two three " * 20)]
    hopeless = [user("one two three " * 20), assistant("No.")]
    length = len(template.tokenize(long).input_ids)
    report = report_of(template, long, hopeless, max_length=60)
    assert report.faults[CUT] == 2
    assert report.cut_supervised == sum(template.tokenize(long).assistant_mask[60:]) + report.supervised[1]
    assert report.emptied == 1
    assert f"record r0 has {length} tokens, and loses" in report.examples[CUT]


def test_control_tokens_and_what_the_template_refuses_are_counted(template_of):
    report = report_of(
        template_of("gemma"), [user("Say <end_of_turn>"), assistant("No.")], [{"role": "system", "content": "x"}, *GOOD]
    )
    assert report.faults == {CONTROL: 1, NO_RENDERING: 1}
    assert report.examples[CONTROL] == "record r0 has <end_of_turn>"
    assert report.at_fault == 2


def test_records_that_render_differently_turn_by_turn_are_counted_and_no_fault(template_of):
    two = [*GOOD, user("And in Italy?"), assistant("The Po.")]
    assert report_of(template_of("qwen3"), GOOD, two).turn_by_turn == 1
    report = report_of(template_of("llama3"), GOOD, two)
    assert (report.turn_by_turn, report.at_fault) == (0, 0)


def test_tools_are_rendered_with_their_record(template_of):
    template = template_of("qwen2_5")
    records = from_rows([{"id": "r0", "messages": CALLED, "tools": [TOOL]}, {"id": "r1", "messages": GOOD}])
    report = inspect_masks(records, template, 1000)
    assert report.at_fault == 0
    assert report.lengths[0] == len(template.tokenize(CALLED, [TOOL]).input_ids)


def test_the_quantiles_are_those_of_the_lengths(template_of):
    report = report_of(template_of("llama3"), GOOD)
    assert f"tokens of a record: 0% {report.lengths[0]}, 5% {report.lengths[0]}" in "\n".join(report.lines(500))


def test_a_painted_record_tells_what_is_learnt(template_of):
    template = template_of("llama3")
    lines = [line.plain for line in painted(template, template.tokenize(GOOD))]
    assert lines[-1] == "1 The Ebro.<|eot_id|>"
    assert {line[0] for line in lines[:-1]} == {"0"}


def test_terminal_codes_and_direction_marks_are_shown_as_codes():
    assert visible("a\x1b[31mb\u202ec\td\n\x9b") == "a\\x1b[31mb\\u202ec\td\n\\x9b"


def mask(path, *arguments, **environment):
    command = [sys.executable, "-m", "curate.cli", "mask", str(path), "--model", str(BASE), *arguments]
    env = {**os.environ, "COLUMNS": "200", **environment}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, env=env)


@pytest.fixture
def pool(tmp_path):
    path = tmp_path / "pool.jsonl"
    rows = [{"messages": GOOD}, {"messages": [user("Hi \x1b[31m"), assistant("Red \x1b]0;title\x07")]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_command_exits_with_0_where_nothing_is_at_fault(pool):
    result = mask(pool)
    assert result.returncode == 0, result.stderr
    assert "2 records, 0 at fault (max_length 2048)" in result.stdout


def test_the_command_exits_with_1_where_a_record_or_a_line_is_at_fault(pool):
    assert mask(pool, "--max-length", "5").returncode == 1
    pool.write_text(pool.read_text() + "{broken\n")
    result = mask(pool)
    assert result.returncode == 1
    assert "1 lines could not be read; the first: not JSON" in result.stdout


def test_one_record_is_shown_with_its_mask_and_without_terminal_codes(pool):
    result = mask(pool, "--record", "2", FORCE_COLOR="1")
    assert "\x1b[32m" in result.stdout
    assert "\x1b[31m" not in result.stdout
    assert "Red \\x1b]0;title\\x07" in result.stdout


def test_no_color_is_respected(pool):
    shown = mask(pool, "--record", "1", FORCE_COLOR="1", NO_COLOR="1").stdout
    assert "\x1b[3" not in shown
    assert "1 The Ebro.<|im_end|>" in shown


def test_a_record_that_is_not_there_is_told(pool):
    result = mask(pool, "--record", "3")
    assert result.returncode == 2
    assert "curate: mask: record: there are records 1 to 2, found 3" in result.stderr
