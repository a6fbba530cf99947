"""What is right next to a number: its own label, a calculation, other numbers of a list."""

import re
from collections.abc import Iterator
from itertools import pairwise

from metrics_api.pii_scanner.document import Document

_IDENTIFIER = (
    r"(?:ids?|identifier|orders?|invoice|receipt|tickets?|case|ref|reference|tracking|accounts?|acct|routing|"
    r"licen[sc]e|passport|policy|member|membership|sku|isbn|issn|ean|upc|gtin|barcode|serial|uuid|guid|hash|sha|"
    r"checksum|token|session|transaction|txn|iban|bic|vat|imei|mac|vin|timestamp|epoch|version|build|revision|commit|"
    r"doi|pmid|model|batch|bestellung|bestellnummer|commande|pedido|rechnung|facture|factura)"
)
_LABEL_BEFORE = re.compile(
    rf"(?<![^\W\d_]){_IDENTIFIER}(?:[ _-]?(?:numbers?|num|no|nr|id|code))?\.?(?: (?:is|was|ist|est|es))?"
    r"[ :=#.\-]{0,4}$"
)
_CALCULATED_AFTER = re.compile(
    r"\s{0,2}(?:=\s{0,2}(?:[-(]?\s?\d|\?|_|[xyz]\b|$)|[+×÷*^<>≤≥]\s{0,2}\(?\d|x\s\d|"
    r"-\s(?!\(?\d{3}[\-. )])\(?\d|/\s\d|\?$|²|³|!)"
)
_CALCULATED_BEFORE = re.compile(
    r"(?:[\d)]\s{0,2}[+×÷*^=<>≤≥]|[×÷^√<>≤≥%]|(?<!\d{3}-\d{4}\s-)(?<=\d\s[-/x]))\s{0,2}\(?$|=\s?-$"
)
_CALLED_BEFORE = re.compile(r"\w\($")
_DIGIT_BEFORE = re.compile(r"\d(?:, ?| )$")
_DIGIT_AFTER = re.compile(r"(?:, ?| )\d")
_RUN = re.compile(r"[\d ,]{1,60}")
_RUN_BEFORE = re.compile(r"[\d ,]{0,60}$")
_SEVERAL_PHONES = re.compile(r"(?:1 )?\d{3} \d{3} \d{4}(?:,? (?:1 )?\d{3} \d{3} \d{4})+")
_ROUND_END = "00000"
_NUMBER = re.compile(r"\d+")


def _generate_series() -> Iterator[int]:
    before, fibonacci, factorial = 1, 1, 1
    for index in range(1, 91):
        before, fibonacci, factorial = fibonacci, before + fibonacci, factorial * index
        yield from (fibonacci, factorial, 2**index, 2**index - 1, 3**index, 5**index, 7**index)


_SERIES = frozenset(str(number) for number in _generate_series() if 10**6 < number < 10**19)
# Constants and series that are learned by heart, as far as they look like numbers of people.
_FAMOUS = (
    *("31415926535897932384", "27182818284590452353", "16180339887498948482", "14142135623730950488"),
    *("17320508075688772935", "123456789", "987654321", "2147483647", "2147483648", "4294967295", "4294967296"),
    *("299792458", "149597870", "602214076", "6022140857", "1618033988", "0123456789", "9223372036854775807"),
    *("1234567890", "9876543210", "12345678901", "0987654321", "1112131415", "2357111317", "1123581321", "12345678910"),
)


def is_labelled_identifier(document: Document, start: int) -> bool:
    """Whether the label directly before the number is that of an order, an account, a book or the like."""
    return _LABEL_BEFORE.search(document.lower, max(0, start - 40), start) is not None


def is_calculated(document: Document, start: int, end: int) -> bool:
    """Whether the number is an operand or the result of a calculation."""
    if _CALCULATED_AFTER.match(document.lower, end, end + 8):
        return True
    return _CALCULATED_BEFORE.search(document.lower, max(0, start - 8), start) is not None


def is_argument(document: Document, start: int) -> bool:
    """Whether the number is given to a function, as in `range(1000)`."""
    return _CALLED_BEFORE.search(document.lower, max(0, start - 2), start) is not None


def is_listed(document: Document, start: int, end: int) -> bool:
    """Whether blanks or commas alone part the number from others, unless all of them are phones."""
    before = _DIGIT_BEFORE.search(document.lower, max(0, start - 3), start)
    if before is None and _DIGIT_AFTER.match(document.lower, end, end + 3) is None:
        return False
    ahead = _RUN_BEFORE.search(document.lower, max(0, start - 60), start)
    behind = _RUN.match(document.lower, end)
    run = document.lower[ahead.start() if ahead else start : behind.end() if behind else end]
    return _SEVERAL_PHONES.fullmatch(run.strip(" ,")) is None


def read_run(document: Document, start: int, end: int) -> list[str]:
    """The numbers of the list, parted by blanks or commas alone, in which a place stands, as far as it is near."""
    ahead = _RUN_BEFORE.search(document.lower, max(0, start - 60), start)
    behind = _RUN.match(document.lower, end)
    return _NUMBER.findall(document.lower[ahead.start() if ahead else start : behind.end() if behind else end])


def is_round_or_binary(digits: str) -> bool:
    """Whether digits cannot be a phone, even if words suggest one."""
    return set(digits) <= {"0", "1"} or len(set(digits)) == 1 or digits.endswith(_ROUND_END)


def is_well_known(digits: str) -> bool:
    """Whether digits are round, binary, one digit again and again, or a constant."""
    if digits in _SERIES or is_round_or_binary(digits):
        return True
    return any(constant.startswith(digits) for constant in _FAMOUS)


def is_counting(written: str) -> bool:
    """Recognize 01 02 03 04 05 and 07 14 21: numbers that go on in steps of one size."""
    numbers = [int(number) for number in _NUMBER.findall(written)]
    return len(numbers) > 2 and len({after - before for before, after in pairwise(numbers)}) == 1


def is_sequence(written: str) -> bool:
    """Recognize 03 06 09 12 and 81 64 49 36 25."""
    return is_progression([int(number) for number in _NUMBER.findall(written)])


def is_progression(numbers: list[int]) -> bool:
    """Whether three or more numbers go on in steps of one size, or five or more rise or fall all the way."""
    steps = [after - before for before, after in pairwise(numbers)]
    if len(steps) > 1 and len(set(steps)) == 1:
        return True
    return len(steps) > 3 and (min(steps) > 0 or max(steps) < 0)
