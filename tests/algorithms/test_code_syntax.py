import pytest

from curate.algorithms.code_syntax import LONGEST, first_fault


def fenced(language, code):
    return f"Like this:\n\n```{language}\n{code}\n```\nDone."


PARSES_AND_NOT = [
    ("python", "x = [1, 2]", "x = [1, 2"),
    ("py", "    def f():\n        return 1", "def f(:\n    return 1"),
    ("python", ">>> x = 1\n>>> x\n1", ">>> x = = 1"),
    ("json", '{"a": [1, 2]}', '{"a": [1, 2}'),
    ("json", '{"a": 1}\n{"a": 2}', '{"a": 1}\n{"a": }'),
    ("yaml", "a: 1\nb:\n  - c", "a: 1\n b: [2"),
    ("xml", "<a><b/></a>\n<c/>", "<a><b></a>"),
]


@pytest.mark.parametrize(("language", "good", "bad"), PARSES_AND_NOT)
def test_code_is_read_by_the_parser_of_its_language(language, good, bad):
    assert first_fault(fenced(language, good)) is None
    fault = first_fault(fenced(language, bad))
    assert fault is not None
    assert (fault.language, bool(fault.message)) == (language, True)


FRAGMENTS = [
    ("python", 'print "Python 2"'),
    ("python", "def f(x):"),
    ("python", "def f(x):\n    # your code here"),
    ("python", "x = <your key>\ny = = 2"),
    ("python", "pip install curate"),
    ("python", "!ls -l"),
    ("python", "else:\n    x = 1"),
    ("json", '{"a": 1, ...}'),
    ("json", '"a": 1,\n"b": 2'),
    ("json", '// a comment\n{"a": 1}'),
    ("yaml", "a: {{ value }}"),
    ("xml", "<p>&nbsp;</p>"),
    ("xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a'),
    ("text", "if x ="),
    ("", "if x ="),
    ("python", ""),
]


@pytest.mark.parametrize(("language", "code"), FRAGMENTS)
def test_a_fragment_and_another_language_are_let_pass(language, code):
    assert first_fault(fenced(language, code)) is None


def test_the_fault_has_its_line():
    assert first_fault(fenced("python", "x = 1\ny = )")).line == 2


def test_a_block_is_read_up_to_the_bound():
    bad = "x = )"
    assert first_fault(fenced("python", "#" * (LONGEST - len(bad) - 2) + "\n" + bad)) is not None
    assert first_fault(fenced("python", "#" * LONGEST + "\n" + bad)) is None


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "(" * 9000),
        ("json", "[" * 9000 + "]" * 9000),
        (
            "yaml",
            "a: &a [x]\n"
            + "\n".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]" for n in range(9)),
        ),
        ("yaml", "[" * 900),
    ],
)
def test_what_would_cost_too_much_ends(language, code):
    first_fault(fenced(language, code))
