import re
from collections import Counter

import pytest

from curate import CurateError, load_model, synthesize
from curate.models.protocols import Prompt, Sampling
from curate.records.identity import derive_seed
from curate.stages.synthesize.domains import READY
from curate.stages.synthesize.faults import instruction_fault
from tests.conftest import BASE, CHAT


def instructions(outcome):
    return [messages[0]["content"] for messages in outcome.kept["messages"]]


def test_exactly_count_instructions_come_out_each_a_single_user_turn(teacher):
    outcome = synthesize(model=teacher, count=12, max_tokens=128)
    assert len(outcome.kept) == len(set(outcome.kept["id"])) == 12
    assert all([m["role"] for m in messages] == ["user"] for messages in outcome.kept["messages"])
    assert all(text == text.strip() != "" for text in instructions(outcome))
    assert outcome.stats["instructions"] == 12
    assert outcome.kept[0]["source"] == {"generator": "demo-chat", "temperature": 1.0, "top_p": 1.0}


def test_no_control_token_is_left_in_an_instruction(teacher):
    special = teacher.chat.tokenizer.all_special_tokens
    assert not [text for text in instructions(synthesize(model=teacher, count=12)) for s in special if s in text]


def test_slices_make_what_one_call_makes(teacher):
    whole = synthesize(model=teacher, count=10, seed=3)
    parts = [synthesize(model=teacher, count=5, start=start, seed=3) for start in (0, 5)]
    assert whole.kept.to_list() == parts[0].kept.to_list() + parts[1].kept.to_list()


def test_another_seed_gives_other_instructions(teacher):
    one, other = (instructions(synthesize(model=teacher, count=8, seed=seed)) for seed in (1, 2))
    assert set(one).isdisjoint(other)


def test_what_is_cut_off_is_made_again_and_counted(teacher):
    outcome = synthesize(model=teacher, count=12, max_tokens=24, temperature=1.0)
    assert len(outcome.kept) == 12
    assert outcome.stats["cut off"] > 0
    assert all(len(teacher.chat.encode(text)) <= 24 for text in instructions(outcome))


def test_each_is_the_first_attempt_of_its_own_that_is_an_instruction(teacher):
    made = instructions(synthesize(model=teacher, count=6, max_tokens=24, seed=4))
    prefix = teacher.chat.encode(teacher.chat.pre_query_prefix())
    sampling = Sampling(tuple(teacher.chat.user_stop_token_ids), 24)
    for number, text in enumerate(made):
        prompts = (Prompt(prefix, derive_seed(4, "synthesize", number, attempt)) for attempt in range(20))
        attempts = (teacher.complete([prompt], sampling)[0][0] for prompt in prompts)
        assert next(c for c in attempts if not instruction_fault(c, teacher)).text.strip() == text


def test_a_teacher_that_stalls_here_and_there_gives_what_it_made(teacher):
    outcome = synthesize(model=teacher, count=40, max_tokens=6)
    made, stalled = outcome.stats["instructions"], outcome.stats["stalled after 20 attempts"]
    assert len(outcome.kept) == made
    assert made + stalled == 40
    assert made > 0 < stalled


def test_a_teacher_that_never_finishes_stalls_with_the_counts(teacher):
    with pytest.raises(CurateError, match=r"stalled: not one of 3 .* 20 attempts each \(60 cut off, at 1 tokens"):
        synthesize(model=teacher, count=3, max_tokens=1)


def test_one_system_prompt_steers_and_is_not_kept_in_the_messages(teacher):
    prompt = "You are a helpful assistant who answers questions about mathematics."
    outcome = synthesize(model=teacher, count=4, system=prompt)
    assert outcome.kept["domain"][:] == [prompt] * 4
    assert all([m["role"] for m in messages] == ["user"] for messages in outcome.kept["messages"])
    assert instructions(outcome) != instructions(synthesize(model=teacher, count=4))


def test_prompts_of_a_list_have_equal_shares(teacher):
    prompts = ["You help with cooking.", "You help with gardening."]
    kept = synthesize(model=teacher, count=6, system=prompts).kept
    assert Counter(kept["domain"]) == dict.fromkeys(prompts, 3)


def test_the_steering_turn_is_kept_where_that_is_asked_for(teacher):
    prompt = "You are a helpful assistant."
    pool = synthesize(model=teacher, count=2, system=prompt, keep_system=True, max_tokens=40)
    bare = synthesize(model=teacher, count=2, system=prompt, max_tokens=40)
    for record, without in zip(pool.kept, bare.kept, strict=True):
        assert record["messages"][0]["role"] == "system"
        assert record["messages"][0]["content"] == prompt
        assert record["messages"][1:] == without["messages"]
    with pytest.raises(CurateError, match="keep_system: there is no system turn to keep; give `system`"):
        synthesize(model=teacher, count=2, keep_system=True)


def test_domains_have_their_shares_exactly_a_ready_one_and_one_of_your_own(teacher):
    system = {"math": 0.5, "code": 0.3, "cooking": {"prompt": "You are a cook.", "share": 0.2}}
    outcome = synthesize(model=teacher, count=20, system=system)
    assert Counter(outcome.kept["domain"]) == {"math": 10, "code": 6, "cooking": 4}


def test_a_domain_is_what_its_prompt_makes(teacher):
    named = synthesize(model=teacher, count=3, system={"math": 1}).kept
    spelt = synthesize(model=teacher, count=3, system=READY["math"]).kept
    assert named["messages"][:] == spelt["messages"][:]
    assert named["domain"][:] == ["math"] * 3


def test_the_grid_has_its_shares_exactly_and_every_domain_its_share_of_the_grid(teacher):
    outcome = synthesize(model=teacher, count=24, system={"math": 1, "code": 1}, grid=[(1.0, 1.0, 2), (1.2, 0.99, 1)])
    cells = [(s["temperature"], s["top_p"]) for s in outcome.kept["source"]]
    assert Counter(cells) == {(1.0, 1.0): 16, (1.2, 0.99): 8}
    assert Counter(zip(outcome.kept["domain"], cells, strict=True)) == {
        ("math", (1.0, 1.0)): 8,
        ("code", (1.0, 1.0)): 8,
        ("math", (1.2, 0.99)): 4,
        ("code", (1.2, 0.99)): 4,
    }


def test_slices_of_domains_and_grid_make_what_one_call_makes(teacher):
    steered = {"system": {"general": 3, "planning": 1}, "grid": [(1.0, 1.0, 1), (1.1, 0.995, 1)], "seed": 5}
    whole = synthesize(model=teacher, count=10, **steered)
    parts = [synthesize(model=teacher, count=n, start=start, **steered) for start, n in ((0, 3), (3, 7))]
    assert whole.kept.to_list() == parts[0].kept.to_list() + parts[1].kept.to_list()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"system": {"maths": 1}}, "system.domains: there is no ready domain 'maths'; did you mean 'math'?; one of"),
        ({"system": ["math"]}, "system.prompts: 'math' is the name of a ready domain; write {'math': 1} for it"),
        ({"system": []}, "system.prompts: list should have at least 1 item"),
        ({"system": {"math": 0}}, "system.domains.math.ready: input should be greater than or equal to 0.001, found 0"),
        ({"system": {"x": {"prompt": "P."}}}, "the key 'system.domains.x.own.share' is missing"),
        ({"grid": [(1.0, 0.0, 1.0)]}, "grid.0.1: input should be greater than 0, found 0.0"),
        ({"grid": [(1, 1, 1)], "top_p": 0.9}, "grid: temperature 1.0 and top_p 0.9 are given too; leave them out"),
    ],
)
def test_steering_that_makes_no_sense_is_refused(teacher, parameters, message):
    with pytest.raises(CurateError, match=f"^synthesize: {re.escape(message)}"):
        synthesize(model=teacher, count=2, **parameters)


def test_a_teacher_without_system_turns_cannot_be_steered(teacher, tmp_path):
    source = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    (tmp_path / "t.jinja").write_text(source + "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}")
    silent = load_model(str(CHAT), template_file=str(tmp_path / "t.jinja"))
    with pytest.raises(CurateError, match="takes no system turns: it says: no system"):
        synthesize(model=silent, count=1, system={"math": 1})


def test_a_base_model_given_as_teacher_is_refused_before_the_work_starts(base):
    found = (
        r"none of 8 completions .* came to '<\|im_end\|>', .* \(\d held other control tokens, \d reached 256 tokens\)"
    )
    with pytest.raises(CurateError, match=f"demo-base does not write instructions: {found}; .* not a base model"):
        synthesize(model=base, count=1, max_tokens=64)


def test_a_template_whose_user_turn_has_no_end_of_its_own_is_not_probed(base, tmp_path):
    """What stops the writing is then the end of text, with which a base model ends too."""
    (tmp_path / "t.jinja").write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
    model = load_model(str(BASE), template_file=str(tmp_path / "t.jinja"))
    assert len(synthesize(model=model, count=2, max_tokens=256).kept) == 2
