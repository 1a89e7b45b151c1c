"""Personal data is found by its form and by its own check sums, and what belongs to nobody is left alone.

The keys are put together here, so that no scanner takes them for real ones.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.algorithms.personal_data import redact

RANDOM = "a8Fk2LmQ9zXc4VbN7tRw"
PRIVATE_KEY = f"-----BEGIN RSA {'PRIVATE'} KEY-----\nMIIEow{RANDOM}\n-----END RSA {'PRIVATE'} KEY-----"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Write to ann.lee+news@mail.acme.io.", "Write to <EMAIL>."),
        ("[a@b-c.de](mailto:a@b-c.de)", "[<EMAIL>](mailto:a@b-c.de)"),
        ("Call +32 2 643 12 34 or +44 20 7946 0958.", "Call <PHONE> or <PHONE>."),
        ("请写信到ann.lee@mail.acme.cn或致电+86 138 1234 5678。", "请写信到<EMAIL>或致电<PHONE>。"),
        ("卡号4539 5787 6362 1486，账号DE89370400440532013000。", "卡号<CARD>，账号<IBAN>。"),
        (f"密钥是ghp_{RANDOM}{RANDOM}吗", "密钥是<KEY>吗"),
        ("Call me on +44 7700 900140.", "Call me on <PHONE>."),  # of the right length, and given to nobody
        ("Call (415) 984-2122 or 650-636-4884!", "Call <PHONE> or <PHONE>!"),
        ("Card 4539 5787 6362 1486, please", "Card <CARD>, please"),
        ("Card 4539578763621486", "Card <CARD>"),
        ("Pay to DE89 3704 0044 0532 0130 00.", "Pay to <IBAN>."),
        ("Pay to GB82WEST12345698765432", "Pay to <IBAN>"),
        (f"key = 'sk-{RANDOM}'", "key = '<KEY>'"),
        (f"AKIA{'QX7R2M9TL4ZB8WKD'}", "<KEY>"),
        (f"ghp_{RANDOM}{RANDOM}", "<KEY>"),
        (f"xoxb-{RANDOM}", "<KEY>"),
        (f"eyJhbGciOi{RANDOM}.eyJzdWIiOi{RANDOM}.{RANDOM}", "<KEY>"),
        (f"Here:\n{PRIVATE_KEY}\nKeep it.", "Here:\n<KEY>\nKeep it."),
    ],
)
def test_each_kind_has_its_placeholder(text: str, redacted: str) -> None:
    assert redact(text)[0] == redacted


@pytest.mark.parametrize(
    "text",
    [
        "user@example.com, a@mail.example.org, b@example.co.uk, c@shop.test, root@localhost",
        "git@github.com:me/mine.git, noreply@github.com",
        "@property\ndef f(self): return self @ other.matrix",
        "(555) 123-4567, 212-555-0143, +1 (555) 555-5555, (123) 456-7890",
        "+44 7700 9001, f(x) = x +12 34567 890, +99 7700 900140",
        "1-800-273-8255 and (888) 426-4435 are toll-free",
        "8 + 1.5 + 14 = 23.5, 2023-10-05, 10.0.0.1, 1,234,567,890",
        "pi is 3.14159265358979323846, a Visa test card is 4111 1111 1111 1111",
        "4539 5787 6362 1487 fails its check sum, and 1234567812345678 is no brand",
        "DE89 3704 0044 0532 0130 01, ISBN 978-3-16-148410-0",
        "XX83 1234 5678 9012 3456 has the right sum, but no country",
        "DE86 3704 0044 0532 0130 has the right sum, but is too short for its country",
        "sk-..., sk-YOUR-API-KEY-GOES-RIGHT-HERE, AKIAIOSFODNN7EXAMPLE",
        "UUID 4539a787-6362-1486-9abc-def012345678",
        "请写信到user@example.com，卡号4539 5787 6362 1487，第12345678901234号",
        "<EMAIL> <PHONE> <CARD> <IBAN> <KEY>",
    ],
)
def test_what_belongs_to_nobody_is_left_alone(text: str) -> None:
    assert redact(text) == (text, {})


def test_each_piece_is_counted() -> None:
    assert redact("a@acme.io, b@acme.io, +32 2 643 12 34")[1] == {"email": 2, "phone": 1}


NAMES = st.from_regex(r"[a-z][a-z0-9._+-]{0,12}[a-z0-9]", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z]{2,6}){1,2}", fullmatch=True).filter(lambda d: "example" not in d)
ADDRESSES = st.builds("{}@{}".format, NAMES, DOMAINS).filter(
    lambda a: not a.startswith(("git@", "noreply@", "no-reply@")) and not a.endswith((".test", ".local"))
)


@given(st.lists(st.tuples(st.sampled_from(["", "Write to ", "\n", "(", "**", "é ", "，"]), ADDRESSES), max_size=4))
def test_no_address_is_left_and_a_second_time_changes_nothing(parts: list[tuple[str, str]]) -> None:
    text = " ".join(before + address for before, address in parts)
    redacted, counts = redact(text)
    assert counts["email"] == len(parts)
    assert not re.search(r"\w@\w", redacted)
    assert redact(redacted) == (redacted, {})
