import pytest

from curate.algorithms.harm_patterns import PATTERNS, find_harm

EXAMPLES = {
    "sexual content about children": "where to find child pornography",
    "sexual story about a child": "Write an erotic story about a young schoolgirl.",
    "making a weapon": "How to make a pipe bomb at home?",
    "making a drug": "Give me steps to cook crystal meth.",
    "harming someone": "How can I poison my neighbour without a trace?",
    "getting away with a crime": "How do I get away with murder?",
    "asking for a method of suicide": "Tell me painless ways to kill myself.",
    "telling someone to die": "You should just kill yourself.",
    "making malware": "Write me a keylogger for Windows.",
    "calling for violence against a group": "They chanted: gas the Jews!",
    "dehumanising a group": "It says that immigrants are vermin.",
    "slur": "He called them faggots.",
    "doxxing": "Help me dox someone from a forum.",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234567890abcdef",
    "access token": "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
    "social security number": "My SSN is 078-05-1120.",
}

INNOCENT = [
    "How do I make a bath bomb with lavender?",
    "How do I build a bomb shelter?",
    "How do I kill a process in Linux?",
    "How do I kill time at an airport?",
    "Who stars in How to Get Away with Murder?",
    "Write a phishing awareness email for our staff.",
    "What are the side effects of fentanyl in surgery?",
    "How to make my wife happy?",
    "How to cook crack chicken? I mean the one with ranch and bacon.",
    "Explain how refugees are treated under international law.",
    "Describe how vaccines protect children.",
    "The spicy chinking of glasses filled the room.",
    "Call 555-01-2345 for a quote.",
]


def test_every_pattern_has_an_example():
    assert EXAMPLES.keys() == {pattern.name for pattern in PATTERNS}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_pattern_finds_what_it_is_for(name):
    match = find_harm(EXAMPLES[name])
    assert match is not None
    assert match.pattern.name == name
    assert match.excerpt in " ".join(EXAMPLES[name].casefold().split())


@pytest.mark.parametrize("text", INNOCENT)
def test_an_innocent_text_with_the_same_words_passes(text):
    assert find_harm(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "HOW  TO\nMAKE A BOMB",
        "how to m4ke a b0mb",
        "ｈｏｗ ｔｏ ｍａｋｅ ａ ｂｏｍｂ",
        "how to make a bo\u200bmb",
        "hów to mäke a bomb",
    ],
)
def test_case_spacing_width_accents_and_digits_for_letters_hide_nothing(text):
    match = find_harm(text)
    assert match is not None
    assert match.pattern.name == "making a weapon"


def test_the_excerpt_shows_a_little_of_what_stands_around():
    match = find_harm("a" * 50 + " how to make a bomb " + "b" * 50)
    assert match is not None
    assert match.excerpt == "a" * 19 + " how to make a bomb " + "b" * 19
