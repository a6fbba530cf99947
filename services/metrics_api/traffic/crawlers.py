"""What a user agent says it is, by two public lists: `crawler-user-agents` has names and tags, `is-bot` yes or no."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from is_bot import Bots

from viral_contract.models.traffic import TrafficClass

PREVIEW_TAG, LIBRARY_TAG = "social-preview", "http-library"
_BOTS = Bots()
_REPLACED_ADDRESS = "[email]"
# An app's browser is a person's. Some apps have the name of their own crawler, or a word that bots use.
_BROWSER = re.compile(r"Mozilla/5\.0 \((?!compatible)[^)]*\) AppleWebKit/[\d.]+ \(KHTML, like Gecko\)")
_APPS = (
    *("Viber", "WhatsApp", "Tumblr", "Bluesky", "Goodreads", "Notion", "Mastodon", "Flipboard", "Daum", "DaumApps"),
    *("Pinterest", "Telegram(?:-Android)?", "Discord", "LinkedInApp", "Line", "Reddit", "NewsBreak", "AppleNews"),
    *("SmartNews", "GoogleClassroom", "QR ?Scanner", "Barcode ?Scanner"),
)
_IN_APP = re.compile(
    r"\[FB(?:AN|_IAB)[^\]]*\]?"
    r"|MetaIAB \w+"
    r"|(?:Instagram|Barcelona) [\d.]+(?: Android)?(?: \([^)]*\)?)?"
    r"|Snapchat/?[\d.]+(?: \([^)]*\)?)?"
    r"|(?:musical_ly|trill|TikTok|BytedanceWebview|Channel)[_/ ][\w.-]+"
    r"|Sonic Slack_SSB/[\d.]+"
    rf"|\[?\b(?:{'|'.join(_APPS)})\b\]?(?:/[\w.-]+)*",
    re.IGNORECASE,
)
_BARE_CLIENT = re.compile(
    r"(?:curl|wget|libcurl|python-requests|python-urllib3?|python-httpx|aiohttp|axios|node-fetch|undici|okhttp|got"
    r"|go-http-client|java|apache-httpclient|guzzlehttp|dart|ruby|php|perl|libwww-perl|httpie|postmanruntime|insomnia"
    r"|dalvik|cfnetwork|urlsession|reqwest|faraday|rest-client|typhoeus|powershell)(?:[/ ][\w.()+:-]*)*",
    re.IGNORECASE,
)


class Match(NamedTuple):
    """A class that is no person's, and the pattern that decided it."""

    traffic_class: TrafficClass
    reason: str


class _Pattern(NamedTuple):
    expression: re.Pattern[str]
    tags: frozenset[str]
    name: str


@cache
def _read_patterns() -> tuple[_Pattern, ...]:
    return tuple(
        _Pattern(re.compile(known["pattern"]), frozenset(known["tags"]), known["pattern"].replace("\\", "").lstrip("^"))
        for known in CRAWLER_USER_AGENTS_DATA
    )


def find_program(user_agent: str) -> Match | None:
    """What program the user agent names; None where it is a browser's, an app's or anything unknown.

    Every HTTP library is in the lists of crawlers, too, so that it is a bot only where it names another one besides.
    """
    named = _leave_out_app(user_agent)
    found = [pattern for pattern in _read_patterns() if pattern.expression.search(named)]
    return (
        _choose("preview", (known for known in found if PREVIEW_TAG in known.tags))
        or _choose("known_bot", (known for known in found if LIBRARY_TAG not in known.tags))
        or _choose("library", iter(found))
        or (Match("library", "HTTP client") if _BARE_CLIENT.fullmatch(named) else None)
        or _ask_is_bot(named)
    )


def names_crawler(user_agent: str) -> bool:
    """Whether it is a listed crawler's, with or without the address that most of them add."""
    return any(known.expression.search(user_agent) for known in _read_patterns() if LIBRARY_TAG not in known.tags)


def _leave_out_app(user_agent: str) -> str:
    """The user agent without the name of the app whose browser it is; another program's name in it stays."""
    return _IN_APP.sub("", user_agent).strip() if _BROWSER.match(user_agent) else user_agent


def _choose(traffic_class: TrafficClass, patterns: Iterator[_Pattern]) -> Match | None:
    known = next(patterns, None)
    if known is None:
        return None
    tag = {"preview": PREVIEW_TAG, "library": LIBRARY_TAG}.get(traffic_class) or min(known.tags)
    return Match(traffic_class, f"{known.name} ({tag})")


def _ask_is_bot(user_agent: str) -> Match | None:
    # For is-bot an address is a sign of a bot, and it has been replaced.
    asked = user_agent.replace(_REPLACED_ADDRESS, "contact@example.com")
    return Match("known_bot", f"{min(_BOTS.matches(asked))} (is-bot)") if _BOTS.is_bot(asked) else None
