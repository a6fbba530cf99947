"""How much personal information is still found when somebody hides it on purpose.

The figures stand in docs/security-audit.md. Whoever closes a gap changes them here and there.
"""

import base64
import codecs

import pytest

from tests.support.us_scanner import find_violations, scan_text

DISGUISES: dict[str, tuple[int, list[tuple[str, str]]]] = {
    "none": (
        5,
        [
            ("email", "john.smith@gmail.com"),
            ("phone", "415-555-2671"),
            ("ssn", "536-22-8726"),
            ("credit_card", "4539 5787 6362 1486"),
            ("street_address", "742 Evergreen Terrace, Springfield, IL 62704"),
        ],
    ),
    "words": (
        7,
        [
            ("email", "john dot smith at gmail dot com"),
            ("email", "john.smith (at) gmail (dot) com"),
            ("email", "john.smith [at] gmail.com"),
            ("email", "john smith AT gmail DOT com"),
            ("email", "johnsmith at gmail"),
            ("phone", "four one five five five five two six seven one"),
            ("phone", "four-one-five, 555, two six seven one"),
            ("ssn", "five three six, two two, eight seven two six"),
        ],
    ),
    "characters without width": (
        9,
        [
            ("email", "john.smith\u200b@gmail.com"),
            ("email", "john.smith@gm\u200bail.com"),
            ("email", "john.smith@gmail\u2060.com"),
            ("phone", "415\u200b-555\u200b-2671"),
            ("phone", "41\u200d5-55\u200c5-2671"),
            ("phone", "4\u00ad15-555-26\u00ad71"),
            ("ssn", "536\u200b-22-8726"),
            ("credit_card", "4539 5787\u200b 6362 1486"),
            ("street_address", "742 Ever\u200bgreen Terr\u200bace, Springfield, IL 62704"),
        ],
    ),
    "look-alike characters": (
        9,
        [
            ("email", "john.smith＠gmail.com"),
            ("email", "j\u043ehn.smith@gm\u0430il.com"),
            ("email", "john.smith@gmail。com"),
            ("phone", "４１５－５５５－２６７１"),
            ("phone", "𝟒𝟏𝟓-𝟓𝟓𝟓-𝟐𝟔𝟕𝟏"),
            ("phone", "④①⑤-⑤⑤⑤-②⑥⑦①"),
            ("phone", "٤١٥-٥٥٥-٢٦٧١"),
            ("phone", "4️⃣1️⃣5️⃣-5️⃣5️⃣5️⃣-2️⃣6️⃣7️⃣1️⃣"),
            ("ssn", "536‒22‒8726"),
        ],
    ),
    "blanks and dots within": (
        3,
        [
            ("email", "john . smith @ gmail . com"),
            ("email", "j o h n @ g m a i l . c o m"),
            ("phone", "4 1 5 5 5 5 2 6 7 1"),
            ("phone", "4.1.5.5.5.5.2.6.7.1"),
            ("phone", "415 / 555 / 2671"),
            ("ssn", "5 3 6 2 2 8 7 2 6"),
        ],
    ),
    "letters for digits": (
        1,
        [
            ("email", "j0hn_sm1th@gmail.com"),
            ("phone", "4l5-555-267l"),
            ("phone", "41S-5S5-Z671"),
            ("phone", "4I5 555 267I"),
            ("phone", "fOur 1 five five55 2six71"),
        ],
    ),
    "encodings": (
        2,
        [
            ("email", "john.smith%40gmail.com"),
            ("email", "john.smith&#64;gmail.com"),
            ("email", base64.b64encode(b"john.smith@gmail.com").decode()),
            ("phone", "%34%31%35-555-2671"),
            ("phone", "0xF7B0F4F7"),
        ],
    ),
    "a cipher that keeps the form": (
        2,
        [("email", codecs.encode("john.smith@gmail.com", "rot13")), ("email", "moc.liamg@htims.nhoj")],
    ),
    "names elsewhere": (
        0,
        [
            ("email", "find me on insta: @johnsmith2012"),
            ("email", "discord johnny#4821"),
            ("email", "snap = jsmith_12"),
        ],
    ),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_what_a_disguise_hides_is_known(disguise: str) -> None:
    found, texts = DISGUISES[disguise]
    hits = [text for kind, text in texts if any(each.type == kind for each in scan_text(f"Write me: {text} ok"))]
    assert len(hits) == found, sorted({text for _, text in texts} - set(hits))


@pytest.mark.parametrize(
    "data",
    [
        {"first": "john.smith", "second": "gmail.com"},
        {"message": ["john.smith@", "gmail.com"]},
        {"first": "415-555", "second": "2671"},
        {"message": list("4155552671")},
    ],
)
def test_what_is_split_over_fields_passes(data: object) -> None:
    assert find_violations(data) == []
