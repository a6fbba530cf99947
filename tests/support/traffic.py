"""The class of a request by the two public lists alone, as an account that is independent of the product's."""

import re
from functools import cache

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from is_bot import Bots

_CRAWLERS = [(re.compile(known["pattern"]), known["tags"]) for known in CRAWLER_USER_AGENTS_DATA]
_BOTS = Bots()


@cache
def count_class(method: str, user_agent: str) -> str:
    """The first class of the contract that fits; for logs without browsers inside of apps."""
    tags = [tags for expression, tags in _CRAWLERS if expression.search(user_agent)]
    if method == "HEAD":
        return "prefetch"
    if user_agent in ("", "-"):
        return "unknown"
    if any("social-preview" in each for each in tags):
        return "preview"
    if any("http-library" not in each for each in tags):
        return "known_bot"
    if tags or user_agent.startswith(("Java/", "Ruby", "PHP/")):
        return "library"
    return "known_bot" if _BOTS.is_bot(user_agent) else "human"
