"""Street addresses in Japanese, Chinese, Korean, Hebrew and Arabic writing."""

import re

from metrics_api.pii_scanner.document import HAS_OTHER_SCRIPT, Document, Span
from metrics_api.pii_scanner.rules import Rule

_JAPANESE_AHEAD = re.compile(r"[^\s\d、。,:]{2,30}$")
_JAPANESE_PLACE = re.compile(r"[都道府県市区町村郡]")
_CHINESE_AHEAD = re.compile(r"[^\s、。,:,]{0,30}$")
_KOREAN_AHEAD = re.compile(r"(?:[가-힣]{1,8}[시도구군동읍면] ){1,4}[가-힣\d]{1,10}$")


def _locate_japanese(document: Document, match: re.Match[str]) -> Span | None:
    """Take the block number with the ward or town before it."""
    ahead = _JAPANESE_AHEAD.search(document.text, max(0, match.start() - 30), match.start())
    if ahead is None or not _JAPANESE_PLACE.search(ahead[0]):
        return None
    return ahead.start(), match.end()


def _locate_chinese(document: Document, match: re.Match[str]) -> Span | None:
    ahead = _CHINESE_AHEAD.search(document.text, max(0, match.start() - 30), match.start())
    return (ahead.start() if ahead else match.start()), match.end()


def _locate_korean(document: Document, match: re.Match[str]) -> Span | None:
    ahead = _KOREAN_AHEAD.search(document.text, max(0, match.start() - 50), match.start())
    return None if ahead is None else (ahead.start(), match.end())


RULES = (
    Rule(
        "address_japanese",
        re.compile(r"\d{1,4}(?:(?:丁目|番地?|号|-)\d{1,4}){1,3}(?:号|番地?)?|\d{1,3}丁目"),
        _locate_japanese,
        needs=HAS_OTHER_SCRIPT,
    ),
    Rule("address_japanese_post_code", re.compile(r"〒\s?\d{3}-?\d{4}"), needs=HAS_OTHER_SCRIPT),
    Rule(
        "address_chinese",
        re.compile(r"[路街道巷弄][^\s、。,路街道巷弄]{0,3}?(?:\d{1,4}[号弄]?|[a-z]座)"),
        _locate_chinese,
        needs=HAS_OTHER_SCRIPT,
    ),
    Rule(
        "address_korean",
        re.compile(r"[로길가] ?\d{1,4}(?:-\d{1,3})?"),
        _locate_korean,
        needs=HAS_OTHER_SCRIPT,
    ),
    Rule(
        "address_hebrew_or_arabic",
        re.compile(r"(?:רחוב|רח['׳]|שדרות|שד['׳]|شارع)\s[^\d\n,]{2,30}\s\d{1,4}"),
        needs=HAS_OTHER_SCRIPT,
    ),
)
