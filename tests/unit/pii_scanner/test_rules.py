"""Every rule finds what it is for, and no rule takes anything else for it. « » mark what must be found."""

import re

import pytest

from metrics_api.pii_scanner.scanner import RULES
from tests.support.us_scanner import scan_text

EXAMPLES = [
    ("email_address", "write to «sophie.k+games@gmail.com»!"),
    ("email_spaced", "«mia @ gmail . com» add me"),
    ("email_spelled_letters", "its «m i a @ g m a i l . c o m» ok"),
    ("email_at_sign_spoken_dot", "«mia@gmail dot com»"),
    ("email_quoted", 'write «"mia jo"@example.com»'),
    ("email_url_encoded", "https://x.example/?to=«mia%40example.com»"),
    ("email_bracketed_at", "«john [at] example (dot) com»"),
    ("email_spoken", "it is «john at example dot com»"),
    ("email_at_provider", "my email is «skater at gmail»"),
    ("card_bare", "pay with «6011111111111117»"),
    ("card_grouped", "«4111 1111 1111 1111»"),
    ("card_grouped_by_four", "«4111-1111 1111.1111»"),
    ("card_glued_label", "visa«4111111111111111»"),
    ("card_digit_by_digit", "«4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1»"),
    ("card_spelled", "«four one one one one one one one one one one one one one one one»"),
    ("ssn_dashed", "on file: «219-09-9999»"),
    ("ssn_grouped", "on file: «219 09 9999»"),
    ("ssn_bare", "on file: «219099999»"),
    ("ssn_named_by_words", "her social is «21909-9999»"),
    ("ssn_glued_label", "SSN«219-09-9999»"),
    ("ssn_spelled", "my social is «two one nine zero nine nine nine eight seven»"),
    ("ipv4", "kicked from «198.51.100.7»."),
    ("ipv4_disguised", "join «203[.]0[.]113[.]9»"),
    ("ipv4_spoken", "«203 dot 0 dot 113 dot 80»"),
    ("ipv6", "ping «2001:db8:85a3::8a2e:370:7334»"),
    ("date_after_birth_word", "she was born on «04/17/2014»"),
    ("date_before_birth_word", "«9 October» is my birthday"),
    ("phone_international", "«+33 6 98 76 54 32»"),
    ("phone_international_prefix", "«0049 170 1234567»"),
    ("phone_glued_label", "https://wa.me/«447911123456»"),
    ("phone_north_american", "«(415) 555-0132»"),
    ("phone_trunk_zero", "«07911 123456»"),
    ("phone_area_code", "«(11) 91234-5678»"),
    ("phone_national_groups", "«138 1234 5678»"),
    ("phone_named_by_words", "send a text to «501 234 567»"),
    ("phone_bare", "it was «5551234567»"),
    ("phone_bare_trunk_zero", "it was «07911123456»"),
    ("phone_spelled", "«five five five - 123 - 4567»"),
    ("address_number_first", "«742 Evergreen Terrace, Springfield»"),
    ("address_numbered_road", "«12840 County Road 38»"),
    ("address_street_type_first", "«12 rue de la Paix, 75002 Paris»"),
    ("address_one_word_street", "«Goethestraße 12, 60313 Frankfurt»"),
    ("address_street_type_between", "«Kossuth Lajos utca 8.»"),
    ("address_before_post_code", "«Tylova 285, 182 46 Praha»"),
    ("address_post_box", "«P.O. Box 1187, Boulder, CO 80306»"),
    ("address_military", "«PSC 1234, Box 5678\nAPO AE 09499»"),
    ("address_before_unit", "«971 Kesk 53\n Suite 343»"),
    ("address_corner", "«the corner of Fifth and Main»"),
    ("address_named_by_words", "she lives at «42 Oakwood»"),
    ("address_japanese", "«東京都渋谷区神南1-19-11»です"),
    ("address_japanese_post_code", "«〒150-0001»"),
    ("address_chinese", "«北京市朝阳区建国路93号»"),
    ("address_korean", "«서울특별시 강남구 테헤란로 152»"),
    ("address_hebrew_or_arabic", "אני גר ב«רחוב הרצל 12»"),
    ("school_name", "the «Lincoln Elementary School» choir"),
    ("school_attended", "he goes to «Oakwood Middle» now"),
    ("school_saint", "she attends «St. Mary»"),
    ("school_numbered", "in «P.S. 118» today"),
    ("school_label", "School: «Lincoln»"),
    ("school_foreign", "à l'«École Jules Ferry»"),
    ("name_my_name_is", "My name is «Ana Cruz» and"),
    ("name_my_name_is_lower", "my name is «tyler» and im 9"),
    ("name_i_am", "I'm «Olivia Park» from the red group"),
    ("name_this_is", "this is my daughter «Ava» with her medal"),
    ("name_relative", "our son «Liam» finished the book"),
    ("name_called", "they call me «Max» at home"),
    ("name_corrected", "please change my name to «Ana Cruz»"),
    ("name_label", "Name: «Ana Cruz»"),
    ("name_asked", "What's your name? «Ana»"),
    ("name_with_school", "«Emma» attends Lincoln Elementary School"),
]

# Nothing is to be found in these. What tempts a rule stands first.
CLEAN = [
    ("an English sentence", "meet me at noon dot"),
    ("spelled digits, too few", "I scored five five five"),
    ("counting", "one two three four five six seven eight nine ten ready or not"),
    ("counting down", "ten nine eight seven six five four three two one zero blast off"),
    ("counting again and again", "one two three four one two three four one two three four"),
    ("a look at a site", "look at example dot com for the rules"),
    ("a site without a person", "visit us at example.com"),
    ("a picture name", "icon@2x.png"),
    ("a package version", "lodash@4.17.21"),
    ("a repository", "git@github.com:someone/project.git"),
    ("a handle", "@emma posted"),
    ("an order number", "order 4829103847 has shipped"),
    ("an order number of nine digits", "Your order number is 482910384"),
    ("an order with groups", "Order #114-3941689-8772232"),
    ("a score", "score: 5551234567"),
    ("a big score", "My high score is 1,234,567,890"),
    ("a UUID", "550e8400-e29b-41d4-a716-446655440000"),
    ("a UUID of digits", "12345678-1234-1234-1234-123456789012"),
    ("a timestamp", "1718000000 or 1718000000123"),
    ("a time", "2024-05-17T14:23:11.482Z, then 12:30:45"),
    ("a version", "version 1.2.3.4 and Chrome/120.0.6099.129"),
    ("a number that no octet holds", "10.0.19041.1"),
    ("code", "std::vector and a::b"),
    ("a MAC address", "00:1A:2B:3C:4D:5E"),
    ("an SSN with area 000", "000-12-3456"),
    ("an SSN with area 666", "666-12-3456"),
    ("an SSN with area 9xx", "987-65-4321"),
    ("an SSN with group 00", "123-00-4567"),
    ("an SSN with serial 0000", "123-45-0000"),
    ("nine digits in a longer token", "A123456789 and 123456789-B7"),
    ("a wrong check digit", "4111 1111 1111 1112"),
    ("an EAN", "4006381333931"),
    ("an ISBN", "978-3-16-148410-0"),
    ("coordinates", "40.7127753, -74.0059728"),
    ("a year range", "pages 100-2000 over 2019-2020"),
    ("a plain date", "The match is on 12/05/2024 at 18:00"),
    ("a birth without a date", "My birthday is on the weekend"),
    ("a distance", "It takes 5 minutes down the road"),
    ("a year before a street", "In 1977 Wall Street crashed"),
    ("a level", "meet me at level 45, bring 2 swords"),
    ("a level in a unit", "Grade 5 Unit 3 Lesson 12"),
    ("a corner of no streets", "around the corner of the room and the kitchen"),
    ("the back-to-school season", "Back to school sale starts Monday"),
    ("a console", "My PS 5 broke"),
    ("a postscript", "P.S. 3 of us are coming"),
    ("a nationality", "I'm American"),
    ("a mood", "I'm Happy"),
    ("this, not a person", "This is Sparta"),
    ("lottery numbers", "lottery numbers 05 12 23 34 45"),
]

DISGUISED = [
    ("phone", "my phone: «５５５−１２３−４５６７»"),
    ("phone", "call «555\u200b-123\u200b-45\u200b67» now"),
    ("phone", "hmu «5️⃣5️⃣5️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣»"),
    ("phone", "call «⑤⑤⑤①②③④⑤⑥⑦»"),
    ("phone", "call «𝟓𝟓𝟓-𝟏𝟐𝟑-𝟒𝟓𝟔𝟕»"),
    ("phone", "call «5\u03365\u03365\u0336-123-4567»"),
    ("phone", "رقم الهاتف «٠٥٠ ١٢٣ ٤٥٦٧»"),
    ("email", "«mia＠gmail．com»"),
    ("email", "«mi\u200ba@gm\u200bail.com»"),
    ("ssn", "ssn «219‑09‑9999»"),
    ("phone", "call «two oh two five five five oh one four seven»"),
    ("phone", "my number is «two twelve, five fifty five, oh one eighty seven»"),
    ("phone", "ring «oh seven double nine one one two three four five six»"),
    ("phone", "call «415 five five five 0 one 3 two»"),
    ("phone", "llámame al «seis uno dos tres cuatro cinco seis siete ocho»"),
]


def read_mark(marked: str) -> tuple[str, str]:
    """The text without marks, and what stood between them."""
    found = re.search("«(.*)»", marked, re.DOTALL)
    assert found
    return marked.replace("«", "").replace("»", ""), found[1]


@pytest.mark.parametrize(("rule", "marked"), EXAMPLES, ids=[rule for rule, _ in EXAMPLES])
def test_a_rule_finds_its_example_and_says_so(rule: str, marked: str) -> None:
    text, wanted = read_mark(marked)
    found = [(finding.rule, text[finding.start : finding.end]) for finding in scan_text(text)]
    assert (rule, wanted) in found


def test_every_rule_but_the_regional_one_has_an_example() -> None:
    named = [rule.name for rules in RULES.values() for rule in rules]
    assert sorted(named) == sorted([*(rule for rule, _ in EXAMPLES), "phone_regional"])


@pytest.mark.parametrize(("what", "text"), CLEAN, ids=[what for what, _ in CLEAN])
def test_a_clean_text_stays_clean(what: str, text: str) -> None:
    assert scan_text(text) == [], what


@pytest.mark.parametrize(("pii_type", "marked"), DISGUISED)
def test_a_disguise_is_seen_through_and_offsets_fit_the_given_text(pii_type: str, marked: str) -> None:
    text, wanted = read_mark(marked)
    assert [(found.type, text[found.start : found.end]) for found in scan_text(text)] == [(pii_type, wanted)]


@pytest.mark.parametrize(
    ("region", "text", "types"),
    [
        ("PL", "501 234 567", ["phone"]),
        ("US", "501 234 567", []),
        ("NO", "412 34 567", ["phone"]),
        ("US", "412 34 567", []),
        ("GB", "555-123-4567", ["phone"]),
        ("US", "+48 501 234 567", ["phone"]),
    ],
)
def test_a_number_without_prefix_is_judged_by_its_region(region: str, text: str, types: list[str]) -> None:
    assert [finding.type for finding in scan_text(text, phone_region=region)] == types


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("call me on 219099999", ["phone"]),
        ("my social is 219099999", ["ssn"]),
        ("ticket 219099999", []),
        ("call 93.92.16.85", ["phone"]),
        ("ping 93.92.16.85", ["ip_address"]),
        ("card 501864667909", ["credit_card"]),
        ("box 501864667909", []),
    ],
)
def test_words_around_a_number_say_what_it_is(text: str, types: list[str]) -> None:
    assert [finding.type for finding in scan_text(text)] == types


def test_an_address_ends_before_the_phone_that_follows_it() -> None:
    text = "12 Main Street\n+1 415 555 0132"
    assert [(finding.type, text[finding.start : finding.end]) for finding in scan_text(text)] == [
        ("street_address", "12 Main Street"),
        ("phone", "+1 415 555 0132"),
    ]
