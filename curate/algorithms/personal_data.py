"""Personal data in a text: e-mail addresses, phone numbers, payment cards, bank accounts (IBAN), and secret keys.

A number counts only when its own check agrees: cards by brand, length and the Luhn sum (ISO/IEC 7812), IBAN by its sum
modulo 97 (ISO 13616) and the format of its country, as `stdnum` knows it, phone numbers by the numbering plans of
`phonenumbers` (Google's libphonenumber), or by their length where a country code is written. They are found where they
are written as such: with a country code (+49 30 ...), or the North American way, (212) 736-5000 or 212-736-5000. What
belongs to nobody is left alone: domains reserved for examples (RFC 2606, RFC 6761), the 555 numbers of fiction,
toll-free and premium numbers, and the test cards of payment services.

Placeholders name the kind, as StarCoder's do (arXiv 2305.06161): <EMAIL>, <PHONE>, <CARD>, <IBAN>, <KEY>. They do not
tell two addresses in one text apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType
from stdnum import iban, luhn

_EMAIL = re.compile(
    r"(?<![\w.+/:@-])[a-z0-9](?:[a-z0-9._%+-]{0,62}[a-z0-9_+-])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}"
    r"(?![\w-]|\.[a-z0-9]|@)",
    re.IGNORECASE | re.ASCII,  # in Chinese no space stands before and after it
)
_PHONE = re.compile(
    r"(?<![\w+./=$€£*^-])(?:\+(?:[ .-]?\(?\d+\)?){2,7}|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}-)\d{3}[-. ]\d{4})"
    r"(?![\w*^/=-]|\.\d)",
    re.ASCII,
)
_CARD = re.compile(
    r"(?<![\w.-])[3-6]\d{3}[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{4}|\d{6}[ -]?\d{5}|\d{6}[ -]?\d{4})(?![\w-]|\.\d)",
    re.ASCII,
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.ASCII)
_KEY = re.compile(
    r"""-----BEGIN[ ](?:[A-Z]+[ ])*PRIVATE[ ]KEY(?:[ ]BLOCK)?-----.*?(?:-----END[ ][A-Z ]*-----|\Z)
    | \b(?:
        (?:AKIA|ASIA)[A-Z0-9]{16}                                   # AWS
        | sk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,}                         # OpenAI, Anthropic and others
        | (?:sk|rk)_live_[A-Za-z0-9]{16,}                           # Stripe
        | gh[pousr]_[A-Za-z0-9]{36,} | github_pat_[A-Za-z0-9_]{40,} | glpat-[A-Za-z0-9_-]{20,}
        | xox[abeprs]-[A-Za-z0-9-]{10,}                             # Slack
        | AIza[A-Za-z0-9_-]{35}                                     # Google
        | hf_[A-Za-z]{30,} | npm_[A-Za-z0-9]{36} | pypi-[A-Za-z0-9_-]{50,} | SG\.[\w-]{22}\.[\w-]{43}
        | eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}  # JWT
    )(?![A-Za-z0-9_])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_RESERVED = re.compile(r"[@.]example(?:\.[a-z]{2,3}){1,2}$|\.(?:example|test|invalid|localhost)$")
_NOBODY = ("noreply@", "no-reply@", "git@")
_BRANDS = (
    (re.compile(r"4"), 16),
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), 16),  # Mastercard
    (re.compile(r"3[47]"), 15),  # American Express
    (re.compile(r"6011|64[4-9]|65|62"), 16),  # Discover, UnionPay
    (re.compile(r"30[0-5]|36|38"), 14),  # Diners Club
    (re.compile(r"35"), 16),  # JCB
)
_TEST_CARDS = {
    "4111111111111111", "4242424242424242", "4012888888881881", "5555555555554444", "5105105105105100",
    "378282246310005", "371449635398431", "6011111111111117", "6011000990139424", "30569309025904", "3530111333300000",
}  # fmt: skip
_WRITTEN_OUT = 9  # digits after the country code
_SHARED = {PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN}


def redact(text: str) -> tuple[str, Counter[str]]:
    """The text with a placeholder such as <EMAIL> for each piece of personal data, and how many of each kind it had.

    The kinds are `key`, `email`, `iban`, `card` and `phone`. Redacting twice changes nothing.
    """
    counts: Counter[str] = Counter()
    for kind, (may_hold, pattern, is_real) in _KINDS.items():
        if not may_hold(text):
            continue

        def replace(match: re.Match[str], kind: str = kind, is_real: Callable[[str], bool] = is_real) -> str:
            if not is_real(match.group()):
                return match.group()
            counts[kind] += 1
            return f"<{kind.upper()}>"

        text = pattern.sub(replace, text)
    return text, counts


def _is_key(key: str) -> bool:
    return "EXAMPLE" not in key and len(set(key)) > 8 and (key.startswith("-----") or any(map(str.isdigit, key)))


def _is_mailbox(address: str) -> bool:
    address = address.lower()
    return not (_RESERVED.search(address) or address.startswith(_NOBODY))


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    issued = any(len(digits) == length and brand.match(digits) for brand, length in _BRANDS)
    return issued and digits not in _TEST_CARDS and len(set(digits)) > 3 and luhn.is_valid(digits)


@lru_cache(maxsize=4096)
def _is_phone(text: str) -> bool:
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return False
    national = str(number.national_number)
    # With a country code, a number of the right length counts that no plan has assigned (yet).
    written_out = text.startswith("+") and len(national) >= _WRITTEN_OUT and phonenumbers.is_possible_number(number)
    if not (written_out or phonenumbers.is_valid_number(number)) or phonenumbers.number_type(number) in _SHARED:
        return False
    return not (number.country_code == 1 and national[3:6] == "555") and len(set(national)) > 2


_PREFIXES = (
    "-----BEGIN",
    "AKIA",
    "ASIA",
    "sk-",
    "k_live_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "AIza",
    "hf_",
    "npm_",
    "pypi-",
    "SG.",
    "eyJ",
)
# For each kind what to look for before the pattern is tried, the pattern, and the check of what it finds.
_KINDS: dict[str, tuple[Callable[[str], object], re.Pattern[str], Callable[[str], bool]]] = {
    "key": (lambda text: any(prefix in text for prefix in _PREFIXES), _KEY, _is_key),
    "email": (lambda text: "@" in text, _EMAIL, _is_mailbox),
    "iban": (re.compile(r"[A-Z]{2}\d\d").search, _IBAN, iban.is_valid),
    "card": (re.compile(r"\d{4}[ -]?\d{4}").search, _CARD, _is_card),
    "phone": (re.compile(r"\d[-. )]?\d{3}").search, _PHONE, _is_phone),
}
