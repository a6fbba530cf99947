"""Ways of writing personal information, a group for each kind that was once missed: all of a group are found."""

from typing import Any

import pytest

from tests.support.us_scanner import scan_data, scan_text

FOUND: dict[str, tuple[str, list[str]]] = {
    "a word nearby hides no card": (
        "credit_card",
        [
            *("order: payment via 4111111111111111", "level 9 done, use 4539 5787 6362 1486", "score 5555555555554444"),
            *("points: 378282246310005", "the price is on 6011 1111 1111 1117", "total paid with 4012888888881881"),
            *("my xp card-less 5105105105105100", "version two of mum's 4222222222222", "coins for 3566002020360505"),
            *("session paid 4111-1111-1111-1111", "item bought, 30569309025904", "steps then 4111.1111.1111.1111"),
        ],
    ),
    "a word nearby hides no phone": (
        "phone",
        [
            *("my score 415-555-2671", "level 5 (415) 555-2671", "points 212.555.0187", "order pizza at 415-555-2671"),
            *("price? 646-555-0170", "total fun 917-555-0133", "my account friend 415-555-2671", "xp +44 20 7946 0958"),
            *("coins: +1 415 555 2671", "my answer: 415-555-2671", "session at 415/555/2671", "code word 415-555-2671"),
            *("highscore (212) 555-0144 beat it", "version of me 415-555-2671"),
        ],
    ),
    "a Maestro card": (
        "credit_card",
        [
            *("6759649826438453", "6304000000000000", "5018 0000 0000 0009", "6799990100000000019", "5641821111166669"),
            *("6762 0000 0000 0005", "pay 5893000000000009", "6763 9999 9999 9995 ok", "5038000000000005"),
            *("maestro 501800000009", "5020 0000 0000 0005", "6771798021000008", "my maestro is 6759 6498 2643 8453"),
        ],
    ),
    "a card beside other digits": (
        "credit_card",
        [
            *(
                "0142 4111 1111 1111 1111",
                "4111 1111 1111 1111 0929",
                "12/29 4111 1111 1111 1111 123",
                "9 4111111111111111 1",
            ),
            *("Exp 2028 5555 5555 5555 4444 321", "5555 5555 5555 4444 12 29", "4111-1111-1111-1111-123"),
            *("4111 1111 1111 1111 5555 5555 5555 4444", "123 4111 1111 1111 1111", "01 02 4539 5787 6362 1486 03"),
            *(
                "cvc 737 378282246310005",
                "2027 3782 822463 10005",
                "4111111111111111/4111111111111111",
                "1 4012 8888 8888 1881",
            ),
        ],
    ),
    "other separators of a phone": (
        "phone",
        [
            *("415·555·2671", "my cell is 415|555|2671", "call me: 415~555~2671", "415•555•2671", "415\t555\t2671"),
            *("text me 415*555*2671", "+1|415|555|2671", "+44•20•7946•0958", "+49~30~901820", "phone 415_555_2671"),
            *("415/555/2671", "tel 020/7946/0958", "my phone is 415‧555‧2671", "+1\t415\t555\t2671", "415・555・2671"),
            *("my number is 415:555:2671", "reach me at 415 | 555 | 2671", "+33·6·98·76·54·32"),
        ],
    ),
    "two phones in one": (
        "phone",
        [
            *(
                "415-555-2671-72",
                "415-555-2671/72",
                "415-555-2671/2672",
                "415-555-2671/415-555-2672",
                "415.555.2671/73",
            ),
            *("(415) 555-2671/(415) 555-2672", "415-555-2671,415-555-2672", "415-555-2671;415-555-2672"),
            *(
                "415 555 2671 415 555 2672",
                "415-555-2671|415-555-2672",
                "415-555-2671 or 2672",
                "415-555-2671 - 415-555-2672",
            ),
        ],
    ),
    "a label glued to a phone": (
        "phone",
        [
            *(
                "tel:4155552671",
                "phone4155552671",
                "cell#4155552671",
                "mobile:4155552671",
                "Tel.4155552671",
                "ph:4155552671",
            ),
            *("phone=4155552671", "whatsapp4155552671", "text#4155552671", "number4155552671", "4155552671x204"),
            *(
                "phone-415-555-2671",
                "myphone4155552671",
                "tel415-555-2671",
                "电话13912345678",
                "我的手机号是13912345678",
            ),
            *("call4155552671", "cell_4155552671", "fax:415.555.2671", "homephone:4155552671", "Phone:(415)555-2671"),
        ],
    ),
    "an SSN written otherwise": (
        "ssn",
        [
            *("536ー22ー8726", "SSN536-22-8726", "ssn:536228726", "SSN#536-22-8726", "536/22/8726", "536.22.8726"),
            *(
                "536~22~8726",
                "536|22|8726",
                "ssn536228726",
                "social:536-22-8726",
                "536_22_8726",
                "536—22—8726",
                "536－22－8726",
            ),
            *("SSN=536-22-8726", "ssn no.536-22-8726", "my ssn is 536*22*8726"),
        ],
    ),
    "letter-like symbols": (
        "email",
        [
            *(
                "ⓙⓞⓗⓝ@example.com",
                "𝓳𝓸𝓱𝓷@𝓮𝔁𝓪𝓶𝓹𝓵𝓮.𝓬𝓸𝓶",
                "ʲᵒʰⁿ@example.com",
                "ｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ",
                "🅙🅞🅗🅝@example.com",
            ),
            *("🄹🄾🄷🄽@example.com", "🅹🅾🅷🅽@example.com", "𝕛𝕠𝕙𝕟@𝕖𝕩𝕒𝕞𝕡𝕝𝕖.𝕔𝕠𝕞", "𝚓𝚘𝚑𝚗@𝚎𝚡𝚊𝚖𝚙𝚕𝚎.𝚌𝚘𝚖", "ℯmma@ℯxampleℯ.com"),
            *("ﬁona@example.com", "john@example.ℂom", "john﹫example.com"),
        ],
    ),
    "raised, lowered and circled digits": (
        "phone",
        [
            *("⁴¹⁵-⁵⁵⁵-²⁶⁷¹", "₄₁₅-₅₅₅-₂₆₇₁", "⁺¹ ⁴¹⁵ ⁵⁵⁵ ²⁶⁷¹", "❹❶❺-❺❺❺-❷❻❼❶", "➃➀➄-➄➄➄-➁➅➆➀", "⓸⓵⓹-⓹⓹⓹-⓶⓺⓻⓵"),
            *("(⁴¹⁵) ⁵⁵⁵-²⁶⁷¹", "𝟦𝟣𝟧-𝟧𝟧𝟧-𝟤𝟨𝟩𝟣", "４１５-₅₅₅-²⁶⁷¹", "⁴¹⁵⁻⁵⁵⁵⁻²⁶⁷¹", "₄₁₅₋₅₅₅₋₂₆₇₁", "⁴¹⁵·⁵⁵⁵·²⁶⁷¹"),
        ],
    ),
    "an email written otherwise": (
        "email",
        [
            *(
                "john\\@example.com",
                "john@example\\.com",
                '"john smith"@example.com',
                "\u202emoc.elpmaxe@nhoj",
                "john&#64;example.com",
            ),
            *("john&#x40;example.com", "john&commat;example.com", "<john@example.com>", "mailto:john@example.com"),
            *(
                "john\\u0040example.com",
                "JOHN@EXAMPLE.COM",
                "hi \u202emoc.elpmaxe@nhoj\u202c bye",
                "john[@]example.com",
            ),
            *("o'brien@example.com", "john+tag@example.com", "email:john@example.com", "john@\u202dexample.com"),
        ],
    ),
}

IGNORABLE = (
    "\x01\x7f\x85\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u180f\u200b\u200f\u202a\u202d\u2060\u2064\u2065\u2069"
    "\u206f\u2800\u3164\ufe00\ufe0f\ufeff\uffa0\ufff0\ufff8\ufff9\U0001bca0\U0001bca3\U0001d173\U0001d17a\U000e0001\U000e0020"
    "\U000e0061\U000e007f\U000e0100\U000e01ef\U000e0fff"
)

CLEAN: dict[str, list[Any]] = {
    "a number after an everyday word": [
        *("The answer is 39916800", "we call 1000000000 a billion", "call it 5551234", "a cell has 37200000 atoms"),
        *("my answer was 1234567", "message number 7654321", "The text has 2345678 letters", "signal of 2400000000 Hz"),
        *({"answer": "479001600"}, {"answer": 6227020800}, {"student_answer": "1 000 000"}, {"solution": 2147483647}),
        *("desk number 1234567", "a phone with 2000000 pixels", "the message is 1110101", "In the text 10000000 stars"),
        *("They called it 1000000007", "reach 1000000 points", "the contact lens is 1234567 nm", "ring 9876543 times"),
    ],
    "a table or draw": [
        *(
            "04 08 12 16 20 24 28",
            "06 12 18 24 30",
            "Table of 9: 09 18 27 36 45 54",
            "02 04 06 08 10",
            "05 10 15 20 25",
        ),
        *(
            "Bingo: 07 12 33 48 61",
            "Lotto 03 11 24 35 42 49",
            "01 04 09 16 25 36",
            "08 16 24 32 40 48",
            "09 08 07 06 05",
        ),
        *("004 008 012 016 020", "007 014 021 028", "01-02-03-04-05", "03, 06, 09, 12, 15"),
    ],
    "a subtraction": [
        *(
            "Solve 700 - 250 - 1300",
            "845 - 233 - 1045",
            "What is 612 - 340 - 1200?",
            "900-450-1500 =",
            "415 - 212 - 3000 = ?",
        ),
        *("512 - 256 - 1024 = -768", "500 - 25 - 1000", "804 - 202 - 2000", "650-320-1100=", "= 415 - 300 - 2000"),
    ],
    "a binary number": [
        *(
            "What is 0110100101 in decimal?",
            "0100101101",
            "1010101010",
            "01001000 01101001",
            "0111 0001 1010",
            "110 010 1011",
        ),
        *("0101010101 + 1", "011 0100 0001", "101010101", "binary 010 110 1010", {"bits": "0110011001"}),
    ],
    "coordinates": [
        *(
            '<polyline points="214 305 4122 500 600 7000"/>',
            "M 415 555 2671 300 200",
            "212 305 4410 12 15",
            "10 20 300 400 5000 60",
        ),
        *(
            {"path": "M10 20 L 300 400 5000 600"},
            "415,212 3005,414 2020,500",
            "(212, 305), (415, 2671)",
            "1 2 212 305 4410",
        ),
        *(
            {"points": [[415, 555], [212, 305]]},
            "viewBox 0 0 415 555 2671 10",
            "40.712776, -74.005974",
            "51 30 26 0 7 39",
        ),
    ],
    "a famous number": [
        *(
            "2147483648 is 2^31",
            "the limit is 4294967295",
            "c = 299792458 m/s",
            "123456789 x 9 + 10",
            "3141592653",
            "pi is 3.1415926535",
        ),
        *(
            "The Sun is 149597870 km away",
            "2718281828",
            "536870912 = 2^29",
            "12! = 479001600",
            "F(43) = 433494437",
            "1618033988",
        ),
        *("987654321 - 123456789", "6022140857", "range(1000000007)", "111111111 x 111111111 = 12345678987654321"),
    ],
    "a birthday of no child": [
        *(
            "Shakespeare was born on 26 April 1564",
            "Einstein's birthday is March 14",
            "Leonardo was born April 15, 1452",
        ),
        *(
            "My dog was born on May 3",
            "our puppy's birthday is 10/12",
            "The robot has a birthday on 4/5",
            "my pet turtle was born 5/6/2020",
        ),
        *(
            "Galileo was born on 15 February 1564",
            "Rosa Parks was born February 4, 1913",
            "Our country was born July 4, 1776",
        ),
        *("Anne Frank was born on 12 June 1929", "the kitten was born on June 5th", "Minecraft's birthday is May 17"),
    ],
    "a street without a house": [
        *(
            "Page 12 Oak Street story",
            "We watched 10 Cloverfield Lane",
            "a 6 Lane Highway",
            "Level 3 Desert Road",
            "World 8 Star Road",
        ),
        *("I read 2 pages of Mango Street", "Park Avenue costs 350", "Chapter 4 Privet Drive", "Stage 12 Lava Lane"),
        *(
            "Pacific Avenue rents 26",
            "Track 5 Abbey Road",
            "season 2 Sesame Street",
            "I walked 3 blocks of Main Street",
        ),
        *("4 lanes road ahead", "Atlantic Avenue is 260"),
    ],
    "hexadecimal": [
        *(
            "bytes 48 65 6c 6c 6f 20 77",
            "de ad be ef 00 11 22 33",
            "c0 ff ee 12 34 56",
            "30 eb bd c2 1e 48 av 12",
            "0x1F 0x2C 0x33",
        ),
        *("#415555 #267100", "48 bd c2 1e 12", "ff 00 12 34 56 78 9a", "a1 b2 c3 d4 e5 f6", "00 01 02 03 04 05 06 07"),
    ],
}


@pytest.mark.parametrize("group", FOUND)
def test_every_form_of_a_group_is_found(group: str) -> None:
    pii_type, texts = FOUND[group]
    assert [text for text in texts if pii_type not in {found.type for found in scan_text(text)}] == []


@pytest.mark.parametrize("group", FOUND)
def test_the_same_forms_are_found_in_keys_and_masked_in_paths(group: str) -> None:
    pii_type, texts = FOUND[group]
    for text in texts:
        found = scan_data({"a": {text: {"email": "bob@example.com"}}})
        assert pii_type in {each.type for each in found}, text
        assert not any(text in (each.path or "") for each in found), text


@pytest.mark.parametrize("group", CLEAN)
def test_schoolwork_of_a_group_stays_clean(group: str) -> None:
    flagged = [(case, scan_data(case)) for case in CLEAN[group]]
    assert [case for case, found in flagged if found] == []


@pytest.mark.parametrize("ignorable", IGNORABLE, ids=[f"U+{ord(character):04X}" for character in IGNORABLE])
def test_a_code_point_without_looks_hides_nothing(ignorable: str) -> None:
    for pii_type, value in (("email", "john@example.com"), ("phone", "415-555-2671"), ("ssn", "536-22-8726")):
        disguised = ignorable.join(value)
        text = f"a {disguised} b"
        (found,) = scan_text(text)
        assert (found.type, text[found.start : found.end].strip(ignorable)) == (pii_type, disguised)


def test_both_of_two_phones_are_found() -> None:
    text = "415-555-2671/415-555-2672"
    assert [text[found.start : found.end] for found in scan_text(text)] == ["415-555-2671", "415-555-2672"]


@pytest.mark.parametrize(
    "key", ["12 Oak Street, Springfield, IL 62704", "born on 04/17/2014", "john at example dot com"]
)
def test_whole_sentences_count_in_keys(key: str) -> None:
    (found,) = scan_data({"notes": {key: 1}})
    assert key not in str(found.path)


def test_offsets_count_code_points_of_the_given_text_where_one_becomes_several() -> None:
    text = "ﬁne ⒈ ⑽ ﬁona@example.com ok"
    (found,) = scan_text(text)
    assert text[found.start : found.end] == "ﬁona@example.com"


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("tracking number 4111111111111111", []),
        ("ISBN 4111111111111111", []),
        ("order #4111 1111 1111 1111", []),
        ("invoice no. 415-555-2671", []),
        ("order 7: call 415-555-2671", ["phone"]),
        ("the order was paid with 4111111111111111", ["credit_card"]),
    ],
)
def test_only_its_own_label_makes_a_number_something_else(text: str, types: list[str]) -> None:
    assert [found.type for found in scan_text(text)] == types
