import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import CurateError
from curate.yaml_files import LARGEST, apply_override, read_yaml, yaml_text


def of(text):
    return read_yaml(text, "p.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100_000.0),
        ("0.7", 0.7),
        (".inf", float("inf")),
        ("0o17", 15),
        ("012", 12),
        ("1_000", 1000),
        ("-3", -3),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_numbers_and_constants_are_those_of_yaml_1_2(text, value):
    read = of(f"key: {text}")["key"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["yes", "no", "on", "off", "y", "1:30", "2026-01-31", "2026-02-30", "=", "<<", "nan"])
def test_what_other_versions_of_yaml_take_for_something_else_is_a_text(text):
    assert of(f"{text}: {text}" if text != "<<" else f"'<<': {text}") == {text: text}


def test_mappings_can_share_values():
    assert of("a: &shared {x: 1}\nb: {<<: *shared, y: 2}\nc: *shared\n") == {
        "a": {"x": 1},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1},
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb:\n  a: 1\n  a: 2\n", "line 4: the key 'a' stands twice (column 3)"),
        ("a:\n\tb: 1\n", r"line 2: found character '\t' that cannot start any token (column 1)"),
        ("a: 1\n  b: 2\n", "line 2: mapping values are not allowed here (column 4)"),
        (
            "a: [1\n",
            "line 1: while parsing a flow sequence (column 4); line 2: expected ',' or ']', but got",
        ),
        (
            "a: !!python/object:os.system x\n",
            "line 1: there is no tag 'python/object:os.system' here; write the value without it (column 4)",
        ),
        ("a: !own x\n", "line 1: there is no tag '!own' here; write the value without it (column 4)"),
        ("a: !!int x\n", "invalid literal for int() with base 10: 'x'"),
        ("a: 1\n---\nb: 2\n", "expected a single document in the stream (column 1); line 2: but found another"),
        ("a: 1\nb: \a\n", "line 2: the character #x0007 is not allowed"),
        ("a: *b\n", "line 1: found undefined alias 'b' (column 4)"),
        ("a: " + "[" * 3000, "line 1: more than 100 lists and mappings stand inside each other"),
    ],
)
def test_what_is_not_yaml_is_told_in_one_sentence_with_its_line(text, sentence):
    with pytest.raises(CurateError) as error:
        of(text)
    assert str(error.value).startswith("p.yaml: not readable as YAML: ")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_aliases_that_multiply_or_hold_themselves_are_told_and_not_followed():
    ten_each = "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9))
    for text in ("a0: &a0 [x]\n" + ten_each, "&a [*a]\n"):
        with pytest.raises(CurateError, match=f"^p.yaml: holds more than {LARGEST:,} values"):
            of(text)


# but for U+0085, which YAML 1.1 took for a line break, and ruamel.yaml still folds
TEXTS = st.text(st.characters(exclude_characters="\x85", exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda values: st.lists(values, max_size=4) | st.dictionaries(TEXTS, values, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back(value):
    assert of(yaml_text(value)) == value


def test_keys_are_written_in_their_order_and_letters_as_they_are():
    assert yaml_text({"b": 1, "a": ["ä", "on"]}) == "b: 1\na:\n- ä\n- on\n"


@pytest.mark.parametrize(
    ("content", "override", "found"),
    [
        ({"stages": [{"trim": 5}]}, "trim.by=x", "5"),
        ({"models": {"base": "path"}}, "models.base.model=x", "'path'"),
        ({"models": ["base"]}, "models.base.model=x", "['base']"),
    ],
)
def test_an_override_of_what_is_no_mapping_is_an_error(content, override, found):
    with pytest.raises(CurateError) as error:
        apply_override(content, override)
    assert str(error.value) == f"--set {override}: the file holds {found} where a mapping is expected"


def test_an_override_makes_the_mapping_that_a_bare_stage_name_stands_for():
    content = {"stages": ["screen", {"deduplicate": None}]}
    apply_override(content, "screen.language=[en]")
    apply_override(content, "deduplicate.threshold=1e-1")
    assert content == {"stages": [{"screen": {"language": ["en"]}}, {"deduplicate": {"threshold": 0.1}}]}


BOMBS = {
    "in a value": "stages: [{load: {path: *a9}}]\n",
    "in a key": "? *a9\n: 1\n",
    "merged": "b0: &b0 {x: 1}\n"
    + "".join(f"b{n + 1}: &b{n + 1} {{<<: [{', '.join([f'*b{n}'] * 10)}]}}\n" for n in range(9)),
    "of one long text": f"t: &t {'x' * 100_000}\nlist: [{', '.join(['*t'] * 200)}]\n",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_what_aliases_would_blow_up_is_refused_before_it_is_made(bomb):
    tens = "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9))
    with pytest.raises(CurateError, match=r"^p.yaml: holds more than 100,000 values or 10,000,000 characters, those"):
        of("a0: &a0 [x]\n" + tens + bomb)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("? [a, b]\n: 1\n", "line 1: a key has to be a plain value, not a list (column 3)"),
        ("[{[a, b]: 1}]\n", "line 1: a key has to be a plain value, not a list (column 3)"),
        ("? {a: b}\n: 1\n", "line 1: found unhashable key (column 3)"),
        ("a: " + "9" * 5000, "a value does not fit its tag: Exceeds the limit (4300 digits)"),
        ("a: !!bool abc\n", "a value does not fit its tag: 'abc'"),
        ("a: !!float abc\n", "a value does not fit its tag: could not convert string to float: 'abc'"),
        ("a: {<<: 3}\n", "line 1: expected a mapping or list of mappings for merging, but found scalar (column 9)"),
        ("".join(" " * depth + "a:\n" for depth in range(3000)), "line 100: more than 100 lists and mappings"),
    ],
)
def test_odd_keys_numbers_and_depths_are_told_in_one_sentence(text, sentence):
    with pytest.raises(CurateError) as error:
        of(text)
    assert str(error.value).startswith("p.yaml: not readable as YAML: ")
    assert sentence in str(error.value)


def test_several_mappings_can_be_merged_and_the_first_one_counts():
    assert of("a: &a {x: 1}\nb: &b {x: 2, y: 3}\nc: {<<: [*a, *b], z: 1}\n")["c"] == {"x": 1, "y": 3, "z": 1}
